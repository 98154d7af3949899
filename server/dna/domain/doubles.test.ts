import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { monotonicMs } from "#server/kernel/clock.ts";
import { compareNames, createSeenKeys, type InstanceLook, proveDouble, slicesOf, splitRange } from "./doubles.ts";

/** Looks that follow one another, 10 ms each: `a:p1` = node a showed process p1, `a:-` = none. */
const looks = (...told: string[]): InstanceLook[] =>
  told.map((text, index) => {
    const [node = "", ref = "-"] = text.split(":");
    return {
      node,
      ref: ref === "-" ? null : ref,
      startedAt: monotonicMs(index * 10),
      endedAt: monotonicMs(index * 10 + 9),
    };
  });

describe("a double is proven", () => {
  it.each([
    ["when one process lived before and after the other was seen", ["a:p1", "b:p2", "a:p1"], ["a", "b"]],
    ["whichever of them was looked at twice", ["a:p1", "b:p2", "a:-", "b:p2"], null],
    ["when the first ended since, by the second's life around a second look", ["b:p2", "a:p1", "b:p2"], ["a", "b"]],
    ["of three nodes at once", ["a:p1", "b:p2", "c:p3", "a:p1", "b:p2", "c:p3"], ["a", "b", "c"]],
    ["but not by one look at each", ["a:p1", "b:p2"], null],
    ["but not when it was restarted meanwhile", ["a:p1", "b:p2", "a:p9", "b:-"], null],
    ["but not when it moved on", ["a:p1", "b:-", "a:-", "b:p2"], null],
    ["but not by one node alone", ["a:p1", "b:-", "a:p1", "b:-"], null],
  ] as const)("%s", (_name, told, nodes) => {
    expect(proveDouble(looks(...told))?.nodes ?? null).toEqual(nodes);
  });
  it("but not by looks that overlap in time", () => {
    const [first, second, third] = looks("a:p1", "b:p2", "a:p1");
    if (first === undefined || second === undefined || third === undefined) throw new Error("three looks");
    expect(proveDouble([first, { ...second, endedAt: monotonicMs(25) }, third])).toBeNull();
  });
  it("never of lives that do not overlap, however they are looked at", () => {
    const life = fc.tuple(fc.constantFrom("a", "b", "c"), fc.integer({ min: 1, max: 40 }));
    fc.assert(
      fc.property(
        fc.array(life, { maxLength: 6 }),
        fc.array(fc.constantFrom("a", "b", "c"), { maxLength: 12 }),
        (lives, asked) => {
          let at = 0;
          const spans = lives.map(([node, ms], index) => {
            const span = { node, ref: `p${index}`, from: at, to: at + ms };
            at += ms;
            return span;
          });
          const told = asked.map((node, index): InstanceLook => {
            const when = index * 10;
            const ref = spans.find((span) => span.node === node && span.from <= when && when < span.to)?.ref ?? null;
            return { node, ref, startedAt: monotonicMs(when), endedAt: monotonicMs(when) };
          });
          expect(proveDouble(told)).toBeNull();
        },
      ),
    );
  });
});

it("meets a key when a second node shows it, once a node", () => {
  const seen = createSeenKeys();
  const key = { namespace: "demo", moduleId: 0, name: "k" };
  expect(seen.add("a", [["demo:0:k", key]])).toEqual([]);
  expect(seen.add("a", [["demo:0:k", key]])).toEqual([]);
  expect(seen.add("b", [["demo:0:k", key]])).toEqual([{ key, nodes: ["a", "b"] }]);
  expect(seen.add("b", [["demo:0:k", key]])).toEqual([]);
  expect(seen.add("c", [["demo:0:k", key]])).toEqual([{ key, nodes: ["a", "b", "c"] }]);
});

const names = fc.array(fc.string({ unit: "grapheme", maxLength: 6 }), { minLength: 1, maxLength: 40 });
const isIn = (name: string, { from, below }: { from: string | null; below: string | null }): boolean =>
  (from === null || compareNames(name, from) >= 0) && (below === null || compareNames(name, below) < 0);

it("cuts a range so that every name is in exactly one part, and no part has them all", () => {
  fc.assert(
    fc.property(names, (found) => {
      const parts = splitRange({ from: null, below: null }, found);
      if (parts === null) return void expect(new Set(found).size).toBe(1);
      for (const part of parts) expect(found.every((name) => isIn(name, part))).toBe(false);
      for (const name of found) expect(parts.filter((part) => isIn(name, part))).toHaveLength(1);
    }),
  );
});
it("slices all names without a gap, whatever the sample", () => {
  fc.assert(
    fc.property(names, names, fc.integer({ min: 1, max: 8 }), (sample, all, parts) => {
      const slices = slicesOf(sample, parts);
      for (const name of all) expect(slices.filter((slice) => isIn(name, slice))).toHaveLength(1);
    }),
  );
});
it("orders names by their bytes, as the nodes do", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary" }), fc.string({ unit: "binary" }), (a, b) => {
      expect(Math.sign(compareNames(a, b))).toBe(Buffer.from(a).compare(Buffer.from(b)));
    }),
  );
});
