/**
 * Numbers of rows that were not there when rows behind them were read. A sequence gives numbers out before the rows are
 * committed, so a row of a long transaction comes late; a number whose transaction was undone never comes.
 */
import type { Clock, MonotonicMs } from "#server/kernel/clock.ts";
import { type DecimalText, parseInt64 } from "#server/kernel/json.ts";

/** For so long a row may be late: longer than any iteration of an app takes. */
export const LATE_FOR_MS = 15 * 60_000;
/** Numbers that are waited for; of more the lowest are given up. */
const WAITED_MAX = 500;

export interface LateRows {
  /** Begins anew: with what was told before, in whatever order. */
  begin(ids: readonly DecimalText[]): void;
  /** Numbers below this one that may still come. */
  ids(below: DecimalText): readonly DecimalText[];
  /** These are there behind `after`; what is missing between them is waited for from now on. */
  follow(after: DecimalText, ids: readonly DecimalText[]): void;
  /** These have come. */
  came(ids: readonly DecimalText[]): void;
}

export function createLateRows(clock: Clock): LateRows {
  /** Rising in the order in which they were found missing. */
  const waited = new Map<bigint, MonotonicMs>();

  function missing(numbers: readonly bigint[]): void {
    const rising = numbers.toSorted((a, b) => (a < b ? -1 : a > b ? 1 : 0));
    for (const [index, to] of rising.entries()) {
      const from = rising[index - 1] ?? to;
      const first = to - from > BigInt(WAITED_MAX) ? to - BigInt(WAITED_MAX) : from + 1n;
      for (let id = first; id < to; id += 1n) if (!waited.has(id)) waited.set(id, clock.monotonic());
    }
  }

  function bound(): void {
    const now = clock.monotonic();
    for (const [id, since] of waited) {
      if (waited.size <= WAITED_MAX && now - since <= LATE_FOR_MS) break;
      waited.delete(id);
    }
  }

  const numbersOf = (ids: readonly DecimalText[]) => ids.flatMap((id) => parseInt64(id) ?? []);

  return {
    begin(ids) {
      waited.clear();
      missing(numbersOf(ids));
      bound();
    },
    ids(below) {
      bound();
      const limit = parseInt64(below) ?? 0n;
      return [...waited.keys()].filter((id) => id < limit).map(String);
    },
    follow(after, ids) {
      const there = numbersOf(ids);
      const end = parseInt64(after) ?? 0n;
      // Before the first row there may be none at all: what was there was removed.
      missing(end > 0n ? [end, ...there] : there);
      for (const id of there) waited.delete(id);
      bound();
    },
    came(ids) {
      for (const id of numbersOf(ids)) waited.delete(id);
    },
  };
}
