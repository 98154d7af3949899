import type { LogEvent } from "kysely";

/**
 * How much of the database's time our statements take, seen from our side: from sending one to its answer, less the way
 * there and back, which is what the fastest of the last few hundred took. That errs upwards: an allowance for each
 * statement stands for what the fastest itself cost, and what our own machine was late in reading counts in full.
 */
export interface StatementMeter {
  /** One statement has been answered, or was given up, after so long. */
  ended(durationMs: number): void;
  /** Of all statements until now. */
  spentMs(): number;
}

/** More than a statement by primary key takes on any server that is well. */
const ALLOWANCE_MS = 0.25;
/** The way there and back is that of at least so many, at most twice as many statements ago. */
const GENERATION = 256;

export function createStatementMeter(): StatementMeter {
  let spentMs = 0;
  let count = 0;
  let fastestMs = Number.POSITIVE_INFINITY;
  let fastestBeforeMs = Number.POSITIVE_INFINITY;

  return {
    ended(durationMs) {
      const wayMs = Math.min(fastestMs, fastestBeforeMs);
      spentMs += Number.isFinite(wayMs) ? Math.max(0, durationMs - wayMs) + ALLOWANCE_MS : durationMs;
      fastestMs = Math.min(fastestMs, durationMs);
      count += 1;
      if (count % GENERATION !== 0) return;
      fastestBeforeMs = fastestMs;
      fastestMs = Number.POSITIVE_INFINITY;
    },
    spentMs: () => spentMs,
  };
}

/** For kysely's `log`: meters every statement that runs through it, also one that failed. */
export const meteredBy =
  (meter: StatementMeter) =>
  (event: LogEvent): void =>
    meter.ended(event.queryDurationMillis);
