"use client";
import { useMemo, useState } from "react";
import { DiagramFrame } from "#components/lifecycle/diagram-frame.tsx";
import { Button } from "#components/ui/button.tsx";
import { Crumbs } from "#components/ui/crumbs.tsx";
import { ingestFolds } from "#components/ui/folds.ts";
import { plural } from "#components/ui/format.ts";
import { useIsPast } from "#components/ui/instants.ts";
import { Link } from "#components/ui/link.tsx";
import { useFold } from "#components/ui/live.ts";
import { NotKnownStreams, OnlyNow } from "#components/ui/not-known.tsx";
import { onDemand } from "#components/ui/on-demand.tsx";
import { routes } from "#components/ui/routes.ts";
import { PageHead, Section } from "#components/ui/section.tsx";
import { useRefusal } from "#components/ui/session.ts";
import { Empty, Skeleton, Stale } from "#components/ui/widget.tsx";
import type { LiveState } from "#server/contract/live.ts";
import { DeadLetters } from "./dead-letters.tsx";
import { GatewayMatrix } from "./gateway-matrix.tsx";
import { pipelineDiagram, pipelineMarks } from "./pipeline-diagram.ts";
import { type PipelineView, pipelineView } from "./pipeline-view.ts";
import { ReceiversTable } from "./receivers-table.tsx";
import { WaysTable } from "./ways-table.tsx";

const ReloadDialog = onDemand(async () => (await import("./reload-dialog.tsx")).ReloadDialog);

function sourceOf({ folds, samples }: LiveState) {
  const [source] = ingestFolds(folds);
  if (source === undefined) return null;
  const sample = samples[source.stream];
  return { ...source, view: pipelineView(source.fold, sample?.ingest ?? null), asOf: sample?.asOf ?? null };
}

/** The way of what agents send: doors, types, receivers, with rates, queues and health. */
export function PipelinePage() {
  const source = useFold(sourceOf);
  return (
    <div className="page">
      <Crumbs path={[{ text: "Agents", href: routes.agents() }, { text: "Pipeline" }]} />
      {source === undefined ? (
        <>
          <PageHead title="Pipeline" sub="Reading the first snapshot." />
          <Skeleton rows={8} what="the pipeline" />
        </>
      ) : (
        <>
          <PageHead
            title={source?.view == null ? "Pipeline" : headline(source.view)}
            sub="From agents over doors and types to receivers, as the gateways tell it."
            actions={source === null ? undefined : <Reload source={source.id} />}
          />
          <NotKnownStreams families={["ingest"]} />
          {source === null || source.view === null ? (
            <Empty title="No gateway is running.">
              Give <code>ingest</code> in the configuration; <code>docs/operations.md</code> tells how, and how an agent
              is started.
            </Empty>
          ) : (
            <Stale stale={source.fold.source.state === "down"} asOf={source.fold.source.since}>
              <Body source={source.id} view={source.view} />
            </Stale>
          )}
        </>
      )}
    </div>
  );
}

function Reload({ source }: { readonly source: string }) {
  const [asking, setAsking] = useState(false);
  return (
    <>
      <Button refusal={useRefusal("agents:reload")} onPress={() => setAsking(true)}>
        Read the routes again…
      </Button>
      {asking && <ReloadDialog source={source} onClose={() => setAsking(false)} />}
    </>
  );
}

function headline({ receivers }: PipelineView): string {
  const bad = receivers.filter(({ state }) => state === "full" || state === "failing" || state === "lagging");
  const [only] = bad;
  if (only === undefined) return "Pipeline";
  return bad.length === 1 ? `Receiver ${only.id} is ${only.state}` : `${plural(bad.length, "receiver")} fall behind`;
}

function Body({ source, view }: { readonly source: string; readonly view: PipelineView }) {
  const past = useIsPast();
  // What is drawn depends on the configuration alone: rates and health are marks on it.
  const shape = JSON.stringify([
    view.doors.map(({ door }) => door),
    view.types.map(({ type }) => type),
    view.receivers.map(({ id, use }) => [id, use]),
    view.ways,
  ]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: the shape says all that the drawing takes from the view
  const diagram = useMemo(() => pipelineDiagram(view), [shape]);
  const marks = pipelineMarks(view);
  return (
    <div className="stack">
      <Section
        title="Flow"
        note="items a second, as of the last second"
        aside={<Link href={routes.agents()}>{plural(agentCount(view), "agent")}</Link>}
      >
        <DiagramFrame
          diagram={diagram}
          marks={marks}
          note="coloured = how a receiver fares; magenta = something passes"
          twin={<WaysTable view={view} />}
        />
        <OnlyNow>How much passed, and how long the queues were.</OnlyNow>
      </Section>
      <Section title="Receivers" note="each with its own queue: none holds up another">
        <ReceiversTable receivers={view.receivers} />
      </Section>
      <Section title="Gateways and receivers" note="each gateway has every receiver">
        <GatewayMatrix view={view} />
      </Section>
      {!past && (
        <Section title="Dead letters" note="what a receiver of this gateway refused to the end">
          <DeadLetters source={source} />
        </Section>
      )}
    </div>
  );
}

const agentCount = ({ agents }: PipelineView): number => Object.values(agents).reduce((sum, count) => sum + count, 0);
