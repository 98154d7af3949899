import { type Clock, type MonotonicMs, monotonicMs } from "#server/kernel/clock.ts";

/** A page that shows a plan asks again before this has passed. */
export const LOOK_LASTS_MS = 15_000;
/** More plans than this are not read each second at once: the one looked at longest ago gives way. */
const LOOKED_AT_MAX = 50;

/** Keeps plans watched for a while after somebody last looked at them. */
export interface Lookout {
  look(planId: string): void;
  /** Ends the watch of plans that nobody has looked at lately. */
  prune(): void;
}

export function createLookout(clock: Clock, watch: (planId: string) => () => void): Lookout {
  /** In order of the last look. */
  const looked = new Map<string, { readonly until: MonotonicMs; readonly end: () => void }>();

  function drop(planId: string): void {
    looked.get(planId)?.end();
    looked.delete(planId);
  }

  return {
    look(planId) {
      const until = monotonicMs(clock.monotonic() + LOOK_LASTS_MS);
      const end = looked.get(planId)?.end ?? watch(planId);
      looked.delete(planId);
      looked.set(planId, { until, end });
      const oldest = looked.keys().next().value;
      if (looked.size > LOOKED_AT_MAX && oldest !== undefined) drop(oldest);
    },
    prune() {
      for (const [planId, { until }] of looked) if (until <= clock.monotonic()) drop(planId);
    },
  };
}
