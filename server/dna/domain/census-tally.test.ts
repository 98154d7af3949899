import { describe, expect, it } from "vitest";
import { epochMs } from "#server/kernel/clock.ts";
import { COUNTERS_MAX, type CountedSlice, createTally, EMPTY_TALLY, STRANGER_COUNTERS_MAX } from "./census-tally.ts";
import { type Incarnation, toIncarnationId } from "./identity.ts";

const owner = (index: number): Incarnation => ({ createdAt: epochMs(1_000 + index), id: BigInt(-index) });
const slice = (...owners: readonly (readonly [number, number])[]): CountedSlice => ({
  rows: owners.reduce((sum, [, keys]) => sum + keys, 0) + 3,
  unreadable: 1,
  ownerless: 2,
  owners: owners.map(([index, keys]) => ({ owner: owner(index), keys })),
});
const id = (index: number) => toIncarnationId(owner(index));
const CITY = { namespace: "eu", moduleId: 0 };
const PLAYER = { namespace: "eu", moduleId: 1 };
const nobody = () => false;

describe("a census tally", () => {
  it("adds up owners and types, and rows without owner apart", () => {
    const tally = createTally(EMPTY_TALLY, null, nobody);
    tally.open(CITY);
    tally.take(slice([1, 10], [2, 5]));
    tally.take(slice([1, 1]));
    tally.open(PLAYER);
    tally.take(slice([2, 7]));
    expect(tally.rows()).toBe(32);
    expect(tally.state().types).toEqual([
      { ...CITY, rows: 22, keys: 16, ownerless: 4, unreadable: 2 },
      { ...PLAYER, rows: 10, keys: 7, ownerless: 2, unreadable: 1 },
    ]);
    expect(tally.facts().counts).toEqual([
      { incarnationId: id(1), ...CITY, keys: 11 },
      { incarnationId: id(2), ...PLAYER, keys: 7 },
      { incarnationId: id(2), ...CITY, keys: 5 },
    ]);
    expect(tally.facts().otherKeys).toBe(0);
  });

  it("put down as JSON and taken up anywhere counts what it would have counted without", () => {
    const slices = [slice([1, 10], [2, 5]), slice([1, 1], [3, 2]), slice([2, 7])];
    const straight = createTally(EMPTY_TALLY, null, nobody);
    straight.open(CITY);
    let broken = createTally(EMPTY_TALLY, null, nobody);
    for (const each of slices) {
      straight.take(each);
      broken.open(CITY);
      broken.take(each);
      broken = createTally(JSON.parse(JSON.stringify(broken.state())), null, nobody);
    }
    expect(broken.facts()).toEqual(straight.facts());
    expect(broken.rows()).toBe(straight.rows());
  });

  it("of one incarnation counts its keys only, and every row", () => {
    const tally = createTally(EMPTY_TALLY, id(2), nobody);
    tally.open(CITY);
    tally.take(slice([1, 10], [2, 5]));
    expect(tally.facts().counts).toEqual([{ incarnationId: id(2), ...CITY, keys: 5 }]);
    expect(tally.state().types[0]).toMatchObject({ rows: 18, keys: 5 });
  });

  it("keeps a bounded number of strangers apart, sums the others, and still has room for known nodes", () => {
    const known = new Set(Array.from({ length: 50 }, (_, index) => id(1_000_000 + index)));
    const tally = createTally(EMPTY_TALLY, null, (each) => known.has(each));
    tally.open(CITY);
    const strangers = STRANGER_COUNTERS_MAX + 500;
    for (let index = 0; index < strangers; index += 1) tally.take({ ...slice(), owners: slice([index, 2]).owners });
    for (let index = 0; index < 50; index += 1)
      tally.take({ ...slice(), owners: slice([1_000_000 + index, 1]).owners });
    const state = tally.state();
    expect(state.owners).toHaveLength(STRANGER_COUNTERS_MAX + 50);
    expect(state.otherKeys).toBe(2 * 500);
    const { counts, otherKeys } = tally.facts();
    // Known nodes are told first, however few keys they hold; nothing is lost from the sum.
    expect(counts.slice(0, 50).every(({ incarnationId }) => known.has(incarnationId))).toBe(true);
    expect(counts.reduce((sum, { keys }) => sum + keys, 0) + otherKeys).toBe(2 * strangers + 50);
    expect(JSON.stringify(tally.facts()).length).toBeLessThan(1_000_000);
  });

  it("never holds more counters than its bound, whoever they are of", () => {
    const tally = createTally(EMPTY_TALLY, null, () => true);
    tally.open(CITY);
    for (let index = 0; index < COUNTERS_MAX + 10; index += 1)
      tally.take({ ...slice(), owners: slice([index, 1]).owners });
    expect(tally.state().owners).toHaveLength(COUNTERS_MAX);
    expect(tally.state().otherKeys).toBe(10);
  });

  it("of types with long names fits an event all the same", () => {
    const tally = createTally(EMPTY_TALLY, null, nobody);
    for (let index = 0; index < 200; index += 1) {
      tally.open({ namespace: "n".repeat(60_000), moduleId: index });
      tally.take(slice([1, index + 1]));
    }
    const facts = tally.facts();
    expect(JSON.stringify(facts).length).toBeLessThan(1_000_000);
    expect(facts.counts.reduce((sum, { keys }) => sum + keys, 0) + facts.otherKeys).toBe((200 * 201) / 2);
  });
});
