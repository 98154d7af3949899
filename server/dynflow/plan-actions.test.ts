import { afterEach, describe, expect, it } from "vitest";
import type { DelayedPlan } from "./domain/model.ts";
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

const skipRequest = (stepIds: readonly number[] = [4], expectedStepIds: readonly number[] = stepIds) => ({
  planId: PLAN,
  expectedState: "paused",
  stepIds,
  expectedStepIds,
  requestId: ULID,
  actor: ACTOR,
});
const cancelRequest = (expectedStepIds: readonly number[], force = false, expectedState = "running") => ({
  planId: PLAN,
  expectedState,
  expectedStepIds,
  force,
  requestId: ULID,
  actor: ACTOR,
});

describe("skip", () => {
  const FAILED: Steps = [
    { id: 4, state: "error", actionId: 4 },
    { id: 5, state: "pending", actionId: 5 },
  ];
  function prepared() {
    const all = universe();
    all.put("paused", FAILED);
    all.dynflow.references.set(PLAN, [
      { actionId: 4, stepIds: { ok: true, value: [] } },
      { actionId: 5, stepIds: { ok: true, value: [4] } },
    ]);
    return all;
  }
  const SKIPPED: Steps = [
    { id: 4, state: "skipping" },
    { id: 5, state: "skipped" },
  ];

  it("is journalled, written once with what depends on it, and verified by what the steps show", async () => {
    const { clock, mail, live, put, ops } = prepared();
    const { actions } = await live();
    let opsWhenWritten: readonly string[] = [];
    mail.onSkip = ({ changes, listedStepIds }) => {
      opsWhenWritten = ops();
      expect(listedStepIds).toEqual([4, 5]);
      expect(changes.map(({ stepId, to }) => [stepId, to])).toEqual([
        [5, "skipped"],
        [4, "skipping"],
      ]);
      put("paused", SKIPPED, "warning");
      return { applied: true };
    };
    const answer = await passing(clock, actions.skip(skipRequest([4], [4, 5])));
    expect(opsWhenWritten).toEqual(["op.requested"]);
    expect(answer).toMatchObject({ phase: "verified", note: expect.stringContaining("2 steps are skipped") });
    expect(ops()).toEqual(["op.requested", "op.executed", "op.verified"]);
  });

  it("is a conflict with nothing written when other steps would go along than were seen", async () => {
    const { clock, live, count, ops } = prepared();
    const { actions } = await live();
    await expect(passing(clock, actions.skip(skipRequest([4], [4])))).rejects.toMatchObject({ code: "conflict" });
    expect(count("skip")).toBe(0);
    expect(ops()).toEqual([]);
  });

  it("is failed and a conflict when the transaction finds the plan moved", async () => {
    const { clock, mail, live, ops } = prepared();
    const { actions } = await live();
    mail.onSkip = () => ({ applied: false, reason: "an executor holds the plan's execution lock" });
    await expect(passing(clock, actions.skip(skipRequest([4], [4, 5])))).rejects.toMatchObject({ code: "conflict" });
    expect(ops()).toEqual(["op.requested", "op.failed"]);
  });

  it("is unknown when the database did not say whether it was written, until the steps tell", async () => {
    const { clock, mail, live, put, ops, count } = prepared();
    const { actions } = await live();
    mail.loseNextAnswer = true;
    expect(await passing(clock, actions.skip(skipRequest([4], [4, 5])))).toMatchObject({ phase: "unknown" });
    put("paused", SKIPPED, "warning");
    await clock.advance(2_000);
    expect(ops()).toEqual(["op.requested", "op.unknown", "op.verified"]);
    expect(count("skip")).toBe(1);
  });

  it("has failed when no transaction can be under way any more and the steps are as before", async () => {
    const { clock, mail, live, ops } = prepared();
    const { actions } = await live();
    mail.loseNextAnswer = true;
    await passing(clock, actions.skip(skipRequest([4], [4, 5])));
    await clock.advance(20_000);
    expect(ops()).toEqual(["op.requested", "op.unknown", "op.failed"]);
  });
});

describe("cancel", () => {
  const RUNNING: Steps = [
    { id: 4, state: "suspended", actionId: 4, actionClass: "Actions::Safe" },
    { id: 5, state: "suspended", actionId: 5, actionClass: "Actions::Fragile" },
    { id: 6, state: "running", actionId: 6, actionClass: "Actions::Parent" },
  ];
  function prepared() {
    const all = universe();
    all.put("running", RUNNING, "pending");
    all.lock("ExecutionLock");
    all.dynflow.callers.set(PLAN, [6]);
    return all;
  }

  it("goes to the steps that are known to be cancellable, in one transaction to the lock's world, and no other", async () => {
    const { clock, live, serve, count, put, ops } = prepared();
    const told: (number | null)[] = [];
    serve((type, stepId) => {
      told.push(stepId);
      put(
        "running",
        [
          { id: 4, state: "success" },
          { id: 5, state: "suspended" },
          { id: 6, state: "success" },
        ],
        "pending",
      );
      return type === "Event" ? [{ type: "Done" }] : null;
    });
    const { actions } = await live();
    const answer = await passing(clock, actions.cancel(cancelRequest([4, 6])));
    expect(answer).toMatchObject({ phase: "verified", note: expect.stringContaining("step 4 is success") });
    expect(told.toSorted()).toEqual([4, 6]);
    expect(count("sendGuarded")).toBe(1);
    expect(ops().at(0)).toBe("op.requested");
  });

  it("goes to a step that a cancel may destroy only when that is asked for", async () => {
    const { clock, live, count } = prepared();
    const { actions } = await live();
    await expect(passing(clock, actions.cancel(cancelRequest([4, 5, 6])))).rejects.toMatchObject({ code: "conflict" });
    expect(count("sendGuarded")).toBe(0);
    const forced = passing(clock, actions.cancel(cancelRequest([4, 5, 6], true)));
    await forced;
    expect(count("sendGuarded")).toBe(1);
  });

  it("waits without end for a busy step, is never sent again, and is settled by a late reply", async () => {
    const { clock, live, serve, mail, ops, put, count } = prepared();
    put("running", RUNNING.slice(2), "pending");
    serve(() => []);
    const { actions } = await live();
    expect(await passing(clock, actions.cancel(cancelRequest([6])))).toMatchObject({
      phase: "unknown",
      note: expect.stringContaining("waits"),
    });
    await clock.advance(600_000);
    expect(ops()).toEqual(["op.requested", "op.unknown"]);
    const refused = { type: "Failed", error: "Message dropped" } as const;
    mail.post({ requestId: `${US}-1`, senderId: EXECUTOR, receiverId: US, message: refused });
    await clock.advance(20_000);
    expect(ops()).toEqual(["op.requested", "op.unknown", "op.failed"]);
    expect(count("sendGuarded")).toBe(1);
  });

  it("is taken back whole when nobody has read it", async () => {
    const { clock, live, mail, ops } = prepared();
    const { actions } = await live();
    expect(await passing(clock, actions.cancel(cancelRequest([4, 6])))).toMatchObject({ phase: "failed" });
    expect(mail.rows).toEqual([]);
    expect(ops()).toEqual(["op.requested", "op.failed"]);
  });

  it("is refused for a plan that nobody executes", async () => {
    const { clock, live, dynflow } = prepared();
    dynflow.dropRecord({ class: "Dynflow::Coordinator::ExecutionLock", id: `execution-plan:${PLAN}` });
    const { actions } = await live();
    await expect(passing(clock, actions.cancel(cancelRequest([4, 6])))).rejects.toMatchObject({ code: "refused" });
  });
});

describe("cancel of a scheduled plan", () => {
  const delay: DelayedPlan = {
    startAt: null,
    startBefore: null,
    frozen: false,
    serializer: "",
    args: { ok: true, value: [] },
  };
  function prepared() {
    const all = universe();
    all.put("scheduled", [{ id: 1, state: "pending", phase: "plan" }], "pending");
    all.dynflow.parts.set(PLAN, { delayed: delay });
    return all;
  }
  const ask = cancelRequest([], false, "scheduled");

  it("freezes its delay first, then marks and halts it in one, and is verified when it has stopped", async () => {
    const { clock, live, serve, mail, put, ops } = prepared();
    serve((type) => {
      if (type === "Halt") put("stopped", [{ id: 1, state: "cancelled", phase: "plan" }], "cancelled");
      return [{ type: "Done" }];
    });
    const { actions } = await live();
    const answer = await passing(clock, actions.cancel(ask));
    expect(answer).toMatchObject({ phase: "verified", note: "The plan is stopped, cancelled" });
    const writes = mail.calls.filter((call) => call.startsWith("freeze") || call === "cancelScheduled");
    expect(writes).toEqual(["freeze true", "cancelScheduled"]);
    expect(ops().at(-1)).toBe("op.verified");
  });

  it("thaws the delay again when the plan is no longer to be cancelled", async () => {
    const { clock, live, serve, mail, ops } = prepared();
    serve(() => [{ type: "Done" }]);
    mail.onCancelScheduled = () => ({ applied: false, reason: "a world is planning it" });
    const { actions } = await live();
    await expect(passing(clock, actions.cancel(ask))).rejects.toMatchObject({ code: "conflict" });
    expect(mail.calls.filter((call) => call.startsWith("freeze"))).toEqual(["freeze true", "freeze false"]);
    expect(ops()).toEqual(["op.requested", "op.failed"]);
  });

  it("thaws it also when the console was killed before anything was written", async () => {
    const { clock, live, serve, mail, ops } = prepared();
    serve(() => [{ type: "Done" }]);
    const first = await live();
    mail.onCancelScheduled = () => {
      throw new Error("the connection broke");
    };
    await passing(clock, first.actions.cancel(ask)).catch(() => undefined);
    await first.stop();
    await live();
    await clock.advance(30_000);
    expect(mail.calls.filter((call) => call.startsWith("freeze"))).toEqual(["freeze true", "freeze false"]);
    expect(ops().at(-1)).toBe("op.failed");
  });

  it("leaves a delay frozen that was frozen before", async () => {
    const { clock, live, serve, mail, dynflow } = prepared();
    dynflow.parts.set(PLAN, { delayed: { ...delay, frozen: true } });
    serve(() => [{ type: "Done" }]);
    mail.onCancelScheduled = () => ({ applied: false, reason: "moved" });
    const { actions } = await live();
    await passing(clock, actions.cancel(ask)).catch(() => undefined);
    expect(mail.calls.filter((call) => call === "freeze false")).toEqual([]);
  });
});
