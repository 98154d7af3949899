import { describe, expect, it } from "vitest";
import { addSkew, isDriftOfNote, medianSkew, type SkewWindow } from "./agent-skew.ts";

const windowOf = (...values: readonly number[]): SkewWindow => values.reduce<SkewWindow>(addSkew, []);

describe("the skew of a clock", () => {
  it("is the median of the last twenty, so that a slow call changes nothing", () => {
    expect(medianSkew(windowOf(50, 50))).toBeNull();
    expect(medianSkew(windowOf(50, 9_000, 40))).toBe(50);
    const many = Array.from({ length: 100 }, (_, n) => n);
    expect(windowOf(...many)).toEqual(many.slice(-20));
    expect(medianSkew(windowOf(...many))).toBe(90);
  });

  it("is told when it drifts by a second, or a tenth of what was told", () => {
    expect(isDriftOfNote(null, 999)).toBe(false);
    expect(isDriftOfNote(null, -1_000)).toBe(true);
    expect(isDriftOfNote(3_600_000, 3_700_000)).toBe(false);
    expect(isDriftOfNote(3_600_000, 20)).toBe(true);
  });
});
