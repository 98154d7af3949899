import type { Clock, MonotonicMs } from "#server/kernel/clock.ts";

/** The share is that of the last minute. */
const WINDOW_MS = 60_000;
const POINT_EVERY_MS = 1_000;
/** Of less than this nothing is said: one statement would decide it. */
const KNOWN_AFTER_MS = 10_000;

/** How much of one database's time went into our reading lately. */
export interface DatabaseShare {
  /** Notes how much was spent until now, ever. */
  noted(spentMs: number): void;
  /** Of the last minute, 0 upwards (1 = one statement at all times); `null` until it is known. */
  share(): number | null;
}

export function createDatabaseShare({ clock }: { readonly clock: Pick<Clock, "monotonic"> }): DatabaseShare {
  let points: readonly { readonly at: MonotonicMs; readonly spentMs: number }[] = [];
  let last: { readonly at: MonotonicMs; readonly spentMs: number } | null = null;

  return {
    noted(spentMs) {
      const at = clock.monotonic();
      last = { at, spentMs };
      const newest = points.at(-1);
      if (newest !== undefined && at - newest.at < POINT_EVERY_MS) return;
      // One point older than the window stays: the window begins there.
      const firstInside = points.findIndex((point) => at - point.at < WINDOW_MS);
      points = [...points.slice(firstInside === -1 ? -1 : Math.max(0, firstInside - 1)), last];
    },
    share() {
      const [first] = points;
      if (first === undefined || last === null) return null;
      const elapsedMs = last.at - first.at;
      return elapsedMs < KNOWN_AFTER_MS ? null : (last.spentMs - first.spentMs) / elapsedMs;
    },
  };
}
