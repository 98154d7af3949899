import fc from "fast-check";
import { expect, it } from "vitest";
import { canonicalJson } from "#server/contract/canonical.ts";
import type { JournalEvent } from "#server/contract/event.ts";
import { anyEvent, numbered } from "./events.contract.ts";
import { type Folds, reduceAll, reduceFolds } from "./fold.ts";

const CASES = 10_000;
const POOL_EVENTS = 2_000;
const EVENTS_MAX = 24;
const TIMEOUT_MS = 60_000;

/** Whole numbers below a bound, the same for the same seed. */
function randomOf(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  };
}

const throughSnapshot = (folds: Folds): Folds => JSON.parse(JSON.stringify(folds)) as Folds;

it(
  "folds to the same bytes from the beginning as from a snapshot of any prefix and the rest, in 10,000 histories",
  () => {
    // Lists are drawn from a pool: making 10,000 of them anew takes longer than folding them.
    const pool = fc.sample(anyEvent(), { numRuns: POOL_EVENTS, seed: 20_261_122 });
    fc.assert(
      fc.property(fc.integer(), (seed) => {
        const random = randomOf(seed);
        const drawn = Array.from({ length: random(EVENTS_MAX + 1) }, () => pool[random(pool.length)]);
        const events: readonly JournalEvent[] = numbered(drawn.flatMap((event) => event ?? []));
        const cut = random(events.length + 1);
        const whole = canonicalJson(events.reduce(reduceFolds, {}));
        const prefix = throughSnapshot(reduceAll({}, events.slice(0, cut)));
        expect(canonicalJson(reduceAll(prefix, events.slice(cut)))).toBe(whole);
      }),
      // What fails is told with its seed.
      { numRuns: CASES },
    );
  },
  TIMEOUT_MS,
);
