import { expect, it } from "vitest";
import { judge, STAGES } from "./stages.mjs";

it.each([
  ["all passed", [0, 5, 0, 0, true], 5, 0],
  ["one failed", [1, 4, 1, 0, false], 4, 1],
  ["one skipped", [0, 4, 0, 1, true], 4, 1],
  ["no test was run", [0, 0, 0, 0, true], 0, 1],
  ["all passed, and the run ended badly", [1, 5, 0, 0, true], 5, 1],
  ["all passed, and something threw beside them", [0, 5, 0, 0, false], 5, 1],
] as const)("%s", (_what, [code, passed, failed, skipped, success], expectedPassed, expectedFailed) => {
  expect(judge(code, passed, failed, skipped, success)).toMatchObject({
    passed: expectedPassed,
    failed: expectedFailed,
  });
});

it("has a budget for every stage, within what CI gives to all of them", () => {
  const totalS = STAGES.reduce((sum, { budgetS }) => sum + budgetS, 0);
  expect(STAGES.map(({ name }) => name)).toEqual(["lint", "types", "unit", "build", "services", "e2e"]);
  expect(totalS).toBeLessThanOrEqual(5_400);
});
