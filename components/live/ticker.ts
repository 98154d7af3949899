/** The server's clock as pages tell it: one beat a second for everything that shows an age. */
import { type EpochMs, epochMs } from "#server/kernel/clock.ts";

const TICK_MS = 1_000;

export interface Ticker {
  /** The instant of the last beat; `null` before the first. */
  now(): EpochMs | null;
  /** Server's clock less this browser's. */
  setOffset(offsetMs: number): void;
  subscribe(onBeat: () => void): () => void;
}

/** Beats only while somebody listens. */
export function createTicker(): Ticker {
  const listeners = new Set<() => void>();
  let offsetMs = 0;
  let now: EpochMs | null = null;
  let timer: ReturnType<typeof setInterval> | null = null;
  const beat = () => {
    now = epochMs(Date.now() + offsetMs);
    for (const listener of listeners) listener();
  };
  return {
    now: () => now,
    setOffset(next) {
      const jumped = Math.abs(next - offsetMs) >= TICK_MS;
      offsetMs = next;
      if (jumped && timer !== null) beat();
    },
    subscribe(onBeat) {
      listeners.add(onBeat);
      if (timer === null) {
        timer = setInterval(beat, TICK_MS);
        beat();
      }
      return () => {
        listeners.delete(onBeat);
        if (listeners.size > 0 || timer === null) return;
        clearInterval(timer);
        timer = null;
      };
    },
  };
}
