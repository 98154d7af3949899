import { afterEach, describe, expect, it } from "vitest";
import type { Reply } from "./codec/envelope.ts";
import { planOf } from "./follower.test-kit.ts";
import { ACTOR, EXECUTOR, endConsoles, PLAN, passing, ULID, US, universe } from "./plan-actions.test-kit.ts";
import type { createPlanActions } from "./plan-actions.ts";
import { SETTLED_AFTER_MS } from "./resume-evidence.ts";

const SECOND = "44444444-4444-4444-8444-444444444444";

afterEach(endConsoles);

/** A plan that paused on step 4. */
function paused() {
  const all = universe();
  all.put("paused", [{ id: 4, state: "error" }]);
  /** Answers pings, and each execution with what `execute` says. */
  const serve = (id: string, execute: () => readonly Reply[] | null): void =>
    all.mail.serve(id, ({ message }) => {
      if (message.type === "Ping") return [{ type: "Pong" }];
      return message.type === "Execution" ? execute() : null;
    });
  return { ...all, serve, sentExecutions: () => all.count("sendGuarded") };
}

const request = (parts: Partial<Parameters<ReturnType<typeof createPlanActions>["resume"]>[0]> = {}) => ({
  planId: PLAN,
  expectedState: "paused",
  expectedFailedStepId: 4,
  requestId: ULID,
  actor: ACTOR,
  ...parts,
});

describe("resume", () => {
  it("journals the request before anything is sent, and the outcome after", async () => {
    const { clock, journal, mail, live, serve, lock, dynflow, ops } = paused();
    const { actions } = await live();
    let opsWhenSent: readonly string[] = [];
    serve(EXECUTOR, () => {
      opsWhenSent = ops();
      lock("ExecutionLock", `${US}-2`);
      dynflow.setPlan(planOf(PLAN, { state: "running" }));
      return [{ type: "Accepted" }];
    });
    const outcome = await passing(clock, actions.resume(request()));
    expect(opsWhenSent).toEqual(["op.requested"]);
    expect(outcome).toMatchObject({ journalId: ULID, phase: "verified" });
    expect(ops()).toEqual(["op.requested", "op.verified"]);
    expect(journal.view.operator().operations).toMatchObject([
      {
        id: ULID,
        action: "dynflow.plans.resume",
        target: PLAN,
        stream: "dynflow:foreman",
        phase: "verified",
        actor: ACTOR,
      },
    ]);
    expect(mail.rows).toEqual([]);
  });

  it("is told to be at work on its plan before its outcome is journalled, and never when it is refused", async () => {
    const { clock, live, serve, evident } = paused();
    const { actions } = await live();
    serve(EXECUTOR, () => [{ type: "Failed", error: "locked" }]);
    expect(await passing(clock, actions.resume(request()))).toMatchObject({ phase: "failed" });
    expect(evident).toEqual([]);
    const again = "01J00000000000000000000002";
    serve(EXECUTOR, () => [{ type: "Accepted" }]);
    expect(await passing(clock, actions.resume(request({ requestId: again })))).toMatchObject({ phase: "executed" });
    expect(evident[0]).toEqual({
      planId: PLAN,
      operationId: again,
      journalled: ["op.requested", "op.failed", "op.requested"],
    });
  });

  it("answers executed as soon as the lock was taken, and verifies later", async () => {
    const { clock, live, serve, dynflow, ops, mail } = paused();
    const { actions } = await live();
    serve(EXECUTOR, () => [{ type: "Accepted" }]);
    expect(await passing(clock, actions.resume(request()))).toMatchObject({ phase: "executed" });
    dynflow.setPlan(planOf(PLAN, { state: "stopped", result: "success" }));
    mail.post({ requestId: `${US}-2`, senderId: EXECUTOR, receiverId: US, message: { type: "Done" } });
    await clock.advance(2_000);
    expect(ops()).toEqual(["op.requested", "op.executed", "op.verified"]);
  });

  it("is unverified when the plan shows nothing of it in time", async () => {
    const { clock, live, serve, ops } = paused();
    const { actions } = await live();
    serve(EXECUTOR, () => [{ type: "Accepted" }]);
    await passing(clock, actions.resume(request()));
    await clock.advance(32_000);
    expect(ops()).toEqual(["op.requested", "op.executed", "op.unverified"]);
  });

  it("tells what the executor refused", async () => {
    const { clock, live, serve } = paused();
    const { actions } = await live();
    serve(EXECUTOR, () => [{ type: "Failed", error: "Unable to acquire lock …" }]);
    const outcome = await passing(clock, actions.resume(request()));
    expect(outcome).toMatchObject({ phase: "failed", note: expect.stringContaining("Unable to acquire lock") });
  });

  it("tells a refusal that follows Accepted at once", async () => {
    const { clock, live, serve, dynflow } = paused();
    const { actions } = await live();
    serve(EXECUTOR, () => {
      dynflow.setPlan(planOf(PLAN, { state: "stopped", result: "success" }));
      return [{ type: "Accepted" }, { type: "Failed", error: "it's stopped" }];
    });
    const outcome = await passing(clock, actions.resume(request()));
    expect(outcome).toMatchObject({ phase: "failed", note: expect.stringContaining("The plan is stopped, success") });
  });

  it("withdraws a message that nobody took, and says that nothing was executed", async () => {
    const { clock, live, mail, ops } = paused();
    const { actions } = await live();
    mail.serve(EXECUTOR, ({ message }) => (message.type === "Ping" ? [{ type: "Pong" }] : null));
    const outcome = await passing(clock, actions.resume(request()));
    expect(outcome).toMatchObject({ phase: "failed", note: expect.stringContaining("withdrawn") });
    expect(mail.rows).toEqual([]);
    expect(ops()).toEqual(["op.requested", "op.failed"]);
  });

  it("looks at the lock before the plan: a run that another had begun is not taken for ours", async () => {
    const { clock, live, serve, dynflow } = paused();
    serve(EXECUTOR, () => [{ type: "Accepted" }]);
    const { actions } = await live();
    await passing(clock, actions.resume(request()));
    const reads = dynflow.reads.filter((read) => read === "records" || read.startsWith("plan "));
    expect(reads.slice(-2)).toEqual(["records", `plan ${PLAN}`]);
  });

  it("says unknown when the message was taken and nobody answers, until a late reply tells", async () => {
    const { clock, live, serve, ops, mail, sentExecutions } = paused();
    const { actions } = await live();
    serve(EXECUTOR, () => []);
    expect(await passing(clock, actions.resume(request()))).toMatchObject({ phase: "unknown" });
    await clock.advance(3_600_000);
    expect(ops()).toEqual(["op.requested", "op.unknown"]);
    expect(sentExecutions()).toBe(1);
    mail.post({ requestId: `${US}-2`, senderId: SECOND, receiverId: US, message: { type: "Accepted" } });
    mail.post({ requestId: `${US}-2`, senderId: SECOND, receiverId: US, message: { type: "Done" } });
    await clock.advance(20_000);
    expect(ops()).toEqual(["op.requested", "op.unknown", "op.verified"]);
  });

  it("says unknown when the database took the message and did not answer, until the lock tells", async () => {
    const { clock, live, ops, mail, lock, dynflow } = paused();
    const { actions } = await live();
    mail.serve(EXECUTOR, ({ message }) => {
      mail.loseNextAnswer = message.type === "Ping";
      return message.type === "Ping" ? [{ type: "Pong" }] : [];
    });
    expect(await passing(clock, actions.resume(request()))).toMatchObject({ phase: "unknown" });
    lock("ExecutionLock", `${US}-2`);
    dynflow.setPlan(planOf(PLAN, { state: "running" }));
    await clock.advance(2_000);
    expect(ops()).toEqual(["op.requested", "op.unknown", "op.verified"]);
  });

  it("sends once for a request that comes twice, at once or later, and tells both the same", async () => {
    const { clock, live, serve, ops, sentExecutions } = paused();
    const { actions } = await live();
    serve(EXECUTOR, () => [{ type: "Accepted" }, { type: "Done" }]);
    const [first, second] = await passing(clock, Promise.all([actions.resume(request()), actions.resume(request())]));
    expect(second).toEqual(first);
    expect(await actions.resume(request())).toEqual(first);
    expect(sentExecutions()).toBe(1);
    expect(ops().filter((kind) => kind === "op.requested")).toHaveLength(1);
  });

  it("does not take the id of one request for another", async () => {
    const { clock, live, serve } = paused();
    const { actions } = await live();
    serve(EXECUTOR, () => [{ type: "Accepted" }, { type: "Done" }]);
    await passing(clock, actions.resume(request()));
    await expect(actions.resume(request({ planId: SECOND }))).rejects.toMatchObject({ code: "invalid-input" });
  });
});

describe("refusals of resume, each before anything is sent or journalled", () => {
  it.each([
    ["the plan has moved", { expectedState: "planned" }, "conflict", "paused now, not planned"],
    ["the failed step has moved", { expectedFailedStepId: 5 }, "conflict", "no step 5"],
    ["there is no such plan", { planId: SECOND }, "not-found", SECOND],
  ])("%s", async (_what, parts, code, text) => {
    const { live, mail, journal } = paused();
    const { actions } = await live();
    const refused = actions.resume(request(parts));
    await expect(refused).rejects.toMatchObject({ code, message: expect.stringContaining(text) });
    expect(mail.calls.filter((call) => call.startsWith("send"))).toEqual([]);
    expect(journal.events).toEqual([]);
  });

  it.each(["ExecutionLock", "PlanningLock", "ExecutionInhibitionLock"])("a %s is held", async (name) => {
    const { live, lock, mail } = paused();
    const { actions } = await live();
    lock(name, "them-1");
    await expect(actions.resume(request())).rejects.toMatchObject({ code: "refused", reasons: [expect.any(String)] });
    expect(mail.calls.filter((call) => call.startsWith("send"))).toEqual([]);
  });

  it("acting is not possible", async () => {
    const { live, mail } = paused();
    const { actions } = await live("Worldline acts on schema 25 only");
    await expect(actions.resume(request())).rejects.toMatchObject({ code: "refused", message: /schema 25/ });
    expect(mail.calls.filter((call) => call.startsWith("send"))).toEqual([]);
  });

  it("the journal does not take the request", async () => {
    const { live, journal, mail } = paused();
    const { actions } = await live();
    journal.unavailable = true;
    await expect(actions.resume(request())).rejects.toMatchObject({ code: "journal-unavailable" });
    expect(mail.calls.filter((call) => call.startsWith("send"))).toEqual([]);
  });
});

describe("the choice of an executor", () => {
  it("takes one that answers, and journals who answered and who did not", async () => {
    const { clock, live, serve, addExecutor, journal, mail } = paused();
    const { actions } = await live();
    addExecutor(SECOND);
    serve(SECOND, () => [{ type: "Accepted" }, { type: "Done" }]);
    expect(await passing(clock, actions.resume(request()))).toMatchObject({ phase: "verified" });
    await clock.advance(6_000);
    const pings = journal.events.filter((event) => event.kind.startsWith("dynflow.world.p"));
    expect(pings.map((event) => [event.kind, event.subject, event.causedBy])).toEqual([
      ["dynflow.world.pong", SECOND, ULID],
      ["dynflow.world.ping_timeout", EXECUTOR, ULID],
    ]);
    expect(mail.rows).toEqual([]);
  });

  it("asks nobody who is not active, and refuses when there is nobody", async () => {
    const { clock, live, serve, addExecutor, mail, ops } = paused();
    const { actions } = await live();
    addExecutor(EXECUTOR, false);
    serve(EXECUTOR, () => [{ type: "Accepted" }]);
    await expect(passing(clock, actions.resume(request()))).rejects.toMatchObject({ code: "refused" });
    expect(mail.calls.filter((call) => call.startsWith("send"))).toEqual([]);
    expect(ops()).toEqual(["op.requested", "op.failed"]);
  });

  it("refuses when none answers within 5 s, and leaves no ping behind", async () => {
    const { clock, live, mail, ops } = paused();
    const { actions } = await live();
    await expect(passing(clock, actions.resume(request()))).rejects.toMatchObject({
      code: "refused",
      reasons: [expect.stringContaining("none of 1 active executors answered")],
    });
    expect(mail.rows).toEqual([]);
    expect(ops()).toEqual(["op.requested", "op.failed"]);
  });
});

describe("after the console was killed", () => {
  it("between request and sending: it says that nothing was executed", async () => {
    const { clock, live, journal, ops } = paused();
    await journal.recorder.record("operator", [
      {
        id: ULID,
        kind: "op.requested",
        subject: PLAN,
        occurredAt: clock.now(),
        actor: ACTOR,
        body: { action: "dynflow.plans.resume", stream: "dynflow:foreman", target: PLAN, expected: null, found: null },
      },
    ]);
    await live();
    expect(ops()).toEqual(["op.requested", "op.failed"]);
  });

  /** A first life that dies after its message was stored, before it could journal anything more. */
  async function killedAfterSend(execute: () => readonly Reply[] | null) {
    const all = paused();
    const first = await all.live();
    all.serve(EXECUTOR, () => {
      all.journal.unavailable = true;
      return execute();
    });
    const resumed = first.actions.resume(request());
    await expect(passing(all.clock, resumed)).rejects.toMatchObject({ code: "journal-unavailable" });
    all.mail.mailbox.leave = async () => undefined;
    await first.stop();
    all.journal.unavailable = false;
    expect(all.ops()).toEqual(["op.requested"]);
    return all;
  }

  it("between sending and journalling: unknown, then settled by the plan's lock", async () => {
    const { clock, live, ops, lock, dynflow, sentExecutions } = await killedAfterSend(() => []);
    await live();
    await clock.advance(1_000);
    expect(ops()).toEqual(["op.requested", "op.unknown"]);
    lock("ExecutionLock", `${US}-2`);
    dynflow.setPlan(planOf(PLAN, { state: "running" }));
    await clock.advance(2_000);
    expect(ops()).toEqual(["op.requested", "op.unknown", "op.verified"]);
    expect(sentExecutions()).toBe(1);
  });

  it("between sending and journalling: unknown, then settled by a reply that arrived while it was dead", async () => {
    const { clock, live, ops, mail } = await killedAfterSend(() => []);
    mail.post({ requestId: `${US}-2`, senderId: EXECUTOR, receiverId: US, message: { type: "Failed", error: "busy" } });
    await live();
    await clock.advance(2_000);
    expect(ops().at(-1)).toBe("op.failed");
  });

  it("between sending and journalling: unknown, then settled by the history of the plan", async () => {
    const { clock, live, ops, dynflow } = await killedAfterSend(() => []);
    await live();
    await clock.advance(1_000);
    const timeSec = Math.floor(clock.now() / 1_000);
    dynflow.histories.set(PLAN, [{ timeSec, name: "start execution", worldId: EXECUTOR }]);
    dynflow.setPlan(planOf(PLAN, { state: "stopped", result: "success" }));
    await clock.advance(3_000);
    expect(ops()).toEqual(["op.requested", "op.unknown"]);
    await clock.advance(SETTLED_AFTER_MS);
    expect(ops()).toEqual(["op.requested", "op.unknown", "op.verified"]);
  });

  it("between sending and journalling, and nobody had taken the message: withdrawn", async () => {
    const all = paused();
    const first = await all.live();
    all.mail.serve(EXECUTOR, ({ message }) => {
      if (message.type === "Ping") return [{ type: "Pong" }];
      all.journal.unavailable = true;
      all.mail.down = true;
      return null;
    });
    await expect(passing(all.clock, first.actions.resume(request()))).rejects.toMatchObject({
      code: "journal-unavailable",
    });
    await first.stop();
    all.mail.down = false;
    all.journal.unavailable = false;
    expect(all.mail.rows).toHaveLength(1);
    await all.live();
    await all.clock.advance(2_000);
    expect(all.ops()).toEqual(["op.requested", "op.failed"]);
    expect(all.mail.rows).toEqual([]);
  });
});

describe("ping", () => {
  it("tells how long a world took to answer, and journals it", async () => {
    const { clock, live, serve, journal } = paused();
    const { actions } = await live();
    serve(EXECUTOR, () => null);
    const ping = { worldId: EXECUTOR, requestId: ULID, actor: ACTOR };
    expect(await passing(clock, actions.ping(ping))).toMatchObject({ journalId: ULID, answered: true });
    expect(journal.kinds()).toEqual(["op.requested", "dynflow.world.pong", "op.verified"]);
    expect(await actions.ping(ping)).toMatchObject({ answered: true });
    expect(journal.kinds()).toHaveLength(3);
  });

  it("tells that a world did not answer in 5 s, and leaves nothing in its inbox", async () => {
    const { clock, live, mail, journal } = paused();
    const { actions } = await live();
    const answer = await passing(clock, actions.ping({ worldId: EXECUTOR, requestId: ULID, actor: ACTOR }));
    expect(answer).toEqual({ journalId: ULID, answered: false, roundTripMs: null });
    expect(journal.kinds()).toEqual(["op.requested", "dynflow.world.ping_timeout", "op.failed"]);
    expect(mail.rows).toEqual([]);
  });

  it("asks only worlds that there are", async () => {
    const { live } = paused();
    const { actions } = await live();
    await expect(actions.ping({ worldId: SECOND, requestId: ULID, actor: ACTOR })).rejects.toMatchObject({
      code: "not-found",
    });
  });
});
