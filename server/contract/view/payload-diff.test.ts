import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { DIFFERENCES_MAX, diffPayloads } from "./payload-diff.ts";

describe("the difference of two payloads", () => {
  it("is told by the way to each value", () => {
    const left = { host: "a", list: [{ id: 1, name: "x" }, 2], gone: { deep: 1 }, same: null };
    const right = { host: "b", list: [{ id: 1, name: "y" }, 2, 3], new: [], same: null };
    expect(diffPayloads(left, right)).toEqual({
      differences: [
        { path: "host", kind: "changed", left: "a", right: "b" },
        { path: "list[0].name", kind: "changed", left: "x", right: "y" },
        { path: "list[2]", kind: "added", left: undefined, right: 3 },
        { path: "gone", kind: "removed", left: { deep: 1 }, right: undefined },
        { path: "new", kind: "added", left: undefined, right: [] },
      ],
      same: 3,
      cut: false,
    });
  });

  it("takes values of other kinds, tagged ones and whole payloads for one difference", () => {
    expect(diffPayloads({ a: [1] }, { a: { 0: 1 } }).differences).toMatchObject([{ path: "a", kind: "changed" }]);
    const time = diffPayloads({ a: { $time: "x" } }, { a: { $time: "y" } });
    expect(time.differences).toMatchObject([{ path: "a", kind: "changed" }]);
    expect(diffPayloads(null, { a: 1 }).differences).toMatchObject([{ path: "", kind: "changed" }]);
  });

  it("is nothing of a payload with itself, and mirrored the other way round", () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.jsonValue(), (one, other) => {
        expect(diffPayloads(one, one).differences).toEqual([]);
        const there = diffPayloads(one, other).differences.map(({ path }) => path);
        const back = diffPayloads(other, one).differences.map(({ path }) => path);
        expect(back.toSorted()).toEqual(there.toSorted());
      }),
    );
  });

  it("is cut where it is long", () => {
    const many = Object.fromEntries(Array.from({ length: DIFFERENCES_MAX + 5 }, (_, index) => [`k${index}`, index]));
    const { differences, cut } = diffPayloads({}, { ...many });
    expect([differences.length, cut]).toEqual([1, false]);
    const long = diffPayloads({ x: 1 }, { x: 1, ...many });
    expect([long.differences.length, long.cut]).toEqual([DIFFERENCES_MAX, true]);
  });
});
