import type { Clock, MonotonicMs } from "#server/kernel/clock.ts";
import type { SourceMonitor } from "./follower-monitor.ts";
import type { DynflowStore } from "./ports.ts";

const COMPARED_EVERY_MS = 60_000;
/** Less is nobody's concern: nothing here is judged by seconds across two machines. */
const TOLD_FROM_MS = 30_000;

/**
 * The database's clock beside ours. Dynflow's worlds stamp and judge by theirs, which are near the database's; with ours
 * an hour off, ages and "starts in" would be wrong by an hour, so it is measured and said.
 */
export interface ClockComparison {
  /** Compares them when it is time to. */
  look(): Promise<void>;
  /** By how much the database's is ahead of ours; `null` until it is known, or where both are one. */
  offsetMs(): number | null;
  /** For people; `null` while they agree. */
  note(): string | null;
  /** After the source was away it may be another server. */
  forget(): void;
}

export function createClockComparison(options: {
  readonly store: Pick<DynflowStore, "serverTime">;
  readonly monitor: Pick<SourceMonitor, "read">;
  readonly clock: Clock;
}): ClockComparison {
  const { store, monitor, clock } = options;
  let dueAt: MonotonicMs | null = null;
  let offsetMs: number | null = null;

  return {
    async look() {
      const ask = store.serverTime;
      if (ask === undefined || (dueAt !== null && clock.monotonic() < dueAt)) return;
      const before = clock.now();
      const theirs = await monitor.read(() => ask());
      const after = clock.now();
      dueAt = (clock.monotonic() + COMPARED_EVERY_MS) as MonotonicMs;
      offsetMs = theirs === null ? null : theirs - (before + after) / 2;
    },
    offsetMs: () => offsetMs,
    note() {
      if (offsetMs === null || Math.abs(offsetMs) < TOLD_FROM_MS) return null;
      const ahead = offsetMs > 0 ? "ahead of" : "behind";
      return `The database's clock is ${spanOf(Math.abs(offsetMs))} ${ahead} this console's: its times are shown as they stand`;
    },
    forget() {
      dueAt = null;
    },
  };
}

/** Whole minutes, hours with one digit: a clock drifts, and the note must not change with every look. */
function spanOf(ms: number): string {
  const minutes = Math.round(ms / 60_000);
  if (minutes < 1) return "more than half a minute";
  if (minutes < 90) return `about ${minutes} min`;
  return `about ${Math.round(minutes / 6) / 10} h`;
}
