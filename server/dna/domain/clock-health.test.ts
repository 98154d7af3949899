import { describe, expect, it } from "vitest";
import { type ClockWatch, clockHealthOf, EMPTY_CLOCK_WATCH, observeClocks } from "./clock-health.ts";

const BASE = -576_460_752_303n;
/** Beats every 5 s of true time of a clock that runs at `rate`, read every 2 s; skewed coordinators take turns. */
function read(seconds: number, rate: number, from: ClockWatch = EMPTY_CLOCK_WATCH, skewMs = 0): ClockWatch {
  let watch = from;
  for (let at = 0; at <= seconds; at += 2) {
    const beat = Math.floor(at / 5);
    const heartbeat = BASE + BigInt(Math.floor(beat * 5_000 * rate));
    const writtenAtMs = 1_795_300_000_000 + beat * 5_000 + (beat % 2) * skewMs;
    watch = observeClocks(watch, [{ id: "a", heartbeat, writtenAtMs }]);
  }
  return watch;
}

describe("clock health", () => {
  it("is 1 of a clock that keeps time, and the rate of one that does not", () => {
    expect(clockHealthOf(read(60, 1), "a")).toBeCloseTo(1, 5);
    expect(clockHealthOf(read(60, 0.5), "a")).toBeCloseTo(0.5, 5);
  });

  it("is not told before 20 s of beats", () => {
    expect(clockHealthOf(read(19, 0.5), "a")).toBeNull();
    expect(clockHealthOf(EMPTY_CLOCK_WATCH, "a")).toBeNull();
  });

  it("is hardly moved by coordinators whose clocks are 100 ms apart", () => {
    expect(Math.abs((clockHealthOf(read(90, 1, EMPTY_CLOCK_WATCH, 100), "a") ?? 0) - 1)).toBeLessThan(0.01);
  });

  it("begins anew when a heartbeat goes back, and forgets who is not there", () => {
    const watch = read(60, 1);
    const back = observeClocks(watch, [{ id: "a", heartbeat: BASE - 5n, writtenAtMs: 1_795_400_000_000 }]);
    expect(clockHealthOf(back, "a")).toBeNull();
    expect(observeClocks(watch, []).size).toBe(0);
  });

  it("of a long watch keeps a bounded number of beats", () => {
    expect(read(3_600, 1).get("a")?.length).toBeLessThanOrEqual(20);
  });
});
