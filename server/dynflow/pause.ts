import type { Clock } from "#server/kernel/clock.ts";

/** A sleep of one loop that others may cut short. */
export interface Pause {
  /** Resolves after `ms`, or as soon as `end` is called; at once when `end` was called since the last sleep. */
  sleep(ms: number): Promise<void>;
  end(): void;
}

export function createPause(clock: Clock): Pause {
  let asleep: AbortController | null = null;
  let ended = false;
  return {
    end() {
      ended = true;
      asleep?.abort();
    },
    async sleep(ms) {
      const mine = new AbortController();
      asleep = mine;
      if (ended) mine.abort();
      try {
        await clock.sleep(ms, mine.signal);
      } catch (cause) {
        if (!mine.signal.aborted) throw cause;
      } finally {
        asleep = null;
        ended = false;
      }
    },
  };
}
