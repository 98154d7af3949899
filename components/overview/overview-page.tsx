"use client";
import { useAttention } from "#components/shell/attention-context.tsx";
import { Crumbs } from "#components/ui/crumbs.tsx";
import { dnaFolds, dynflowFolds, hafFolds, ingestFolds } from "#components/ui/folds.ts";
import { plural } from "#components/ui/format.ts";
import { useFold } from "#components/ui/live.ts";
import { useNotKnown } from "#components/ui/not-known.tsx";
import { onDemand } from "#components/ui/on-demand.tsx";
import { PageHead, Section } from "#components/ui/section.tsx";
import { WhenInView } from "#components/ui/when-in-view.tsx";
import type { LiveState } from "#server/contract/live.ts";
import { isAcknowledged } from "#server/contract/view/attention.ts";
import { Clusters } from "./clusters.tsx";
import { DemoScenarios } from "./demo-scenarios.tsx";
import { Needs } from "./needs.tsx";
import { PlansByState } from "./plans-by-state.tsx";
import { Sources } from "./sources.tsx";
import { ExecutorWorlds } from "./worlds.tsx";

// Below the fold, and waiting for the journal in any case.
const HafStacks = onDemand(() => import("./haf-stacks.tsx").then((module) => module.HafStacks));
const AgentsPanel = onDemand(() => import("./agents-panel.tsx").then((module) => module.AgentsPanel));
const WhatChanged = onDemand(() => import("./what-changed.tsx").then((module) => module.WhatChanged));

/** What needs a person first; then how everything stands; then what changed. */
export function OverviewPage() {
  const needs = useAttention();
  const totals = useFold(totalsOf);
  const unknown = useNotKnown("dna", "dynflow", "haf", "ingest").length;
  const [haf, ingest] = [useNotKnown("haf").length > 0, useNotKnown("ingest").length > 0];
  return (
    <div className="page">
      <Crumbs path={[{ text: "Overview" }]} />
      <PageHead
        title={titleOf(needs?.filter((need) => !isAcknowledged(need)).length, unknown)}
        sub={totals === undefined ? "Reading the first snapshot." : <Totals {...totals} unknown={unknown} />}
      />
      <div className="overview">
        <div className="stack">
          <Needs />
          <Clusters />
          {needs !== undefined && (
            <WhenInView wait={<Waiting title="What changed" />}>
              <WhatChanged />
            </WhenInView>
          )}
        </div>
        <div className="stack tight">
          <PlansByState />
          <Sources />
          <ExecutorWorlds />
          {(haf || totals?.haf != null) && (
            <WhenInView wait={<Waiting title="HAF stacks" />}>
              <HafStacks />
            </WhenInView>
          )}
          {(ingest || totals?.agents != null) && (
            <WhenInView wait={<Waiting title="Agents" />}>
              <AgentsPanel />
            </WhenInView>
          )}
          <DemoScenarios />
        </div>
      </div>
    </div>
  );
}

/** Holds the place of a part below the fold; nothing is being read yet. */
function Waiting({ title }: { readonly title: string }) {
  return (
    <Section title={title}>
      <div className="below-fold" />
    </Section>
  );
}

function titleOf(count: number | undefined, unknown: number): string {
  if (count === undefined) return "Overview";
  if (count === 0 && unknown > 0) return "Not everything is known of then";
  if (count === 0) return "Nothing needs a person";
  return `${plural(count, "thing needs", "things need")} a person`;
}

interface TotalsProps {
  /** `null` = nothing is known of any such source. */
  readonly dna: { readonly nodes: number } | null;
  readonly dynflow: { readonly executors: number; readonly running: number } | null;
  readonly haf: { readonly stacks: number } | null;
  readonly agents: { readonly count: number } | null;
  readonly sources: number;
  readonly notUp: readonly string[];
}

function totalsOf({ folds }: LiveState): TotalsProps {
  const dna = dnaFolds(folds);
  const dynflow = dynflowFolds(folds);
  const haf = hafFolds(folds);
  const ingest = ingestFolds(folds);
  const all = [...dna, ...dynflow, ...haf, ...ingest];
  return {
    haf: haf.length === 0 ? null : { stacks: haf.length },
    agents:
      ingest.length === 0
        ? null
        : { count: ingest.reduce((sum, { fold }) => sum + Object.keys(fold.agents).length, 0) },
    dna: dna.length === 0 ? null : { nodes: dna.reduce((sum, { fold }) => sum + Object.keys(fold.nodes).length, 0) },
    dynflow:
      dynflow.length === 0
        ? null
        : {
            executors: dynflow.flatMap(({ fold }) => Object.values(fold.worlds)).filter((world) => world.executor)
              .length,
            running: dynflow.flatMap(({ fold }) => Object.values(fold.plans)).filter((plan) => plan.state === "running")
              .length,
          },
    sources: all.length,
    notUp: all.filter(({ fold }) => fold.source.state !== "up").map(({ id }) => id),
  };
}

function Totals({ dna, dynflow, haf, agents, sources, notUp, unknown }: TotalsProps & { readonly unknown: number }) {
  const counted = [
    ...(dna === null ? [] : [plural(dna.nodes, "node")]),
    ...(dynflow === null
      ? []
      : [plural(dynflow.executors, "executor world"), `${plural(dynflow.running, "plan")} running`]),
    ...(haf === null ? [] : [plural(haf.stacks, "HAF stack")]),
    ...(agents === null ? [] : [plural(agents.count, "agent")]),
  ];
  return (
    <>
      {counted.length > 0 && `${counted.join(", ")}. `}
      <span className="t3">
        {unknown > 0 && `${plural(unknown, "source")} not known then. `}
        {sources === 0
          ? unknown > 0
            ? ""
            : "No source is configured."
          : notUp.length === 0
            ? "All sources are up."
            : `${plural(notUp.length, "source")} of ${sources} not up: ${notUp.join(", ")}.`}
      </span>
    </>
  );
}
