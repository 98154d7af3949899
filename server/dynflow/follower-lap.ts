import { type Clock, type MonotonicMs, monotonicMs } from "#server/kernel/clock.ts";
import type { ReadGovernor } from "./follower-governor.ts";
import type { SourceMonitor } from "./follower-monitor.ts";
import type { DynflowStore } from "./ports.ts";

/** Rows of one slice: about 1 ms of the database's time. */
export const LAP_ROWS = 5_000;
const SLICE_INTERVAL_MS = 1_000;
/** While something is known to be new, until the table was walked once more. */
const HASTY_SLICE_INTERVAL_MS = 200;
/** While the counter of inserted rows says that nothing is new: a lap then only guards against the counter. */
const RESTING_SLICE_INTERVAL_MS = 4_000;

/**
 * The rolling lap over the whole plan table, slice by slice at a capped rate: the one way of finding new plans that
 * misses none. Its first lap is hasty, and so is the lap after the counter of inserted rows has moved; it rests while a
 * counter stands still.
 */
export interface PlanLap {
  /** When the next slice is due. */
  dueAt(): MonotonicMs;
  /** Reads one slice; answers ids of unfinished plans. */
  look(): Promise<readonly string[]>;
  /** Asks the counter of inserted rows whether to hurry. */
  lookForInserts(): Promise<void>;
  /**
   * The longest a plan can have stayed unseen: the last lap, or the present one where that already takes longer. `null`
   * until the first is complete.
   */
  lapMs(): number | null;
}

export function createPlanLap(options: {
  readonly store: Pick<DynflowStore, "lap" | "insertCount">;
  readonly monitor: Pick<SourceMonitor, "read">;
  readonly clock: Clock;
  readonly governor: Pick<ReadGovernor, "lapIntervalMs">;
  readonly rows: number;
}): PlanLap {
  const { store, monitor, clock, governor, rows } = options;
  let from: string | null = null;
  let startedAt: MonotonicMs | null = null;
  let dueAt = clock.monotonic();
  let lapMs: number | null = null;
  let insertCount: string | null = null;
  /** Laps that still have to be hasty: the present one may have passed the new rows already. */
  let hastyLaps = 1;

  return {
    dueAt: () => dueAt,
    lapMs() {
      if (lapMs === null || startedAt === null || from === null) return lapMs;
      return Math.max(lapMs, clock.monotonic() - startedAt);
    },
    async look() {
      const at = clock.monotonic();
      if (from === null) {
        if (startedAt !== null) lapMs = at - startedAt;
        startedAt = at;
      }
      const slice = await monitor.read(() => store.lap(from, rows));
      from = slice.next;
      const end = clock.monotonic();
      if (from === null) {
        lapMs ??= end - (startedAt ?? at);
        hastyLaps = Math.max(0, hastyLaps - 1);
      }
      const restful = insertCount === null ? SLICE_INTERVAL_MS : RESTING_SLICE_INTERVAL_MS;
      const wantedMs = hastyLaps > 0 ? HASTY_SLICE_INTERVAL_MS : restful;
      const intervalMs = governor.lapIntervalMs(wantedMs, lapMs === null ? "first" : "later");
      dueAt = monotonicMs(end + intervalMs);
      return slice.unfinished;
    },
    async lookForInserts() {
      const count = await monitor.read(() => store.insertCount());
      if (count !== null && insertCount !== null && count !== insertCount) {
        hastyLaps = from === null ? 1 : 2;
        const soon = governor.lapIntervalMs(0, "later");
        dueAt = monotonicMs(Math.min(dueAt, clock.monotonic() + soon));
      }
      insertCount = count;
    },
  };
}
