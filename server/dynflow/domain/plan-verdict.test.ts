import { describe, expect, it } from "vitest";
import { firstFailedStep } from "./first-failure.ts";
import { flowAt, flowStepIds, pathToStep } from "./flow-tree.ts";
import type { Flow } from "./model.ts";
import { plan, planStep, step } from "./plan.test-kit.ts";
import { judgePlan, listedSteps, missingStepIds, progressDoneOf, resultOf } from "./plan-verdict.ts";

const atom = (stepId: number): Flow => ({ kind: "step", stepId });
const sequence = (...flows: readonly Flow[]): Flow => ({ kind: "sequence", flows });
const concurrence = (...flows: readonly Flow[]): Flow => ({ kind: "concurrence", flows });
const ok = <T>(value: T) => ({ ok: true, value }) as const;
const bad = { ok: false, reason: "ends too early", bytes: 3 } as const;

describe("the result of a plan", () => {
  it.each([
    [[], "success"],
    [["success", "success"], "success"],
    [["success", "pending"], "pending"],
    [["success", "suspended"], "pending"],
    [["success", "hovering"], "pending"],
    [["pending", "skipped"], "warning"],
    [["success", "skipping"], "warning"],
    [["skipped", "error"], "error"],
    [["error", "skipped", "cancelled"], "cancelled"],
  ] as const)("of steps %j is %s", (states, result) => {
    expect(resultOf(states.map((state, index) => step(index, state)))).toBe(result);
  });

  it("counts only the steps that the plan lists", () => {
    const record = plan([step(1, "success"), step(2, "error")], { stepIds: ok([1]) });
    expect(judgePlan(record)).toMatchObject({ valid: true, result: "success" });
  });

  it("of a plan merely prepared, with rows but an empty list, is success", () => {
    const record = plan([planStep(1, "pending")], { stepIds: ok([]) });
    expect(judgePlan(record)).toMatchObject({ valid: true, result: "success" });
  });
});

describe("a plan that Ruby cannot load", () => {
  it("is one that lists a step without a row", () => {
    const record = plan([step(1, "success")], { stepIds: ok([1, 3, 2]) });
    expect(judgePlan(record)).toEqual({ valid: false, result: "N/A", reason: expect.stringContaining("3, 2") });
    expect(missingStepIds(record)).toEqual([3, 2]);
  });

  it.each(["stepIds", "runFlow", "finalizeFlow", "history"] as const)("is one whose %s will not decode", (key) => {
    expect(judgePlan(plan([], { [key]: bad }))).toEqual({ valid: false, result: "N/A", reason: "ends too early" });
  });
});

describe("steps", () => {
  it("are in the order of the list, each once, whatever the order of the rows", () => {
    const record = plan([step(1, "success"), step(2, "error"), step(9, "pending")], { stepIds: ok([9, 1]) });
    expect(listedSteps(record).map((each) => each.id)).toEqual([9, 1]);
  });

  it("are no fewer than the rows where the list is as long, but has them in another order or others", () => {
    const steps = [step(1, "success"), step(2, "error")];
    const [reversed, others] = [plan(steps, { stepIds: ok([2, 1]) }), plan(steps, { stepIds: ok([1, 3]) })];
    expect(listedSteps(reversed).map((each) => each.id)).toEqual([2, 1]);
    expect(missingStepIds(reversed)).toEqual([]);
    expect(listedSteps(others).map((each) => each.id)).toEqual([1]);
    expect(missingStepIds(others)).toEqual([3]);
  });

  it.each([
    ["success", 0.3, 1],
    ["skipped", null, 1],
    ["pending", 0.7, 0],
    ["error", 0.5, 0.5],
    ["suspended", null, 0],
  ] as const)("in state %s with %s stored are done to %d", (state, stored, done) => {
    expect(progressDoneOf(step(1, state, { progressDone: stored }))).toBe(done);
  });
});

describe("the progress of a plan", () => {
  const steps = [step(2, "success", { progressWeight: 3 }), step(4, "suspended", { progressDone: 0.5 })];
  const flows = { runFlow: ok(sequence(atom(2), atom(4))) };
  const inState = (state: string) => plan(steps, { ...flows, head: { ...plan([]).head, state } });

  it("weighs the steps of both flows", () => {
    expect(judgePlan(inState("running"))).toMatchObject({ progress: 3.5 / 4 });
    const both = plan(steps, { runFlow: ok(atom(2)), finalizeFlow: ok(sequence(atom(4))) });
    expect(judgePlan(both)).toMatchObject({ progress: 3.5 / 4 });
  });

  it.each(["pending", "planning", "scheduled"])("is 0 while %s", (state) => {
    expect(judgePlan(inState(state))).toMatchObject({ progress: 0 });
  });

  it("is 1 when nothing weighs anything", () => {
    expect(judgePlan(plan([planStep(1, "success")]))).toMatchObject({ progress: 1 });
    const unweighed = plan([step(2, "running", { progressWeight: null })], { runFlow: ok(atom(2)) });
    expect(judgePlan(unweighed)).toMatchObject({ progress: 1 });
  });

  it("leaves out steps of the flow that are not there", () => {
    expect(judgePlan(plan(steps, { runFlow: ok(sequence(atom(2), atom(77))) }))).toMatchObject({ progress: 1 });
  });

  it("comes with the time spent so far", () => {
    const timed = plan([step(1, "success", { executionTimeSec: 1.25 }), step(2, "running")]);
    expect(judgePlan(timed)).toMatchObject({ executionTimeSec: 1.25 });
  });
});

describe("flows as trees", () => {
  const flow = sequence(atom(2), concurrence(atom(4), sequence(atom(7), atom(10))), atom(16));

  it("give their steps in order", () => {
    expect(flowStepIds(flow)).toEqual([2, 4, 7, 10, 16]);
    expect(flowStepIds(concurrence())).toEqual([]);
  });

  it("give the path to each step, and the step at each path", () => {
    expect(pathToStep(flow, 10)).toEqual([1, 1, 1]);
    expect(pathToStep(atom(5), 5)).toEqual([]);
    expect(pathToStep(flow, 5)).toBeNull();
    for (const id of flowStepIds(flow)) expect(flowAt(flow, pathToStep(flow, id) ?? [9])).toEqual(atom(id));
    expect(flowAt(flow, [0, 0])).toBeNull();
    expect(flowAt(flow, [7])).toBeNull();
  });
});

describe("the first failed step", () => {
  const runFlow = ok(sequence(concurrence(atom(8), atom(4)), atom(6)));
  const finalizeFlow = ok(sequence(atom(5), atom(9)));

  it("follows the order of the run flow, not of ids", () => {
    const steps = [planStep(1, "success"), step(4, "error"), step(6, "pending"), step(8, "error")];
    expect(firstFailedStep(plan(steps, { runFlow }))).toEqual({ stepId: 8, phase: "run", path: [0, 0] });
  });

  it("is of the finalize flow only when nothing of the run flow failed", () => {
    const steps = [step(4, "skipped"), step(9, "error", { phase: "finalize" })];
    expect(firstFailedStep(plan(steps, { runFlow, finalizeFlow }))).toEqual({
      stepId: 9,
      phase: "finalize",
      path: [1],
    });
  });

  it("in planning is the innermost: its ancestors failed with it", () => {
    const steps = [
      planStep(1, "error", [3, 5]),
      planStep(3, "success"),
      planStep(5, "error", [7]),
      planStep(7, "error"),
    ];
    expect(firstFailedStep(plan(steps))).toEqual({ stepId: 7, phase: "plan", path: [1, 5, 7] });
  });

  it("is found though the tree of plan steps runs in a circle", () => {
    const steps = [planStep(1, "success", [3]), planStep(3, "error", [1])];
    expect(firstFailedStep(plan(steps))).toEqual({ stepId: 3, phase: "plan", path: [1, 3] });
  });

  it("is none when nothing failed, and when the failed step is not listed", () => {
    expect(firstFailedStep(plan([step(4, "skipping")], { runFlow }))).toBeNull();
    expect(firstFailedStep(plan([step(4, "error")], { runFlow, stepIds: ok([]) }))).toBeNull();
    expect(firstFailedStep(plan([step(4, "error")], { runFlow: bad, finalizeFlow: bad }))).toBeNull();
  });
});
