import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { anyHistory } from "#server/contract/fold/events.contract.ts";
import { type Folds, reduceAll } from "#server/contract/fold/fold.ts";
import { withChange } from "./state-change.ts";
import { changeBetween } from "./state-diff.ts";

/** What a tab that has `before` holds after it was told what the worker has now. */
function told(before: unknown, after: unknown): unknown {
  const change = changeBetween(before, after);
  return change === null ? before : withChange(before, structuredClone(change));
}
/** Order of keys included. */
const exactly = (value: unknown): string => JSON.stringify(value);

describe("the change between two states", () => {
  it("makes the later of the earlier, order of keys included, whatever values they have", () => {
    const json = fc.jsonValue({ maxDepth: 4 });
    fc.assert(
      fc.property(json, json, (before, after) => {
        const kept = exactly(before);
        expect(exactly(told(before, after))).toBe(exactly(after));
        expect(exactly(before)).toBe(kept);
      }),
      { numRuns: 500 },
    );
  });

  it("leads every tab along a history to the folds that the worker has", () => {
    fc.assert(
      fc.property(anyHistory(), fc.integer({ min: 1, max: 9 }), (events, size) => {
        let worker: Folds = {};
        let tab: unknown = structuredClone(worker);
        for (let start = 0; start < events.length; start += size) {
          const next = reduceAll(worker, events.slice(start, start + size));
          const change = changeBetween(worker, next);
          if (change !== null) tab = withChange(tab, structuredClone(change));
          worker = next;
          expect(exactly(tab)).toBe(exactly(worker));
        }
      }),
      { numRuns: 200 },
    );
  });

  it("keeps what has not changed the same thing, and tells nothing where nothing has", () => {
    const before = { a: { deep: [1, 2] }, b: { c: 1 } };
    const after = { a: before.a, b: { c: 2 } };
    const tab = told(before, after);
    expect(tab).toEqual(after);
    expect((tab as typeof after).a).toBe(before.a);
    expect(changeBetween(before, { a: before.a, b: { c: 1 } })).toBeNull();
  });

  it.each([
    ["an entry that was taken away and put again", { a: 1, b: 2 }, { b: 2, a: 1 }],
    ["one that went behind a new one", { a: 1, b: 2 }, { a: 1, n: 3, b: 2 }],
    ["numbers as keys", { "7": 1, x: 1 }, { "3": 1, "7": 2, x: 1 }],
    ["numbers that are no indices", { "007": 1, "4294967295": 2 }, { "4294967295": 2, "007": 1 }],
    ["a key that records inherit", { a: 1 }, { a: 1, constructor: 2 }],
    ["a list instead of a record", { a: {} }, { a: [] }],
    ["nothing instead of a record", { a: {} }, { a: null }],
  ])("is right of %s", (_, before, after) => {
    expect(exactly(told(before, after))).toBe(exactly(after));
  });

  it("takes an entry named __proto__ for an entry", () => {
    const after: unknown = JSON.parse('{"a":{"__proto__":{"x":1},"b":2}}');
    expect(exactly(told({ a: { b: 2 } }, after))).toBe(exactly(after));
    expect(exactly(told({ a: {} }, after))).toBe(exactly(after));
  });
});
