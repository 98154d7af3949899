import type { JobEnd, JobKind } from "#server/jobs/ports.ts";
import type { Clock } from "#server/kernel/clock.ts";
import type { Logger } from "#server/kernel/logger.ts";
import type { KeyChange } from "./failover-outcomes.ts";
import { readFailoverParams } from "./failover-params.ts";
import type { FailoverPace } from "./failover-readiness.ts";
import { type CountsChange, FailoverRun } from "./failover-run.ts";
import type { IncarnationWatch } from "./failover-watch.ts";
import type { DnaStore } from "./ports.ts";

/** 2 rounds a second of at most 50 keys, one in flight (every round is Paxos on the type's partition). */
export const FAILOVER_PACE: FailoverPace = { roundsPerSecond: 2, keysPerRound: 50, inFlightPerPartition: 1 };

/** The job that something happened in. */
export interface FailoverOf {
  readonly jobId: string;
  readonly sourceId: string;
  /** Whose keys they were. */
  readonly incarnationId: string;
}

/** A key that was the incarnation's until this job changed it. */
export type KeyChanged = FailoverOf & KeyChange;
export type CountsChanged = FailoverOf & CountsChange;

/**
 * Conditional release or claim of every key of one dead incarnation, or of one key of it. The owner is a
 * condition of every statement; unknown outcomes are re-read at LOCAL_SERIAL; a key that somebody else owns by now is
 * left alone.
 */
export function createFailoverKind(deps: {
  readonly sourceOf: (sourceId: string) => { readonly store: DnaStore; readonly watch: IncarnationWatch } | null;
  readonly clock: Clock;
  readonly pace: FailoverPace;
  readonly log: Logger;
  /** Told of each key that has changed hands, as soon as it is known. */
  readonly onKey?: (change: KeyChanged) => void;
  /** Told every few seconds how many have; durable when it resolves. */
  readonly onCounts?: (change: CountsChanged) => Promise<void>;
}): JobKind {
  const { clock, pace, log } = deps;
  return {
    kind: "dna.failover",
    async run(work): Promise<JobEnd> {
      const params = readFailoverParams(work.params);
      const { sourceId, incarnationId } = params;
      const source = deps.sourceOf(sourceId);
      if (source === null) return { state: "failed", note: `The source ${sourceId} is no longer configured` };
      const of = { jobId: work.id, sourceId, incarnationId };
      return new FailoverRun(work, params, {
        ...source,
        clock,
        pace,
        log,
        onKey: (change) => deps.onKey?.({ ...of, ...change }),
        onCounts: async (change) => deps.onCounts?.({ ...of, ...change }),
      }).run();
    },
  };
}
