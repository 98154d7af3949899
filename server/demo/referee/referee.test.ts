import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type History, MISHAPS, type Mishap, playHistory } from "./history.test-kit.ts";
import type { Residual } from "./referee.ts";

const RUNS = 1_000;
const SEED = Date.now() | 0;

const mishaps = fc.record<Mishap>({
  kind: fc.constantFrom(...MISHAPS),
  atMs: fc.integer({ min: 3_000, max: 80_000 }),
  forMs: fc.integer({ min: 500, max: 110_000 }),
  node: fc.nat(2),
});
const histories = fc.record<History>({
  seed: fc.integer(),
  mishaps: fc.array(mishaps, { maxLength: 4 }),
  lengthMs: fc.constant(170_000),
  operator: fc.constantFrom("none", "patient"),
});

const historyOf = (change: Partial<History>): History => ({
  seed: 1,
  mishaps: [],
  lengthMs: 170_000,
  operator: "patient",
  ...change,
});

describe(`over ${RUNS} histories (seed ${SEED})`, () => {
  it("the fold tells what the referee knows, nothing is releasable without ground, and no release doubles an owner", () => {
    const residual: Record<Residual, number> = { "hung-worker": 0, "suspended-vm": 0, "just-woken": 0 };
    let [released, takenOver] = [0, 0];
    const before = process.cpuUsage();
    fc.assert(
      fc.property(histories, (history) => {
        const outcome = playHistory(history);
        expect(outcome.lies).toEqual([]);
        expect(outcome.unfounded).toEqual([]);
        const caused = outcome.referee.doubleOwners.filter((double) => double.cause === "released");
        expect(caused.filter((double) => double.residual === null)).toEqual([]);
        for (const double of caused) if (double.residual !== null) residual[double.residual] += 1;
        released += outcome.released;
        takenOver += outcome.referee.doubleOwners.length - caused.length;
      }),
      { numRuns: RUNS, seed: SEED },
    );
    const { user, system } = process.cpuUsage(before);
    const figures = { seed: SEED, cpuMsPerHistory: (user + system) / 1_000 / RUNS, released, takenOver, residual };
    process.stdout.write(`referee: ${JSON.stringify(figures)}\n`);
    expect(released).toBeGreaterThan(100);
    expect(takenOver).toBeGreaterThan(0);
  }, 120_000);
});

describe("the referee notices", () => {
  const gap: Mishap = { kind: "no-reads", atMs: 20_000, forMs: 15_000, node: 0 };
  it("a console that counts silence over a gap in its reads", () => {
    const pause: Mishap = { kind: "kill", atMs: 15_000, forMs: 0, node: 1 };
    expect(playHistory(historyOf({ mishaps: [gap, pause] })).lies).toEqual([]);
    const blind = playHistory(historyOf({ mishaps: [gap, pause], ignoresGaps: true }));
    expect(blind.lies.length).toBeGreaterThan(0);
    expect(blind.unfounded.length).toBeGreaterThan(0);
  });

  const pause: Mishap = { kind: "pause", atMs: 15_000, forMs: 32_000, node: 1 };
  /** The second node caches its own keys, stops, and serves them when it goes on; the first is asked for them meanwhile. */
  const requests: History["requests"] = ([, second = []]) =>
    second.flatMap((key) => [
      { atMs: 13_000, node: 1, key },
      { atMs: 46_000, node: 0, key },
      { atMs: 60_000, node: 1, key },
    ]);
  it("an operator who releases without the wait", () => {
    const { referee, unfounded } = playHistory(historyOf({ mishaps: [pause], requests, operator: "impatient" }));
    const caused = referee.doubleOwners.filter((double) => double.cause === "released" && double.residual === null);
    expect(caused.length).toBeGreaterThan(0);
    expect(unfounded.length).toBeGreaterThan(0);
  });
  it("that DNA by itself doubles owners when a stopped node goes on, without any release", () => {
    const { referee } = playHistory(historyOf({ mishaps: [pause], requests, operator: "none" }));
    expect(new Set(referee.doubleOwners.map((double) => double.cause))).toEqual(new Set(["taken-over"]));
  });
});

it("counts a hung worker apart: no reader can see it, its keys are released by the rule and doubled", () => {
  const hang: Mishap = { kind: "hang", atMs: 15_000, forMs: 0, node: 1 };
  const every10s = Array.from({ length: 15 }, (_, index) => 16_000 + index * 10_000);
  const requests: History["requests"] = ([, second = []]) =>
    second.flatMap((key) => [...every10s.map((atMs) => ({ atMs, node: 1, key })), { atMs: 120_000, node: 0, key }]);
  const { referee, lies, unfounded, released } = playHistory(historyOf({ mishaps: [hang], requests }));
  expect([lies, unfounded]).toEqual([[], []]);
  expect(released).toBeGreaterThan(0);
  const caused = referee.doubleOwners.filter((double) => double.cause === "released");
  expect(caused.length).toBeGreaterThan(0);
  expect(new Set(caused.map((double) => double.residual))).toEqual(new Set(["hung-worker"]));
});
