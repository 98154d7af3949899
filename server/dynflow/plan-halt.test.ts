import { afterEach, describe, expect, it } from "vitest";
import type { DelayedPlan } from "./domain/model.ts";
import { planOf } from "./follower.test-kit.ts";
import {
  ACTOR,
  EXECUTOR,
  endConsoles,
  PLAN,
  passing,
  type Steps,
  ULID,
  US,
  universe,
} from "./plan-actions.test-kit.ts";

afterEach(endConsoles);

const ask = { planId: PLAN, requestId: ULID, actor: ACTOR };
const RUNNING: Steps = [
  { id: 4, state: "suspended", actionId: 4, actionClass: "Actions::Safe" },
  { id: 5, state: "suspended", actionId: 5, actionClass: "Actions::Fragile" },
];

function running() {
  const all = universe();
  all.put("running", RUNNING, "pending");
  all.lock("ExecutionLock");
  return all;
}

describe("cancel of one step", () => {
  const request = { ...ask, expectedState: "running", stepId: 4, expectedStepState: "suspended", force: false };

  it("goes to that step alone, with the state that it is expected in", async () => {
    const { clock, live, serve, mail, put } = running();
    const told: (number | null)[] = [];
    serve((_type, stepId) => {
      told.push(stepId);
      put("running", [{ id: 4, state: "success" }, ...RUNNING.slice(1)], "pending");
      return [{ type: "Done" }];
    });
    const guards: unknown[] = [];
    mail.onGuard = (guard) => {
      guards.push(guard);
      return { applied: true };
    };
    const { actions } = await live();
    expect(await passing(clock, actions.cancelStep(request))).toMatchObject({ phase: "verified" });
    expect(told).toEqual([4]);
    expect(guards).toEqual([{ planId: PLAN, state: "running", executorId: EXECUTOR, openStepIds: [4], inhibit: null }]);
  });

  it("is refused for a step of a class that nothing says is cancellable, unless that is asked for", async () => {
    const { clock, live, count } = running();
    const { actions } = await live();
    const unsafe = { ...request, stepId: 5 };
    await expect(passing(clock, actions.cancelStep(unsafe))).rejects.toMatchObject({
      code: "refused",
      reasons: [expect.stringContaining("destroyed")],
    });
    expect(count("sendGuarded")).toBe(0);
    await passing(clock, actions.cancelStep({ ...unsafe, force: true }));
    expect(count("sendGuarded")).toBe(1);
  });

  it.each([
    [{ stepId: 9 }, "refused", "no step 9"],
    [{ expectedStepState: "running" }, "conflict", "suspended now, not running"],
    [{ expectedState: "paused" }, "conflict", "running now, not paused"],
  ])("says what is in the way: %o", async (change, code, text) => {
    const { clock, live, ops } = running();
    const { actions } = await live();
    const refused = passing(clock, actions.cancelStep({ ...request, ...change }));
    await expect(refused).rejects.toMatchObject({ code, message: expect.stringContaining(text) });
    expect(ops()).toEqual([]);
  });

  it("is failed and a conflict when the sending transaction finds the step closed", async () => {
    const { clock, live, mail, ops } = running();
    mail.onGuard = () => ({ applied: false, reason: "step 4 is not running or suspended any more" });
    const { actions } = await live();
    await expect(passing(clock, actions.cancelStep(request))).rejects.toMatchObject({ code: "conflict" });
    expect(ops()).toEqual(["op.requested", "op.failed"]);
  });

  it("is refused where the release of the worlds does not understand events", async () => {
    const { clock, live, refused, ops } = running();
    refused.add("Event");
    const { actions } = await live();
    await expect(passing(clock, actions.cancelStep(request))).rejects.toMatchObject({
      code: "refused",
      message: "Event is not understood here",
    });
    expect(ops()).toEqual([]);
  });
});

describe("abort", () => {
  const request = { ...ask, expectedState: "running", stepId: null, expectedStepIds: [4], force: false };

  it("sends the abort event to the open steps that are known to be cancellable", async () => {
    const { clock, live, mail, put } = running();
    const events: unknown[] = [];
    mail.serve(EXECUTOR, ({ message }) => {
      if (message.type === "Ping") return [{ type: "Pong" }];
      if (message.type === "Event") events.push(message.event);
      put("paused", [{ id: 4, state: "error" }, ...RUNNING.slice(1)], "error");
      return [{ type: "Done" }];
    });
    const { actions } = await live();
    expect(await passing(clock, actions.abort(request))).toMatchObject({
      phase: "verified",
      note: expect.stringContaining("step 4 is error"),
    });
    expect(events).toEqual([{ kind: "atom", atom: "abort" }]);
  });

  it("tells a long refusal of Ruby's in plain words, and keeps the whole of it in the journal", async () => {
    const { clock, live, serve, journal } = running();
    const error = `no manager for Dynflow::Director::Event[${"execution_plan_id: x, ".repeat(200)}]`;
    serve(() => [{ type: "Failed", error }]);
    const { actions } = await live();
    const answer = await passing(clock, actions.abort(request));
    expect(answer).toMatchObject({ phase: "failed", note: expect.stringContaining("does not execute the plan") });
    expect(journal.events.at(-1)).toMatchObject({ kind: "op.failed", body: { upstream: error } });
  });
});

describe("halt", () => {
  const request = { ...ask, expectedState: "running", expectedExecutorId: EXECUTOR, again: false };
  const inhibition = { class: "Dynflow::Coordinator::ExecutionInhibitionLock", id: `execution-plan:${PLAN}` };

  it("goes to the world that holds the lock, with its inhibition lock, and is verified by the row", async () => {
    const { clock, live, serve, mail, put, ops, count } = running();
    const guards: unknown[] = [];
    mail.onGuard = (guard) => {
      guards.push({ ...guard, inhibit: guard.inhibit?.takeOver });
      return { applied: true };
    };
    serve((type) => {
      if (type === "Halt") put("stopped", [{ id: 4, state: "running" }, ...RUNNING.slice(1)], "pending");
      return [{ type: "Done" }];
    });
    const { actions } = await live();
    expect(await passing(clock, actions.halt(request))).toMatchObject({
      phase: "verified",
      note: "The plan is stopped, pending; 2 steps stay as they were, 4 may still be busy",
    });
    expect(guards).toEqual([{ planId: PLAN, state: "running", executorId: EXECUTOR, openStepIds: [], inhibit: false }]);
    expect(ops()[0]).toBe("op.requested");
    expect(count("releaseInhibition")).toBe(0);
  });

  it("takes any executor that answers for a plan that nobody executes", async () => {
    const { clock, live, serve, put, dynflow, mail } = running();
    dynflow.dropRecord({ class: "Dynflow::Coordinator::ExecutionLock", id: `execution-plan:${PLAN}` });
    serve((type) => {
      if (type === "Halt") put("stopped", [], "pending");
      return [{ type: "Done" }];
    });
    let executorId: string | null = "";
    mail.onGuard = (guard) => {
      executorId = guard.executorId;
      return { applied: true };
    };
    const { actions } = await live();
    const answer = await passing(clock, actions.halt({ ...request, expectedExecutorId: null }));
    expect(answer).toMatchObject({ phase: "verified" });
    expect(executorId).toBeNull();
  });

  it.each(["stopped", "scheduled"])("is refused for a plan that is %s", async (state) => {
    const { clock, live, put, dynflow, count } = running();
    put(state, RUNNING, "pending");
    dynflow.parts.set(PLAN, { delayed: DELAY });
    const { actions } = await live();
    await expect(passing(clock, actions.halt({ ...request, expectedState: state }))).rejects.toMatchObject({
      code: "refused",
    });
    expect(count("sendGuarded")).toBe(0);
  });

  it("is a conflict when another executor, or nobody, executes the plan by now", async () => {
    const { clock, live, dynflow } = running();
    dynflow.dropRecord({ class: "Dynflow::Coordinator::ExecutionLock", id: `execution-plan:${PLAN}` });
    const { actions } = await live();
    await expect(passing(clock, actions.halt(request))).rejects.toMatchObject({
      code: "conflict",
      message: expect.stringContaining("nobody executes it now"),
    });
  });

  it("is refused while an earlier halt has not ended, unless that is taken over", async () => {
    const { clock, live, lock, mail } = running();
    lock("ExecutionInhibitionLock");
    const { actions } = await live();
    await expect(passing(clock, actions.halt(request))).rejects.toMatchObject({
      code: "refused",
      message: expect.stringContaining("halt of it was asked for before"),
    });
    const takeOver: unknown[] = [];
    mail.onGuard = (guard) => {
      takeOver.push(guard.inhibit?.takeOver);
      return { applied: true };
    };
    await passing(clock, actions.halt({ ...request, again: true }));
    expect(takeOver).toEqual([true]);
    // Not taken by the executor, so withdrawn; the lock of the earlier one is not ours to remove.
    expect(mail.calls).toContain("withdrawHalt");
  });

  it("takes message and lock back together when the executor does not take it", async () => {
    const { clock, live, mail, ops } = running();
    const { actions } = await live();
    expect(await passing(clock, actions.halt(request))).toMatchObject({ phase: "failed" });
    expect(mail.calls).toContain("withdrawHalt with its lock");
    expect(mail.rows).toEqual([]);
    expect(ops()).toEqual(["op.requested", "op.failed"]);
  });

  it("removes the lock that is left behind when the plan had stopped by itself", async () => {
    const { clock, live, serve, put, count, lock } = running();
    serve(() => {
      put("stopped", [], "success");
      lock("ExecutionInhibitionLock");
      return [{ type: "Done" }];
    });
    const { actions } = await live();
    expect(await passing(clock, actions.halt(request))).toMatchObject({ phase: "verified" });
    expect(count("releaseInhibition")).toBe(1);
  });

  it("says unverified, not done, when the executor took it and the plan goes on", async () => {
    const { clock, live, serve, ops, count } = running();
    serve(() => [{ type: "Done" }]);
    const { actions } = await live();
    expect(await passing(clock, actions.halt(request))).toMatchObject({ phase: "executed" });
    await clock.advance(40_000);
    expect(ops().at(-1)).toBe("op.unverified");
    expect(count("releaseInhibition")).toBe(0);
  });

  it("is unknown when the database did not say whether it was written; then the row tells, or its lack", async () => {
    const { clock, live, mail, ops, serve } = running();
    serve(() => null);
    mail.onGuard = () => {
      throw new Error("the connection broke");
    };
    const { actions } = await live();
    await passing(clock, actions.halt(request)).catch(() => undefined);
    expect(ops()).toEqual(["op.requested", "op.unknown"]);
    await clock.advance(20_000);
    expect(ops()).toEqual(["op.requested", "op.unknown", "op.failed"]);
  });

  it("stays unknown while its lock is there and nobody says anything", async () => {
    const { clock, live, serve, ops, dynflow } = running();
    serve(() => {
      dynflow.setRecord({ ...inhibition, ownerId: null, data: { ok: true, value: {} } });
      return [];
    });
    const { actions } = await live();
    expect(await passing(clock, actions.halt(request))).toMatchObject({ phase: "unknown" });
    await clock.advance(600_000);
    expect(ops()).toEqual(["op.requested", "op.unknown"]);
  });
});

const DELAY: DelayedPlan = {
  startAt: "2030-01-01T00:00:00.000000Z",
  startBefore: null,
  frozen: false,
  serializer: "",
  args: { ok: true, value: [] },
};

describe("start now", () => {
  const OTHER = "44444444-4444-4444-8444-444444444444";
  const request = { ...ask, expectedState: "scheduled", expectedOverrides: [] };
  function scheduled(delayed: Partial<DelayedPlan> | null = {}, blockedBy: readonly string[] = []) {
    const all = universe();
    all.put("scheduled", [{ id: 1, state: "pending", phase: "plan" }], "pending");
    all.dynflow.parts.set(PLAN, { delayed: delayed === null ? null : { ...DELAY, ...delayed }, blockedBy });
    return all;
  }

  it("asks an executor to plan it, and is verified when the plan has moved on", async () => {
    const { clock, live, serve, put, ops } = scheduled();
    serve((type) => {
      if (type === "Planning") put("running", RUNNING, "pending");
      return [{ type: "Accepted" }];
    });
    const { actions } = await live();
    expect(await passing(clock, actions.startNow(request))).toMatchObject({
      phase: "verified",
      note: "The plan is running, pending",
    });
    expect(ops().at(-1)).toBe("op.verified");
  });

  it("is unverified, not done, when an executor accepted and the plan stays as it was", async () => {
    const { clock, live, serve, ops } = scheduled();
    serve(() => [{ type: "Accepted" }]);
    const { actions } = await live();
    expect(await passing(clock, actions.startNow(request))).toMatchObject({ phase: "executed" });
    await clock.advance(40_000);
    expect(ops().at(-1)).toBe("op.unverified");
  });

  it("has failed when the executor ended the plan instead", async () => {
    const { clock, live, serve, put, dynflow } = scheduled();
    serve((type) => {
      if (type !== "Planning") return [];
      put("stopped", [{ id: 1, state: "error", phase: "plan" }], "error");
      dynflow.histories.set(PLAN, [{ timeSec: 1, name: "timeout", worldId: EXECUTOR }]);
      return [{ type: "Accepted" }];
    });
    const { actions } = await live();
    expect(await passing(clock, actions.startNow(request))).toMatchObject({
      phase: "failed",
      note: expect.stringContaining("(timeout)"),
    });
  });

  it("is taken back when nobody took it", async () => {
    const { clock, live, mail } = scheduled();
    mail.serve(EXECUTOR, ({ message }) => (message.type === "Ping" ? [{ type: "Pong" }] : null));
    const { actions } = await live();
    expect(await passing(clock, actions.startNow(request))).toMatchObject({ phase: "failed" });
    expect(mail.rows.filter((row) => row.receiverId !== US)).toEqual([]);
  });

  it.each([
    ["without a delay", null, "delay is gone"],
    ["whose latest start has passed", { startBefore: "1970-01-01T00:00:00.000000Z" }, "has passed"],
  ])("is refused for a plan %s", async (_words, delayed, text) => {
    const { clock, live, count } = scheduled(delayed);
    const { actions } = await live();
    await expect(passing(clock, actions.startNow(request))).rejects.toMatchObject({
      code: "refused",
      message: expect.stringContaining(text),
    });
    expect(count("sendGuarded")).toBe(0);
  });

  it("is refused when a prerequisite failed: an executor would stop the plan for it", async () => {
    const { clock, live, dynflow } = scheduled({}, [OTHER]);
    dynflow.setPlan(planOf(OTHER, { state: "stopped", result: "error" }));
    const { actions } = await live();
    await expect(passing(clock, actions.startNow(request))).rejects.toMatchObject({ code: "refused" });
  });

  it("overrides what keeps it waiting only when that was seen", async () => {
    const { clock, live, dynflow, serve, put, count } = scheduled({ frozen: true }, [OTHER]);
    dynflow.setPlan(planOf(OTHER, { state: "running" }));
    serve((type) => {
      if (type === "Planning") put("running", RUNNING, "pending");
      return [{ type: "Accepted" }];
    });
    const { actions } = await live();
    let seen: readonly string[] = [];
    await passing(clock, actions.startNow(request)).catch((cause: { reasons: readonly string[] }) => {
      seen = cause.reasons;
    });
    expect(seen).toEqual([expect.stringContaining("frozen"), expect.stringContaining("is running")]);
    expect(count("sendGuarded")).toBe(0);
    const again = actions.startNow({ ...request, expectedOverrides: seen, requestId: `${ULID.slice(0, -1)}2` });
    expect(await passing(clock, again)).toMatchObject({ phase: "verified" });
  });
});
