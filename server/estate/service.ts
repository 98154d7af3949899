import { type Caller, visible, visibleStreams } from "#server/auth/caller.ts";
import { audienceOf } from "#server/auth/permissions.ts";
import type { Folds } from "#server/contract/fold/fold.ts";
import { maskFolds } from "#server/contract/mask.ts";
import type { MaskRules } from "#server/contract/mask-rules.ts";
import { attention } from "#server/contract/view/attention.ts";
import type { Patience } from "#server/contract/view/attention-patience.ts";
import { countClusters } from "#server/contract/view/clusters.ts";
import { visibleFolds } from "#server/contract/visibility.ts";
import type { WireOut, WireShape } from "#server/contract/wire/common.ts";
import type * as wire from "#server/contract/wire/estate.ts";
import { type Clock, toIso } from "#server/kernel/clock.ts";
import type { FoldView } from "#server/live/ports.ts";

type EstateOutput = WireShape<typeof wire.estateOutput>;

/** What is configured and never changes while the process lives. */
export type Estate = Pick<EstateOutput, "loadBalancer" | "regions" | "dna" | "dynflow" | "haf" | "ingest" | "links">;

/** The configured estate and the overview, each limited to the sources of the caller. */
export function createEstateService(deps: {
  readonly estate: Estate;
  readonly view: FoldView;
  readonly clock: Clock;
  /** What is hidden from operators too; the default patterns when left out. */
  readonly masks?: MaskRules;
  /** How long a plan may wait; the usual when left out. */
  readonly patience?: Patience;
}) {
  const { estate, view, clock, masks } = deps;

  const foldsFor = ({ principal }: Caller): Folds =>
    maskFolds(visibleFolds(visibleStreams(principal), view.folds()), audienceOf(principal), masks);

  return {
    async estate(caller: Caller): WireOut<typeof wire.estateOutput> {
      const folds = foldsFor(caller);
      return {
        ...observed(folds, clock),
        ...estate,
        dna: [...visible(caller, estate.dna)],
        dynflow: [...visible(caller, estate.dynflow)],
        haf: [...visible(caller, estate.haf)],
        ingest: estate.ingest === null ? null : (visible(caller, [estate.ingest])[0] ?? null),
        clusters: clustersOf(folds),
      };
    },

    async overview(caller: Caller): WireOut<typeof wire.overviewOutput> {
      const folds = foldsFor(caller);
      const samples = view.samples();
      const needs = attention(folds, clock.now(), deps.patience).map(
        ({ id, kind, severity, stream, target, title, detail, since }) => ({
          id,
          kind,
          severity,
          stream,
          target,
          title,
          detail,
          since: since === null ? null : toIso(since),
        }),
      );
      const sources = sourcesOf(folds).map(({ stream, source }) => ({
        stream,
        state: source.state,
        since: toIso(source.since),
        reason: source.reason,
        readMs: samples[stream]?.readMs ?? null,
      }));
      return { ...observed(folds, clock), needs, nodes: nodesByState(folds), plans: plansByState(folds), sources };
    },
  };
}

function sourcesOf(folds: Folds) {
  return Object.entries(folds).flatMap(([stream, fold]) =>
    fold.family === "operator" || fold.family === "console" ? [] : [{ stream, source: fold.source }],
  );
}

const idOf = (stream: string): string => stream.slice(stream.indexOf(":") + 1);

function observed(folds: Folds, clock: Clock) {
  const faults = sourcesOf(folds).flatMap(({ stream, source }) => {
    if (source.state === "up") return [];
    const message = source.reason ?? (source.state === "starting" ? "not read yet" : "down");
    return [{ source: idOf(stream), message, since: source.since === 0 ? null : toIso(source.since) }];
  });
  return { asOf: toIso(clock.now()), faults };
}

const add = (counts: Record<string, number>, key: string): void => {
  counts[key] = (counts[key] ?? 0) + 1;
};

function nodesByState(folds: Folds): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const fold of Object.values(folds)) {
    if (fold.family === "dna") for (const node of Object.values(fold.nodes)) add(counts, node.state);
  }
  return counts;
}

function plansByState(folds: Folds) {
  return Object.entries(folds).flatMap(([stream, fold]) => {
    if (fold.family !== "dynflow") return [];
    const byState: Record<string, number> = {};
    for (const plan of Object.values(fold.plans)) add(byState, plan.state);
    return [{ source: idOf(stream), byState }];
  });
}

const clustersOf = (folds: Folds): EstateOutput["clusters"] =>
  Object.entries(folds).flatMap(([stream, fold]) =>
    fold.family === "dna" ? countClusters(fold).map((count) => ({ source: idOf(stream), ...count })) : [],
  );
