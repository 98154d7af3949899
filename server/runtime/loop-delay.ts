import type { Clock, MonotonicMs } from "#server/kernel/clock.ts";

/** Distance of two looks at the clock, in ms of real time. */
const SAMPLE_PERIOD_MS = 500;
/** Lateness below this is not kept: it is what timers do. */
const KEPT_FROM_MS = 50;
/** For how long a lateness is kept. */
const KEPT_FOR_MS = 120_000;

/** Watches how late the main loop is: what was measured while it stood still cannot be trusted. */
export interface LoopDelay {
  /** Largest lateness since `since` (of the same clock), one that goes on included; in ms of real time. */
  maxLateSince(since: MonotonicMs): number;
  /** Largest lateness of the last two minutes, in ms of real time. */
  recentMaxMs(): number;
  /** Samples until aborted. */
  run(signal: AbortSignal): Promise<void>;
}

/** @param speed of the clock against real time: latenesses are told in real time, which is what the loop lost */
export function createLoopDelay(clock: Clock, speed = 1): LoopDelay {
  let lastWakeAt = clock.monotonic();
  let running = false;
  let latenesses: readonly { readonly at: MonotonicMs; readonly lateMs: number }[] = [];

  const pendingMs = (): number =>
    running ? Math.max(0, (clock.monotonic() - lastWakeAt) / speed - SAMPLE_PERIOD_MS) : 0;

  function take(now: MonotonicMs): void {
    const lateMs = pendingMs();
    lastWakeAt = now;
    const kept = latenesses.filter(({ at }) => now - at <= KEPT_FOR_MS);
    latenesses = lateMs >= KEPT_FROM_MS ? [...kept, { at: now, lateMs }] : kept;
  }

  const maxLateSince = (since: MonotonicMs): number =>
    latenesses.reduce((max, { at, lateMs }) => (at >= since ? Math.max(max, lateMs) : max), pendingMs());

  return {
    maxLateSince,
    recentMaxMs: () => latenesses.reduce((max, { lateMs }) => Math.max(max, lateMs), pendingMs()),
    async run(signal) {
      lastWakeAt = clock.monotonic();
      running = true;
      while (!signal.aborted) {
        const slept = await clock.sleep(SAMPLE_PERIOD_MS * speed, signal).then(
          () => true,
          () => false,
        );
        if (slept) take(clock.monotonic());
      }
      running = false;
    },
  };
}
