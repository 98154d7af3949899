import { describe, expect, it } from "vitest";
import { assignTarget, suggestWeights, type WeightedTarget } from "./claim-assignment.ts";

const TARGETS: readonly WeightedTarget[] = [
  { incarnationId: "1000:1", weight: 1 },
  { incarnationId: "2000:-2", weight: 2 },
  { incarnationId: "3000:3", weight: 5 },
];
const KEYS = Array.from({ length: 8_000 }, (_, index) => ({
  namespace: "weather",
  moduleId: 0,
  name: `city-${String(index).padStart(8, "0")}`,
}));

describe("assignment of keys to nodes", () => {
  it("deals keys out by weight, to within a tenth", () => {
    const counts = new Map<string, number>();
    for (const key of KEYS) {
      const id = assignTarget(key, TARGETS)?.incarnationId ?? "";
      counts.set(id, (counts.get(id) ?? 0) + 1);
    }
    for (const { incarnationId, weight } of TARGETS) {
      const expected = (KEYS.length * weight) / 8;
      expect(Math.abs((counts.get(incarnationId) ?? 0) - expected)).toBeLessThan(expected / 10);
    }
  });

  it("is the same in whatever order the nodes are named", () => {
    const reversed = TARGETS.toReversed();
    for (const key of KEYS.slice(0, 500)) expect(assignTarget(key, reversed)).toBe(assignTarget(key, TARGETS));
  });

  it("deals out anew only the keys of a node that drops out", () => {
    const [gone, ...rest] = TARGETS;
    for (const key of KEYS) {
      const before = assignTarget(key, TARGETS);
      if (before !== gone) expect(assignTarget(key, rest)).toBe(before);
    }
  });

  it("gives nothing to nobody", () => {
    expect(assignTarget({ namespace: "", moduleId: 0, name: "" }, [])).toBeNull();
  });
});

describe("weights to begin with", () => {
  it("are equal among equals, and among those of whom nothing is known", () => {
    expect(
      suggestWeights([
        { load: 1, keys: 10 },
        { load: 1, keys: 10 },
      ]),
    ).toEqual([100, 100]);
    expect(
      suggestWeights([
        { load: null, keys: null },
        { load: null, keys: null },
      ]),
    ).toEqual([100, 100]);
    expect(suggestWeights([])).toEqual([]);
  });

  it("are smaller for a node under load, and for one that has much already", () => {
    const [idle = 0, loaded = 0] = suggestWeights([
      { load: 0, keys: 100 },
      { load: 3, keys: 100 },
    ]);
    expect([idle, loaded]).toEqual([100, 25]);
    const [empty = 0, full = 0] = suggestWeights([
      { load: 1, keys: 0 },
      { load: 1, keys: 900 },
    ]);
    expect(empty).toBe(100);
    expect(full).toBeLessThan(30);
    expect(full).toBeGreaterThanOrEqual(1);
  });

  it("take the mean for what is not known of one", () => {
    expect(
      suggestWeights([
        { load: 2, keys: 50 },
        { load: null, keys: null },
      ]),
    ).toEqual([100, 100]);
  });
});
