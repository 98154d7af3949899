import { describe, expect, it } from "vitest";
import { workMs } from "#server/kernel/own-time.test-kit.ts";
import { step } from "./plan.test-kit.ts";
import { filteredSteps, LISTED, NO_FILTER, orderedSteps, STEP_SORTS, stepsCsv } from "./step-rows.ts";

const STEPS = [
  step(9, { phase: "plan", queue: null, realTimeSec: 3, progressWeight: null }),
  step(3, { state: "error", exceptionClass: "A::Error", queue: "slow", realTimeSec: 1 }),
  step(17, { state: "pending", startedAt: null, endedAt: null, realTimeSec: 0, queue: "default" }),
  step(4, { phase: "finalize", realTimeSec: 2, actionClass: "Actions::Zip" }),
];
const ids = (steps: readonly { readonly id: number }[]) => steps.map(({ id }) => id);

describe("the steps of a table", () => {
  it("stand as the plan lists them until somebody sorts", () => {
    expect(orderedSteps(STEPS, LISTED)).toBe(STEPS);
    expect(ids(orderedSteps(STEPS, { ...LISTED, descending: true }))).toEqual([4, 17, 3, 9]);
  });

  it.each([
    ["id", [3, 4, 9, 17], [17, 9, 4, 3]],
    ["phase", [9, 3, 17, 4], [4, 3, 17, 9]],
    ["took", [3, 4, 9, 17], [9, 4, 3, 17]],
    ["queue", [17, 4, 3, 9], [3, 17, 4, 9]],
    ["error", [3, 9, 17, 4], [3, 9, 17, 4]],
  ] as const)("sort by %s, what there is none of last both ways, ties as listed", (by, up, down) => {
    expect(ids(orderedSteps(STEPS, { by, descending: false }))).toEqual(up);
    expect(ids(orderedSteps(STEPS, { by, descending: true }))).toEqual(down);
  });

  it("are all there in each order", () => {
    for (const by of STEP_SORTS)
      expect(ids(orderedSteps(STEPS, { by, descending: true })).toSorted()).toEqual(ids(STEPS).toSorted());
  });

  it.each([
    [{ state: "error" }, [3]],
    [{ phase: "run" as const }, [3, 17]],
    [{ text: "zip" }, [4]],
    [{ text: "SLOW a::err" }, [3]],
    [{ text: "17" }, [17]],
    [{ text: "  " }, [9, 3, 17, 4]],
    [{ phase: "run" as const, text: "zip" }, []],
  ])("are filtered by %o", (filter, expected) => {
    expect(ids(filteredSteps(STEPS, { ...NO_FILTER, ...filter }))).toEqual(expected);
  });

  it("are handed on as CSV, formulas disarmed, what the plan does not list told apart", () => {
    const hostile = step(5, { actionClass: '=cmd|"x"', exceptionClass: "a,b" });
    const [head, line] = stepsCsv([hostile], new Set([5])).split("\r\n");
    expect(head?.split(",")).toHaveLength(14);
    expect(line).toContain(`"'=cmd|""x"""`);
    expect(line).toContain('"a,b",no');
  });

  it("are sorted and filtered fast enough to type: 100,000 within a second", () => {
    const many = Array.from({ length: 100_000 }, (_, id) => step(id, { actionClass: `Actions::Step${id % 977}` }));
    const took = workMs(() => {
      const found = orderedSteps(filteredSteps(many, { ...NO_FILTER, text: "step9" }), {
        by: "action",
        descending: true,
      });
      expect(found.length).toBeGreaterThan(1_000);
    });
    expect(took).toBeLessThan(1_000);
  });
});
