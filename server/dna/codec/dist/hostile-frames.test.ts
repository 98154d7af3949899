import { expect, test } from "vitest";
import { fuzzDistribution } from "./dist-fuzz.test-kit.ts";

test("20,000 mutated frames and terms: a value or the reason why there is none, a third of them decoded into", () => {
  const rounds = 20_000;
  const { past, faults } = fuzzDistribution(rounds, 1);
  expect(faults).toEqual([]);
  expect(past / rounds).toBeGreaterThan(0.3);
});

test("the same seed gives the same rounds, and a round replays alone", () => {
  expect(fuzzDistribution(300, 7).past).toBe(fuzzDistribution(300, 7).past);
  const single = Array.from({ length: 50 }, (_, round) => fuzzDistribution(1, 7 + round).past);
  expect(single.reduce((sum, past) => sum + past, 0)).toBe(fuzzDistribution(50, 7).past);
});
