import { createJobStore } from "#server/jobs/job-store.ts";
import { createJobRunner } from "#server/jobs/runner.ts";
import { createMemoryState } from "#server/journal/memory-state.test-kit.ts";
import type { Clock } from "#server/kernel/clock.ts";
import { silentLogger } from "#server/kernel/logger.ts";
import type { FoldView, Recorder } from "#server/live/ports.ts";
import { type CensusRequest, createCensusTaker } from "./census.ts";
import { createCensusKind } from "./census-job.ts";
import type { ActorType, Incarnation } from "./domain/identity.ts";
import type { CensusPageQuery, DnaStore } from "./ports.ts";

export const BY_ANN = (incarnationId: string | null): CensusRequest => ({
  incarnationId,
  requestedBy: "ann",
  requestId: null,
});

/** Pages of a register in which each type has this many keys, named by number, of the owner that a number has. */
export function registerOf(
  types: () => readonly (ActorType & { readonly keys: number })[],
  ownerOf: (index: number, type: ActorType) => Incarnation | null,
): Pick<DnaStore, "actorTypes" | "censusPage"> {
  return {
    actorTypes: async () => types().map(({ namespace, moduleId }) => ({ namespace, moduleId })),
    async censusPage({ type, after, limit }: CensusPageQuery) {
      const keys = types().find(
        ({ namespace, moduleId }) => namespace === type.namespace && moduleId === type.moduleId,
      )?.keys;
      const from = after === null ? 0 : Number(after) + 1;
      const rows = Math.max(0, Math.min(limit, (keys ?? 0) - from));
      const owned = Array.from({ length: rows }, (_, at) => ownerOf(from + at, type));
      return {
        rows,
        unreadable: 0,
        ownerless: owned.filter((owner) => owner === null).length,
        owners: owned.flatMap((owner) => (owner === null ? [] : [{ owner, keys: 1 }])),
        nextAfter: rows === limit ? String(from + rows - 1).padStart(6, "0") : null,
      };
    },
  };
}

/** A taker over a runner of its own; with the same `state` it goes on where another life of the console was. */
export function createTestCensus(deps: {
  readonly sourceId: string;
  readonly store: Pick<DnaStore, "actorTypes" | "censusPage">;
  readonly recorder: Recorder & FoldView;
  readonly clock: Clock;
  readonly rowsPerSecond?: number;
  readonly expectedRows?: number | null;
  readonly state?: ReturnType<typeof createMemoryState>;
}) {
  const { sourceId, recorder, clock } = deps;
  const state = deps.state ?? createMemoryState();
  const runner = createJobRunner({
    store: createJobStore(state),
    kinds: [createCensusKind({ storeOf: () => deps.store, recorder, view: recorder, clock })],
    recorder,
    view: recorder,
    clock,
    log: silentLogger,
  });
  let ids = 0;
  const census = createCensusTaker({
    source: { id: sourceId, fold: () => recorder.dna(sourceId) },
    jobs: runner,
    newId: () => {
      ids += 1;
      return `census-${ids}`;
    },
    rowsPerSecond: deps.rowsPerSecond ?? 50_000,
    expectedRows: async () => deps.expectedRows ?? null,
  });
  return { census, runner, state };
}
