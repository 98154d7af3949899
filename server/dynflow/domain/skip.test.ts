import { describe, expect, it } from "vitest";
import { cancelRefusals, cancelSteps, matchesClass } from "./cancel.ts";
import type { ActionHead, StepRow } from "./model.ts";
import { judgeSkip, resultAfterSkip, skipPlanRefusals } from "./skip.ts";

const step = (id: number, state: string, phase: StepRow["phase"] = "run", actionId = id): StepRow => ({
  id,
  phase,
  class: "",
  state,
  actionId,
  actionClass: `Actions::A${actionId}`,
  queue: null,
  startedAt: null,
  endedAt: null,
  realTimeSec: 0,
  executionTimeSec: 0,
  progressDone: 0,
  progressWeight: 1,
  error: { ok: true, value: null },
  children: { ok: true, value: null },
});
const action = (id: number, finalizeStepId: number | null): ActionHead => ({
  id,
  class: `Actions::A${id}`,
  planStepId: null,
  runStepId: id,
  finalizeStepId,
  callerPlanId: null,
  callerActionId: null,
});
const planWith = (steps: readonly StepRow[], actions: readonly ActionHead[] = []) => ({
  steps,
  actions,
  stepIds: { ok: true, value: steps.map(({ id }) => id) } as const,
});
const needs = (table: Readonly<Record<number, readonly number[]>>) =>
  Object.entries(table).map(([id, value]) => ({ actionId: Number(id), stepIds: { ok: true, value } as const }));

describe("a skip", () => {
  it("takes along what depends on the step, and its finalize step; what only follows it runs", () => {
    const plan = planWith(
      [step(1, "error"), step(2, "pending"), step(3, "pending"), step(9, "pending", "finalize", 1)],
      [action(1, 9)],
    );
    expect(judgeSkip(plan, needs({ 1: [], 2: [1], 3: [] }), [1])).toEqual({
      refusals: [],
      changes: [
        { stepId: 2, from: "pending", to: "skipped" },
        { stepId: 1, from: "error", to: "skipping" },
        { stepId: 9, from: "pending", to: "skipped" },
      ],
    });
  });

  it("is refused whole when one dependent step can no longer be skipped", () => {
    const plan = planWith([step(1, "error"), step(2, "suspended"), step(3, "pending")]);
    const { refusals } = judgeSkip(plan, needs({ 1: [], 2: [1], 3: [1] }), [1]);
    expect(refusals).toEqual(["step 2 depends on it and is suspended: it can no longer be skipped"]);
  });

  it("is refused when an input cannot be read: nobody knows what depends on the step", () => {
    const plan = planWith([step(1, "error"), step(2, "pending")]);
    const references = [
      ...needs({ 1: [] }),
      { actionId: 2, stepIds: { ok: false, reason: "too long", bytes: 9 } } as const,
    ];
    expect(judgeSkip(plan, references, [1]).refusals).toHaveLength(1);
    expect(judgeSkip(plan, needs({ 1: [] }), [1]).refusals).toHaveLength(1);
  });

  it.each([
    ["pending", "run"],
    ["success", "run"],
    ["error", "plan"],
  ] as const)("of a step that is %s in the %s phase is refused", (state, phase) => {
    expect(judgeSkip(planWith([step(1, state, phase)]), needs({ 1: [] }), [1]).refusals).not.toEqual([]);
    expect(judgeSkip(planWith([step(2, "error")]), needs({ 2: [] }), [1]).refusals).not.toEqual([]);
  });

  it("ends on references in a circle", () => {
    const plan = planWith([step(1, "error"), step(2, "pending")]);
    expect(judgeSkip(plan, needs({ 1: [2], 2: [1] }), [1]).changes.map((change) => change.stepId)).toEqual([2, 1]);
  });

  it("changes the result to warning, or leaves error when another step failed", () => {
    const steps = [
      { id: 1, state: "error" },
      { id: 2, state: "success" },
    ];
    const changes = [{ stepId: 1, from: "error", to: "skipping" }] as const;
    expect(resultAfterSkip(steps, changes)).toBe("warning");
    expect(resultAfterSkip([...steps, { id: 3, state: "error" }], changes)).toBe("error");
  });

  it("needs a paused plan that nobody holds", () => {
    expect(skipPlanRefusals("paused", [])).toEqual([]);
    expect(skipPlanRefusals("running", [{ kind: "execution" }])).toHaveLength(2);
  });
});

describe("a cancel", () => {
  const known = { subPlanActions: new Set([2]), cancellable: ["Actions::A3", "Katello::*"] };

  it("goes to running and suspended run steps, and says which of them are known to be cancellable", () => {
    const plan = planWith([
      step(1, "suspended"),
      step(2, "suspended"),
      step(3, "running"),
      step(4, "pending"),
      step(5, "running", "finalize"),
    ]);
    expect(cancelSteps(plan, known).map(({ stepId, cancellable }) => [stepId, cancellable])).toEqual([
      [1, null],
      [2, "sub-plans"],
      [3, "configured"],
    ]);
  });

  it("needs a running plan with an executor, or a scheduled one that nobody plans", () => {
    const steps = cancelSteps(planWith([step(2, "suspended")]), known);
    const lock = { kind: "execution", worldId: "w" } as const;
    expect(cancelRefusals("running", [lock], steps)).toEqual([]);
    expect(cancelRefusals("running", [], steps)).toHaveLength(1);
    expect(cancelRefusals("running", [lock], [])).toHaveLength(1);
    expect(cancelRefusals("paused", [], steps)).toHaveLength(1);
    expect(cancelRefusals("scheduled", [], [])).toEqual([]);
    expect(cancelRefusals("scheduled", [{ kind: "planning", worldId: "w" }], [])).toHaveLength(1);
  });

  it("matches a class by its name or by its beginning", () => {
    expect(matchesClass("Actions::*", "Actions::Sync")).toBe(true);
    expect(matchesClass("Actions::Sync", "Actions::SyncAll")).toBe(false);
    expect(matchesClass("*", "Anything")).toBe(true);
  });
});
