/** Time for which somebody was awake: what a stopped process slept through is no silence of others. */
import type { Clock } from "#server/kernel/clock.ts";

/** Steps are a second apart; from one that took longer only so much counts. */
export const LISTENED_PER_STEP_MAX_MS = 2_000;

export interface Listening {
  /** Since the beginning, at most so much beyond the last step. */
  nowMs(): number;
  /** Goes on to now; `slept` = more had passed than counts. */
  step(): { readonly elapsedMs: number; readonly slept: boolean };
}

export function createListening(clock: Clock): Listening {
  let at = clock.monotonic();
  let listenedMs = 0;
  const sinceMs = () => Math.max(0, clock.monotonic() - at);
  return {
    nowMs: () => Math.round(listenedMs + Math.min(sinceMs(), LISTENED_PER_STEP_MAX_MS)),
    step() {
      const elapsedMs = sinceMs();
      at = clock.monotonic();
      listenedMs += Math.min(elapsedMs, LISTENED_PER_STEP_MAX_MS);
      return { elapsedMs, slept: elapsedMs > LISTENED_PER_STEP_MAX_MS };
    },
  };
}
