import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { compareUtf8, upperBoundOf } from "./prefix.ts";

/** Texts that meet at the edges of UTF-8's and UTF-16's orders. */
const character = fc.constantFrom(
  "a",
  "b",
  "\u007f",
  "\u0080",
  "\u07ff",
  "\ud7ff",
  "\ue000",
  "\uffff",
  "😀",
  "\u{10ffff}",
);
const text = fc.array(character, { maxLength: 5 }).map((characters) => characters.join(""));

describe("upperBoundOf", () => {
  it.each([
    ["a", "b"],
    ["ab", "ac"],
    ["\u007f", "\u0080"],
    ["\ud7ff", "\ue000"],
    ["\uffff", "\u{10000}"],
    ["a\u{10ffff}", "b"],
    ["a\u{10ffff}\u{10ffff}", "b"],
    ["", null],
    ["\u{10ffff}\u{10ffff}", null],
  ])("of %j is %j", (prefix, bound) => {
    expect(upperBoundOf(prefix)).toBe(bound);
  });

  it("and the prefix itself enclose exactly the texts that start with the prefix", () => {
    fc.assert(
      fc.property(text, text, (prefix, name) => {
        const bound = upperBoundOf(prefix);
        const isBelow = bound === null || compareUtf8(name, bound) < 0;
        expect(compareUtf8(name, prefix) >= 0 && isBelow).toBe(name.startsWith(prefix));
      }),
      { numRuns: 2_000 },
    );
  });
});

describe("compareUtf8", () => {
  it("orders by code points, where JavaScript's own order of strings does not", () => {
    expect("～" < "😀").toBe(false);
    expect(compareUtf8("～", "😀")).toBeLessThan(0);
    expect(compareUtf8("a", "a")).toBe(0);
  });
});
