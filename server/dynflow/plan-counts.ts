import { type Clock, type EpochMs, type MonotonicMs, monotonicMs } from "#server/kernel/clock.ts";
import type { DynflowStore, PlanCount, PlanFilter } from "./ports.ts";
import { isTooSlow } from "./too-slow.ts";

/** A count is asked for again only after so many times what it cost: a share of 5 % of the database at most. */
const REST_FACTOR = 20;
/** One that was given up is not tried again for so long. */
const TOO_SLOW_REST_MS = 60_000;
const KEPT_MAX = 200;

export interface Counting {
  /** `null` = it took too long and was given up: nothing is known. */
  readonly counts: readonly PlanCount[] | null;
  readonly asOf: EpochMs;
}

interface Kept {
  readonly counting: Promise<Counting>;
  restsUntil: MonotonicMs | null;
}

/** Counts of one source, which scan its table: asked for by many screens, put to the database seldom. */
export function createPlanCounts(deps: { readonly store: Pick<DynflowStore, "counts">; readonly clock: Clock }) {
  const { store, clock } = deps;
  const kept = new Map<string, Kept>();

  async function count(filter: PlanFilter): Promise<Counting> {
    const asOf = clock.now();
    try {
      return { counts: await store.counts(filter), asOf };
    } catch (cause) {
      if (!isTooSlow(cause)) throw cause;
      return { counts: null, asOf };
    }
  }

  function begin(key: string, filter: PlanFilter): Kept {
    const oldest = kept.keys().next().value;
    if (kept.size >= KEPT_MAX && oldest !== undefined) kept.delete(oldest);
    const began = clock.monotonic();
    const one: Kept = { counting: count(filter), restsUntil: null };
    kept.set(key, one);
    one.counting.then(
      ({ counts }) => {
        const now = clock.monotonic();
        const restMs = counts === null ? TOO_SLOW_REST_MS : (now - began) * REST_FACTOR;
        one.restsUntil = monotonicMs(now + restMs);
      },
      // Whoever asked is told; a failure is never kept.
      () => kept.delete(key),
    );
    return one;
  }

  return {
    of(filter: PlanFilter): Promise<Counting> {
      const key = JSON.stringify(filter);
      const known = kept.get(key);
      const rests = known !== undefined && (known.restsUntil === null || clock.monotonic() < known.restsUntil);
      if (rests) return known.counting;
      kept.delete(key);
      return begin(key, filter).counting;
    },
  };
}
