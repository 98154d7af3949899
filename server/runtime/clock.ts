import { type Clock, epochMs, type MonotonicMs, monotonicMs } from "#server/kernel/clock.ts";

/** Rejects with the signal's reason when aborted; the timer is cleared then. */
function realSleep(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(signal.reason);
    const onAbort = () => {
      clearTimeout(timer);
      reject(signal?.reason);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener("abort", onAbort);
      resolve();
    }, ms);
    signal?.addEventListener("abort", onAbort, { once: true });
  });
}

/**
 * The machine's clock, run `speed` times as fast from the moment of creation (1 = real time).
 * Only the demo uses another speed, for its simulators and readers together.
 */
export function createSystemClock(speed = 1): Clock {
  const startEpoch = Date.now();
  const startMonotonic = performance.now();
  const elapsed = () => (performance.now() - startMonotonic) * speed;
  return {
    now: () => epochMs(speed === 1 ? Date.now() : Math.round(startEpoch + elapsed())),
    monotonic: () => monotonicMs(startMonotonic + elapsed()),
    sleep: (ms, signal) => realSleep(ms / speed, signal),
  };
}

export interface ManualClock extends Clock {
  /** Moves both clocks on, waking each sleeper at its own instant, and lets their continuations run in between. */
  advance(ms: number): Promise<void>;
}

/** A clock that only moves when told to. Sleepers wake in order of their instants. */
export function createManualClock(startEpoch = 1_795_300_000_000): ManualClock {
  let elapsedMs = 0;
  const sleepers: { at: number; wake: () => void }[] = [];
  return {
    now: () => epochMs(startEpoch + elapsedMs),
    monotonic: (): MonotonicMs => monotonicMs(elapsedMs),
    sleep(ms, signal) {
      return new Promise((resolve, reject) => {
        if (signal?.aborted) return reject(signal.reason);
        const sleeper = { at: elapsedMs + Math.max(0, ms), wake: resolve };
        sleepers.push(sleeper);
        signal?.addEventListener(
          "abort",
          () => {
            const index = sleepers.indexOf(sleeper);
            if (index >= 0) sleepers.splice(index, 1);
            reject(signal.reason);
          },
          { once: true },
        );
      });
    },
    async advance(ms) {
      const end = elapsedMs + ms;
      for (;;) {
        await new Promise<void>((resolve) => setImmediate(resolve));
        const next = sleepers.filter((s) => s.at <= end).sort((a, b) => a.at - b.at)[0];
        if (next === undefined) break;
        sleepers.splice(sleepers.indexOf(next), 1);
        elapsedMs = Math.max(elapsedMs, next.at);
        next.wake();
      }
      elapsedMs = end;
      await new Promise<void>((resolve) => setImmediate(resolve));
    },
  };
}
