import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  EMPTY_WINDOW,
  gapsDue,
  HOLES_MAX,
  missingOf,
  notSeen,
  observe,
  parseWindow,
  type SequenceWindow,
  seenOf as seenRangeOf,
  windowFrom,
  windowText,
} from "./sequence-window.ts";

function seenOf(numbers: readonly number[], from: SequenceWindow = EMPTY_WINDOW) {
  let window = from;
  const fresh: number[] = [];
  for (const seq of numbers) {
    const seen = observe(window, seq, 1_000);
    window = seen.window;
    if (seen.fresh) fresh.push(seq);
  }
  return { window, fresh };
}

describe("the numbers of a boot", () => {
  it("are each fresh once, however often and in whatever order they come, and what is missing is what did not come", () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 60 }), { maxLength: 120 }), (numbers) => {
        const { window, fresh } = seenOf(numbers);
        const distinct = new Set(numbers);
        expect(new Set(fresh)).toEqual(distinct);
        expect(fresh).toHaveLength(distinct.size);
        expect(missingOf(window)).toBe(Math.max(0, ...numbers) - distinct.size);
      }),
      { seed: 20_261_122, verbose: true },
    );
  });

  it("close a hole when they come late", () => {
    const { window } = seenOf([1, 5, 3, 2, 4]);
    expect(window).toEqual({ high: 5, holes: [] });
  });

  it("never take for a duplicate what has not come, even beyond the holes that are told apart", () => {
    const odd = Array.from({ length: HOLES_MAX * 4 }, (_, n) => 2 * n + 1);
    const { window } = seenOf(odd);
    expect(window.holes).toHaveLength(HOLES_MAX);
    expect(missingOf(window)).toBe(odd.length - 1);
    const even = odd.slice(1).map((n) => n - 1);
    expect(seenOf(even, window).fresh).toEqual(even);
  });

  it("begin where a gateway heard them first when another may have taken those before", () => {
    const { window, fresh } = seenOf([501, 502, 501], windowFrom(501));
    expect(fresh).toEqual([501, 502]);
    expect(missingOf(window)).toBe(0);
    expect(gapsDue(window, 9_999_999, 20).gaps).toEqual([]);
    // One that nobody has taken before comes late, or a list is in no order.
    const late = seenOf([500, 3, 502], parseWindow(windowText(window)));
    expect([late.fresh, missingOf(late.window)]).toEqual([[500, 3], 0]);
  });

  it("are told as a gap once, and only when they have had time to come", () => {
    const { window } = seenOf([1, 4]);
    expect(gapsDue(window, 999, 20).gaps).toEqual([]);
    const told = gapsDue(window, 1_000, 20);
    expect(told.gaps).toMatchObject([{ from: 2, to: 3 }]);
    expect(gapsDue(told.window, 9_999, 20).gaps).toEqual([]);
    expect(missingOf(told.window)).toBe(2);
  });

  it("that came to one gateway are missing at none", () => {
    const one = seenRangeOf(seenOf([1, 2, 3, 7, 8], windowFrom(1)).window);
    const two = seenRangeOf(seenOf([4, 6], windowFrom(4)).window);
    expect(notSeen([4, 6], [])).toEqual([[4, 6]]);
    expect(notSeen([4, 6], [two])).toEqual([[5, 5]]);
    expect(notSeen([1, 10], [one, two])).toEqual([
      [5, 5],
      [9, 10],
    ]);
    // What another had before it began to hear is not known to have come.
    expect(notSeen([1, 3], [two])).toEqual([[1, 3]]);
  });

  it("of more holes than are told apart are taken for not seen", () => {
    const odd = Array.from({ length: 60 }, (_, n) => 2 * n + 1);
    const seen = seenRangeOf(seenOf(odd).window);
    expect(seen.but).toHaveLength(33);
    expect(notSeen([1, 3], [seen])).toEqual([[1, 3]]);
    expect(notSeen([119, 119], [seen])).toEqual([]);
  });

  it("survive being written down", () => {
    const { window } = seenOf([1, 4, 9, 6]);
    const told = gapsDue(window, 1_000, 1).window;
    expect(parseWindow(windowText(told))).toEqual(told);
    expect(() => parseWindow("[]")).toThrow("not a window");
  });
});
