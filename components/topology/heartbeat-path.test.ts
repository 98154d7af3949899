import { describe, expect, it } from "vitest";
import { beatPath } from "./heartbeat-path.ts";

const identity = (value: number) => value;
const draw = (...beats: readonly (readonly [at: number, silentMs: number])[]) =>
  beatPath(
    beats.map(([at, silentMs]) => ({ at, silentMs })),
    identity,
    identity,
    -1_000,
  );

describe("beatPath", () => {
  it("climbs while nothing beats", () => expect(draw([0, 100], [50, 150])).toBe("M-100.0 0.0L0.0 100.0L50.0 150.0"));
  it("drops to zero where the beat was, between two samples", () => {
    expect(draw([0, 100], [50, 20])).toBe("M-100.0 0.0L0.0 100.0L30.0 130.0L30.0 0.0L50.0 20.0");
  });
  it("does not draw what is before the picture", () => {
    expect(beatPath([{ at: 10, silentMs: 100 }], identity, identity, 0)).toBe("M0.0 90.0L10.0 100.0");
  });
  it("draws nothing without a sample", () => expect(draw()).toBe(""));
});
