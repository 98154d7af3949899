import type { JournalEvent } from "#server/contract/event.ts";

/** How many of the events were observed at `at` or before. */
export function countUntil(events: readonly JournalEvent[], at: number): number {
  let [low, high] = [0, events.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((events[middle]?.observedAt ?? 0) <= at) low = middle + 1;
    else high = middle;
  }
  return low;
}
