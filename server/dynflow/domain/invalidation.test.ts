import { describe, expect, it } from "vitest";
import { planOf, stepOf } from "#server/dynflow/follower.test-kit.ts";
import { epochMs } from "#server/kernel/clock.ts";
import { abandon, fateOf, fateWords, PLAN_FATES } from "./invalidation.ts";
import type { PlanRecord } from "./model.ts";

const NOW = epochMs(Date.UTC(2026, 10, 22, 6, 0, 0, 500));
const HOW = { deadWorldId: "dead", invalidatorId: "us", now: NOW };

function plan(state: string, steps: Parameters<typeof planOf>[2], over: Partial<PlanRecord> = {}): PlanRecord {
  const { head, steps: rows } = planOf("p", { state, startedAt: "2026-11-22T05:59:00.000000Z" }, steps);
  const flow = { ok: true, value: { kind: "sequence", flows: [] } } as const;
  return {
    head,
    runFlow: flow,
    finalizeFlow: flow,
    history: { ok: true, value: [{ timeSec: 1, name: "start execution", worldId: "dead" }] },
    stepIds: { ok: true, value: rows.map((step) => step.id) },
    steps: rows,
    actions: [],
    delayed: null,
    blockedBy: [],
    blocks: [],
    subPlanIds: [],
    ...over,
  };
}
const abandonment = (...args: Parameters<typeof abandon>) => {
  const outcome = abandon(...args);
  if (!outcome.loadable) throw new Error(outcome.reason);
  return outcome.abandonment;
};

describe("a plan whose executor died", () => {
  it("keeps everything of steps that did not run, and its history, to which one entry of the dead world is added", () => {
    const steps = [
      { id: 1, state: "success" },
      { id: 2, state: "running" },
      { id: 3, state: "skipping" },
    ];
    expect(abandonment(plan("running", steps), "execution", HOW)).toEqual({
      failedStepIds: [2],
      state: "paused",
      result: "error",
      history: [
        { timeSec: 1, name: "start execution", worldId: "dead" },
        { timeSec: Math.floor(NOW / 1_000), name: "terminate execution", worldId: "dead" },
      ],
      ended: null,
      releases: { singleton: true, inhibition: false },
      goesOn: false,
    });
  });

  it("stays in a state that was not running, with its singleton locks", () => {
    const planned = abandonment(plan("planned", [{ id: 1, state: "success" }]), "execution", HOW);
    expect(planned).toMatchObject({ state: "planned", goesOn: true, releases: { singleton: false } });
  });

  it("ignores steps that it does not list, as Ruby does", () => {
    const listed = plan(
      "running",
      [
        { id: 1, state: "suspended" },
        { id: 2, state: "running" },
      ],
      {
        stepIds: { ok: true, value: [1] },
      },
    );
    expect(abandonment(listed, "execution", HOW)).toMatchObject({ failedStepIds: [], result: "pending", goesOn: true });
  });

  it("is not written when Ruby could not load it", () => {
    const lacking = plan("running", [{ id: 1, state: "running" }], { stepIds: { ok: true, value: [1, 9] } });
    expect(abandon(lacking, "execution", HOW)).toMatchObject({ loadable: false });
    const broken = plan("running", [], { history: { ok: false, reason: "no list", bytes: 3 } });
    expect(fateOf(abandon(broken, "execution", HOW), "execution", true)).toBe("only-unlocked");
  });
});

describe("a plan whose planner died", () => {
  const planStep = (id: number, state: string) => ({
    ...stepOf({ id, state }),
    phase: "plan" as const,
    executionTimeSec: 0.25,
  });

  it("is planned when every plan step has succeeded, and executed", () => {
    const found = abandonment(plan("planning", [planStep(1, "success"), { id: 2, state: "pending" }]), "planning", HOW);
    expect(found).toMatchObject({ state: "planned", ended: null, goesOn: true });
    expect(found.history).toHaveLength(1);
  });

  it.each([[[planStep(1, "running")]], [[planStep(1, "success"), planStep(2, "pending")]], [[]]])(
    "is stopped else, with its times and the entry of the invalidator (%#)",
    (steps) => {
      const found = abandonment(plan("planning", steps), "planning", HOW);
      expect(found).toMatchObject({ state: "stopped", goesOn: false, releases: { singleton: true, inhibition: true } });
      expect(found.ended).toEqual({ at: NOW, realTimeSec: 60.5, executionTimeSec: 0.25 * steps.length });
      expect(found.history.at(-1)).toEqual({
        timeSec: Math.floor(NOW / 1_000),
        name: "finish execution",
        worldId: "us",
      });
    },
  );
});

it("every fate has its words", () => {
  expect(new Set(PLAN_FATES.map(fateWords)).size).toBe(PLAN_FATES.length);
});
