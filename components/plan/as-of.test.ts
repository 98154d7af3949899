import { describe, expect, it } from "vitest";
import { type DynflowFold, EMPTY_DYNFLOW, type PlanFold } from "#server/contract/fold/dynflow.ts";
import { type EpochMs, epochMs } from "#server/kernel/clock.ts";
import { planAt } from "./as-of.ts";
import { PLAN_ID, plan, STEPS } from "./plan.test-kit.ts";

const at = (clock: string): EpochMs => epochMs(Date.parse(`2026-11-22T${clock}Z`));
const now = { plan: plan(), steps: STEPS, history: undefined };
const foldOf = (over: Partial<PlanFold>): DynflowFold => ({
  ...EMPTY_DYNFLOW,
  plans: {
    [PLAN_ID]: {
      label: null,
      state: "running",
      result: "pending",
      rootActionClass: null,
      startedAt: "2026-11-22T06:14:03.000000Z",
      endedAt: null,
      steps: { 1: "success", 3: "running", 17: "pending" },
      stepCount: 3,
      failure: null,
      stateSince: at("06:14:03"),
      movedAt: at("06:14:03"),
      unlockedSince: null,
      ...over,
    },
  },
});

describe("a plan as of an instant", () => {
  it("has the states of then, and nothing that came later", () => {
    const then = planAt(now, foldOf({}), at("06:14:05"));
    expect(then.standing).toBe("unfinished");
    expect(then.plan).toMatchObject({ state: "running", result: "pending", firstFailedStepId: null, progress: 0 });
    expect(then.plan.resume.possible).toBe(false);
    expect(then.steps?.map(({ id, state }) => `${id} ${state}`)).toEqual(["1 success", "3 running", "17 pending"]);
    const running = then.steps?.find(({ id }) => id === 3);
    expect(running).toMatchObject({ endedAt: null, realTimeSec: null });
    expect(running?.startedAt).not.toBeNull();
    expect(then.steps?.find(({ id }) => id === 17)).toMatchObject({ startedAt: null, exceptionClass: null });
  });

  it("keeps the times and the error of a step that has not been tried again since", () => {
    const failure = { stepId: 17, actionClass: "A", exceptionClass: "Of::Then", message: "m" };
    const steps = { 1: "success", 17: "error" };
    const same = planAt(now, foldOf({ state: "paused", steps, failure }), at("06:20:00"));
    expect(same.steps?.find(({ id }) => id === 17)).toMatchObject({
      realTimeSec: 2,
      exceptionClass: "Katello::Errors::Pulp3Error",
    });
    const before = planAt(now, foldOf({ state: "paused", steps, failure }), at("06:14:05"));
    expect(before.steps?.find(({ id }) => id === 17)).toMatchObject({
      endedAt: null,
      realTimeSec: null,
      exceptionClass: "Of::Then",
    });
    expect(before.plan.firstFailedStepId).toBe(17);
  });

  it("says that the states of a very large plan's steps are not known", () => {
    const then = planAt(now, foldOf({ steps: null }), at("06:14:05"));
    expect(new Set(then.steps?.map(({ state }) => state))).toEqual(new Set(["unknown"]));
  });

  it("tells stopped, not seen and not known apart", () => {
    const ended = { ...now, plan: plan({ state: "stopped", endedAt: "2026-11-22T06:30:00.000000Z" }) };
    expect(planAt(ended, EMPTY_DYNFLOW, at("06:31:00")).standing).toBe("stopped");
    expect(planAt(ended, EMPTY_DYNFLOW, at("06:10:00")).standing).toBe("not-seen");
    expect(planAt(now, EMPTY_DYNFLOW, at("06:10:00")).standing).toBe("not-seen");
    expect(planAt(now, null, at("06:10:00")).standing).toBe("not-known");
  });

  it("has the entries of its history until then, and the locks that spoke of it", () => {
    const entries = [
      { at: "2026-11-22T06:14:05.000Z", name: "start execution", worldId: null },
      { at: "2026-11-22T06:14:09.000Z", name: "pause execution", worldId: null },
    ];
    const history = { asOf: null, faults: [], entries, unreadable: null };
    const lock = {
      class: "Dynflow::Coordinator::ExecutionLock",
      id: `execution-plan:${PLAN_ID}`,
      ownerId: "w",
      planId: PLAN_ID,
      worldId: "w",
      clientWorldId: null,
      requestId: null,
      unreadable: null,
      seenSince: at("06:14:03"),
    };
    const then = planAt(
      { ...now, history },
      { ...foldOf({}), locks: { [`${lock.class}|${lock.id}`]: lock } },
      at("06:14:06"),
    );
    expect(then.history?.entries).toHaveLength(1);
    expect(then.plan.locks).toMatchObject([{ worldId: "w", orphaned: true, seenSince: "2026-11-22T06:14:03.000Z" }]);
  });
});
