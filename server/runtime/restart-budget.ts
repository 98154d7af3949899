/** When a part that keeps failing is started again, and when it is not any more. Pure. */
import type { MonotonicMs } from "#server/kernel/clock.ts";

/** A part that ran for so long without failing is well again: what it failed before is forgotten. */
export const STEADY_AFTER_MS = 5_000;
/** The first wait before a part is started again; it doubles with each failure in a row. */
const FIRST_WAIT_MS = 10;
const WAIT_MAX_MS = 80;

/** Failures in a rush park it: something is wrong that no new start mends. */
const RUSH = { failures: 50, withinMs: 5_000 } as const;
/** So do failures that come again and again, those of one second counted as one. */
const TRICKLE = { failures: 20, withinMs: 600_000, apartMs: 1_000 } as const;

export interface FailureRecord {
  /** When each of the last failures came, oldest first. */
  readonly recent: readonly MonotonicMs[];
  /** Of these, the ones that count for the longer span: at least a second apart. */
  readonly apart: readonly MonotonicMs[];
  /** Since it was last steady. */
  readonly inRow: number;
}

export const NO_FAILURES: FailureRecord = { recent: [], apart: [], inRow: 0 };

export function withFailure(record: FailureRecord, at: MonotonicMs): FailureRecord {
  const last = record.apart.at(-1);
  const counts = last === undefined || at - last >= TRICKLE.apartMs;
  return {
    recent: [...record.recent.filter((before) => at - before < RUSH.withinMs), at],
    apart: [...record.apart.filter((before) => at - before < TRICKLE.withinMs), ...(counts ? [at] : [])],
    inRow: record.inRow + 1,
  };
}

/** It has run well for a while: only the longer span remembers. */
export const whenSteady = (record: FailureRecord): FailureRecord => ({ ...record, recent: [], inRow: 0 });

/** Failures that speak for parking it. */
export const speaking = ({ recent, apart }: FailureRecord): number => Math.max(recent.length, apart.length);

/** Whether one of the two budgets is used up. */
export function isSpent({ recent, apart }: FailureRecord): boolean {
  return recent.length >= RUSH.failures || apart.length >= TRICKLE.failures;
}

/** How long to wait before the next start. */
export const waitMsAfter = ({ inRow }: FailureRecord): number =>
  Math.min(WAIT_MAX_MS, FIRST_WAIT_MS * 2 ** Math.min(8, Math.max(0, inRow - 1)));
