import type { Clock, EpochMs, MonotonicMs } from "#server/kernel/clock.ts";
import type { PlanOutline } from "./domain/plan-outline.ts";
import type { DynflowStore } from "./ports.ts";

/** A read answers those who ask within this time of its beginning: what one page asks for comes together. */
export const SHARED_MS = 250;

export interface PlanReading {
  readonly outline: PlanOutline | null;
  /** When the read began: nothing later is known. */
  readonly asOf: EpochMs;
}

/** Reads of plans of one source for whoever looks at them. */
export interface PlanReads {
  /** Joins a read of the same plan that began a moment ago, also one that has answered. A failure is never kept. */
  read(planId: string): Promise<PlanReading>;
  /** Nobody joins the reads that have begun until now: the plan was just acted upon. */
  forget(planId: string): void;
}

interface Begun {
  readonly at: MonotonicMs;
  readonly reading: Promise<PlanReading>;
}

export function createPlanReads(deps: {
  readonly store: Pick<DynflowStore, "outline">;
  readonly clock: Clock;
}): PlanReads {
  const { store, clock } = deps;
  const begun = new Map<string, Begun>();

  const drop = (planId: string, one: Begun): void => {
    if (begun.get(planId) === one) begun.delete(planId);
  };

  /** A plan may be large: it is not held longer than it can be shared. */
  async function dropInTime(planId: string, one: Begun): Promise<void> {
    try {
      await one.reading;
      await clock.sleep(Math.max(0, SHARED_MS - (clock.monotonic() - one.at)));
    } catch {
      // Whoever asked is told; nobody joins a failure.
    }
    drop(planId, one);
  }

  function begin(planId: string): Begun {
    const asOf = clock.now();
    const reading = store.outline(planId).then((outline): PlanReading => ({ outline, asOf }));
    const one: Begun = { at: clock.monotonic(), reading };
    begun.set(planId, one);
    void dropInTime(planId, one);
    return one;
  }

  return {
    read(planId) {
      const known = begun.get(planId);
      const joined = known !== undefined && clock.monotonic() - known.at < SHARED_MS ? known : begin(planId);
      return joined.reading;
    },
    forget: (planId) => void begun.delete(planId),
  };
}
