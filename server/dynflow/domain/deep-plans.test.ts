import { describe, expect, it } from "vitest";
import { parseFlow } from "#server/dynflow/codec/flow.ts";
import type { MsgpackValue } from "#server/dynflow/codec/msgpack-value.ts";
import { firstFailedStep } from "./first-failure.ts";
import { flowAt, flowStepIds, pathToStep } from "./flow-tree.ts";
import type { Flow, StepRow } from "./model.ts";
import { plan, planStep, step } from "./plan.test-kit.ts";
import { judgePlan } from "./plan-verdict.ts";
import { judgeSkip, stepsToSkip } from "./skip.ts";

const DEPTH = 10_000;
const WIDTH = 100_000;
/** CPU time for one question to a plan of such a size; generous, as others use the machine too. */
const MAX_MS = 3_000;

function nested(depth: number, stepId: number): Flow {
  let flow: Flow = { kind: "step", stepId };
  for (let level = 0; level < depth; level += 1)
    flow = { kind: level % 2 === 0 ? "sequence" : "concurrence", flows: [flow] };
  return flow;
}

function quickly<T>(work: () => T): T {
  const before = process.cpuUsage();
  const result = work();
  const { user, system } = process.cpuUsage(before);
  expect((user + system) / 1_000).toBeLessThan(MAX_MS);
  return result;
}

const ids = (count: number): readonly number[] => Array.from({ length: count }, (_, index) => index + 1);

describe(`a flow nested ${DEPTH} deep`, () => {
  const flow = nested(DEPTH, 2);

  it("is walked, whatever the depth", () => {
    expect(flowStepIds(flow)).toEqual([2]);
    const path = pathToStep(flow, 2) ?? [];
    expect(path).toHaveLength(DEPTH);
    expect(flowAt(flow, path)).toEqual({ kind: "step", stepId: 2 });
    expect(pathToStep(flow, 3)).toBe(null);
  });

  it("is read from either form", () => {
    let compact: MsgpackValue = 2;
    let byClass: MsgpackValue = new Map<MsgpackValue, MsgpackValue>([
      ["class", "Dynflow::Flows::Atom"],
      ["step_id", 2],
    ]);
    for (let level = 0; level < DEPTH; level += 1) {
      compact = [level % 2 === 0 ? "S" : "C", compact];
      const name = `Dynflow::Flows::${level % 2 === 0 ? "Sequence" : "Concurrence"}`;
      byClass = new Map<MsgpackValue, MsgpackValue>([
        ["class", name],
        ["flows", [byClass]],
      ]);
    }
    for (const value of [compact, byClass]) {
      const read = parseFlow(value);
      if (!read.ok) return expect.fail(read.reason);
      expect(flowStepIds(read.value)).toEqual([2]);
      expect(pathToStep(read.value, 2)).toHaveLength(DEPTH);
    }
  });

  it("has a verdict and a first failure", () => {
    const steps = [planStep(1, "success"), step(2, "error")];
    const deep = plan(steps, { runFlow: { ok: true, value: flow } });
    expect(judgePlan(deep)).toMatchObject({ valid: true, result: "error" });
    expect(firstFailedStep(deep)).toMatchObject({ stepId: 2, phase: "run" });
  });
});

describe(`a plan of ${WIDTH} steps`, () => {
  const steps = ids(WIDTH).map((id) => step(id, id === WIDTH ? "error" : "success"));
  const flow: Flow = { kind: "sequence", flows: steps.map(({ id }) => ({ kind: "step", stepId: id })) };

  it("has a verdict and a first failure within a moment", () => {
    const wide = plan(steps, { runFlow: { ok: true, value: flow } });
    expect(quickly(() => judgePlan(wide))).toMatchObject({ valid: true, result: "error" });
    expect(quickly(() => firstFailedStep(wide))).toEqual({ stepId: WIDTH, phase: "run", path: [WIDTH - 1] });
  });

  it("names some of its missing steps, not all", () => {
    const verdict = quickly(() => judgePlan(plan([], { stepIds: { ok: true, value: ids(WIDTH) } })));
    expect(verdict).toMatchObject({ valid: false, result: "N/A" });
    expect(verdict.valid ? "" : verdict.reason).toMatch(/: 1, 2, .* 20 and 99980 more$/);
  });

  it("planned each by the one before has a way to the failure", () => {
    const chain = ids(WIDTH).map((id) => planStep(id, "error", id === WIDTH ? [] : [id + 1]));
    expect(quickly(() => firstFailedStep(plan(chain)))?.path).toHaveLength(WIDTH);
  });

  it("of which each needs the one before is skipped whole, the last first", () => {
    const each = ids(WIDTH).map((id) => step(id, id === 1 ? "error" : "pending", { actionId: id }));
    const references = each.map(({ id }) => ({
      actionId: id,
      stepIds: { ok: true as const, value: id === 1 ? [] : [id - 1] },
    }));
    const whole = plan(each);
    expect(quickly(() => stepsToSkip(whole, references, 1))).toEqual(ids(WIDTH).toReversed());
    expect(quickly(() => judgeSkip(whole, references, [1])).changes).toHaveLength(WIDTH);
  });
});

describe("circles", () => {
  it.each<[string, readonly StepRow[]]>([
    ["a plan step that planned itself", [planStep(1, "error", [1])]],
    ["two plan steps that planned each other", [planStep(1, "error", [2]), planStep(2, "error", [1])]],
  ])("end: %s", (_what, steps) => {
    expect(() => firstFailedStep(plan(steps))).not.toThrow();
    expect(judgePlan(plan(steps))).toMatchObject({ valid: true, result: "error" });
  });

  it("end in references: each step is skipped once", () => {
    const each = [1, 2, 3].map((id) => step(id, id === 1 ? "error" : "pending", { actionId: id }));
    const needs = (actionId: number, value: readonly number[]) => ({ actionId, stepIds: { ok: true as const, value } });
    const references = [needs(1, [3, 1]), needs(2, [1]), needs(3, [2])];
    expect(stepsToSkip(plan(each), references, 1).toSorted()).toEqual([1, 2, 3]);
  });
});

describe("words that nobody knows", () => {
  it("are kept as they stand, and counted as not done", () => {
    const strange = [step(1, "hibernating", { phase: "unknown", class: "Dynflow::Next::Step" })];
    expect(judgePlan(plan(strange))).toMatchObject({ valid: true, result: "pending" });
    expect(
      judgePlan(plan(strange, { head: { ...plan([]).head, state: "dreaming", result: "perhaps" } })),
    ).toMatchObject({
      valid: true,
    });
  });
});
