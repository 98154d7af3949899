import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { epochMs } from "#server/kernel/clock.ts";
import { planRetention, type RetentionFacts, type RetentionRules, type SealedFacts } from "./retention.ts";

const NOW = epochMs(1_000);
const segment = (lastObservedAt: number, bytes = 10, touched: Readonly<Record<string, number>> = {}): SealedFacts => ({
  bytes,
  events: 2,
  lastObservedAt,
  touched: new Map(Object.entries(touched)),
});
const facts = (given: Partial<RetentionFacts>): RetentionFacts => ({
  now: NOW,
  totalBytes: 0,
  observedEvents: 0,
  sealed: { observed: [], operator: [] },
  isCovered: () => true,
  segmentsMax: 100,
  ...given,
});
const rules: RetentionRules = { keepMs: 100, keepOperatorMs: 500, maxBytes: 1_000 };

describe("planRetention", () => {
  it("drops what is older than it is to be kept, of each chain by its own age, and nothing else", () => {
    const times = [100, 499, 500, 899, 900, 999].map((time) => segment(time));
    const plan = planRetention(facts({ sealed: { observed: times, operator: times } }), rules);
    expect(plan).toEqual({
      drops: [
        { chain: "operator", count: 2, why: "age" },
        { chain: "observed", count: 4, why: "age" },
      ],
      waiting: [],
      more: false,
      overBytes: 0,
    });
  });

  it("drops no segment behind one that is to be kept, whatever a clock that was set back has dated it", () => {
    const plan = planRetention(facts({ sealed: { observed: [segment(950), segment(1)], operator: [] } }), rules);
    expect(plan.drops).toEqual([]);
  });

  it("drops the oldest that was observed while the journal is too large, and says why", () => {
    const observed = [segment(800), segment(950), segment(960), segment(970)];
    const plan = planRetention(facts({ totalBytes: 1_025, sealed: { observed, operator: [] } }), rules);
    expect(plan.drops).toEqual([
      { chain: "observed", count: 1, why: "age" },
      { chain: "observed", count: 2, why: "size" },
    ]);
    expect(plan.overBytes).toBe(0);
  });

  it("never drops for its size what operators did, and says how much is too much", () => {
    const sealed = { observed: [segment(990)], operator: [segment(501, 5_000)] };
    const plan = planRetention(facts({ totalBytes: 5_010, sealed }), rules);
    expect(plan.drops).toEqual([{ chain: "observed", count: 1, why: "size" }]);
    expect(plan.overBytes).toBe(4_000);
  });

  it("drops of what was seen what lies before the newest so many, never of what operators did", () => {
    const observed = [segment(800), segment(950), segment(960), segment(970)];
    const sealed = { observed, operator: [segment(950), segment(960)] };
    const counted = (keepEvents: number | null) =>
      planRetention(facts({ sealed, observedEvents: 9 }), { ...rules, keepEvents }).drops;
    const aged = { chain: "observed", count: 1, why: "age" };
    expect(counted(null)).toEqual([aged]);
    expect(counted(6)).toEqual([aged]);
    expect(counted(5)).toEqual([aged, { chain: "observed", count: 1, why: "count" }]);
    expect(counted(4)).toEqual([aged, { chain: "observed", count: 1, why: "count" }]);
    expect(counted(0)).toEqual([aged, { chain: "observed", count: 3, why: "count" }]);
  });

  it("waits for a snapshot of every stream touched, with everything newer in the chain", () => {
    const observed = [segment(1, 10, { a: 5 }), segment(2, 10, { a: 9, b: 3 }), segment(3, 10, { c: 1 })];
    const isCovered = (stream: string, seq: number) => stream === "a" && seq <= 5;
    const plan = planRetention(facts({ isCovered, sealed: { observed, operator: [segment(1)] } }), rules);
    expect(plan.drops).toEqual([
      { chain: "operator", count: 1, why: "age" },
      { chain: "observed", count: 1, why: "age" },
    ]);
    expect(plan.waiting).toEqual(["a", "b", "c"]);
  });

  it("drops at most so many at once, in the same order, and says that there are more", () => {
    const old = [segment(1), segment(2), segment(3)];
    const plan = planRetention(facts({ segmentsMax: 4, sealed: { observed: old, operator: old } }), rules);
    expect(plan).toMatchObject({ more: true, drops: [{ count: 3 }, { count: 1 }] });
  });

  it("holds for any journal: only what is old or too much, only what is covered, operators' by age alone", () => {
    const anySegments = fc.array(fc.record({ time: fc.nat({ max: 1_000 }), bytes: fc.nat({ max: 500 }) }));
    fc.assert(
      fc.property(anySegments, anySegments, fc.nat({ max: 40 }), (observed, operator, covered) => {
        const made = (all: typeof observed) => all.map(({ time, bytes }, n) => segment(time, bytes, { s: n }));
        const sealed = { observed: made(observed), operator: made(operator) };
        const totalBytes = [...observed, ...operator].reduce((sum, { bytes }) => sum + bytes, 0);
        const plan = planRetention(facts({ totalBytes, sealed, isCovered: (_, seq) => seq < covered }), rules);
        const dropped = { observed: 0, operator: 0 };
        let left = totalBytes;
        for (const { chain, count, why } of plan.drops) {
          for (const gone of sealed[chain].slice(dropped[chain], dropped[chain] + count)) {
            const keepMs = chain === "observed" ? rules.keepMs : rules.keepOperatorMs;
            if (why === "age") expect(gone.lastObservedAt).toBeLessThan(NOW - keepMs);
            else expect([chain, left > rules.maxBytes]).toEqual(["observed", true]);
            expect(gone.touched.get("s")).toBeLessThan(covered);
            left -= gone.bytes;
          }
          dropped[chain] += count;
        }
        if (plan.waiting.length === 0) expect(left).toBeLessThanOrEqual(rules.maxBytes + plan.overBytes);
      }),
      { numRuns: 1_000 },
    );
  });
});
