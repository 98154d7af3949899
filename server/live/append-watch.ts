/** How long the last appends to the journal took. */
import type { Clock, MonotonicMs } from "#server/kernel/clock.ts";

const KEPT = 100;

export interface AppendWatch {
  /** To be called with when the append began, once it has succeeded. */
  ended(beganAt: MonotonicMs): void;
  counts(): {
    readonly appends: number;
    /** Of the last hundred; `null` = none yet. */
    readonly appendMs: { readonly median: number; readonly longest: number } | null;
  };
}

export function createAppendWatch(clock: Pick<Clock, "monotonic">): AppendWatch {
  let appends = 0;
  const last: number[] = [];
  return {
    ended(beganAt) {
      appends += 1;
      last.push(clock.monotonic() - beganAt);
      if (last.length > KEPT) last.shift();
    },
    counts() {
      const sorted = last.toSorted((a, b) => a - b);
      const [median, longest] = [sorted[Math.floor(sorted.length / 2)], sorted.at(-1)];
      return { appends, appendMs: median === undefined || longest === undefined ? null : { median, longest } };
    },
  };
}
