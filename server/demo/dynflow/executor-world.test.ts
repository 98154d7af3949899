import { readFileSync } from "node:fs";
import { encode } from "@msgpack/msgpack";
import { sql } from "kysely";
import { afterEach, describe, expect, it, vi } from "vitest";
import type { Envelope, Message } from "#server/dynflow/codec/envelope.ts";
import { decodeEnvelope } from "#server/dynflow/codec/envelope-decode.ts";
import { silentLogger } from "#server/kernel/logger.ts";
import { createManualClock } from "#server/runtime/clock.ts";
import { type Behaviour, everythingSucceeds } from "./behaviour.ts";
import { acquire, executionLock, pullEnvelopes, pushEnvelope, recordsOf } from "./coordinator.ts";
import { createExecutorWorld } from "./executor-world.ts";
import { loadPlan } from "./plan-loader.ts";
import { insertPlans } from "./plan-writer.ts";
import { type ActionSpec, planOf } from "./planner.ts";
import { openInlineSqlite } from "./sqlite-inline.ts";

/** Minutes are simulated in moments; on a busy machine in seconds. */
vi.setConfig({ testTimeout: 60_000 });

const CLIENT = "11111111-1111-4111-8111-111111111111";
const EXECUTOR = "22222222-2222-4222-8222-222222222222";
const PLAN = "33333333-3333-4333-8333-333333333333";
const SECOND = "44444444-4444-4444-8444-444444444444";

const stops: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const stop of stops.splice(0)) await stop();
});

async function universe(
  behaviour: Behaviour = everythingSucceeds,
  more: { readonly cancellable?: (actionClass: string) => boolean } = {},
) {
  const clock = createManualClock();
  const database = openInlineSqlite();
  let lastId = 0;
  const start = async (id: string) => {
    const world = createExecutorWorld({
      database,
      clock,
      log: silentLogger,
      id,
      hostname: "exec-one",
      pid: 7,
      queues: { default: 5, slow: 1 },
      behaviour,
      ...more,
      delayedExecutor: false,
      newId: () => `55555555-5555-4555-8555-${String(++lastId).padStart(12, "0")}`,
    });
    await world.start();
    stops.push(async () => {
      const stopped = world.stop();
      await clock.advance(1);
      await stopped;
    });
    return world;
  };
  const put = async (bytes: Uint8Array, receiver = EXECUTOR) => {
    await sql`insert into dynflow_envelopes (receiver_id, data) values (${receiver}, ${bytes})`.execute(database.db);
  };
  const send = (message: Message, request = 1, receiverId = EXECUTOR) =>
    pushEnvelope(database, { requestId: `${CLIENT}-${request}`, senderId: CLIENT, receiverId, message });
  const replies = async (): Promise<readonly Envelope[]> =>
    (await pullEnvelopes(database.db, CLIENT)).flatMap((bytes) => {
      const decoded = decodeEnvelope(bytes);
      return decoded.ok ? [decoded.envelope] : [];
    });
  const add = (root: ActionSpec, id = PLAN) => insertPlans(database.db, [planOf(id, { root }, clock.now())]);
  const types = async () => (await replies()).map((reply) => reply.message.type);
  return { clock, database, start, put, send, replies, types, add };
}

const STEP: ActionSpec = { class: "Actions::Example", run: {} };

describe("the inbox of a stand-in executor", () => {
  it("decodes every message that a real Dynflow 2.0 has written", async () => {
    const { clock, start, put } = await universe();
    const world = await start(EXECUTOR);
    const recorded: Record<string, { msgpack_hex: string }> = JSON.parse(
      readFileSync(new URL("../../../fixtures/dynflow/envelopes.v25.json", import.meta.url), "utf8"),
    );
    const messages = Object.values(recorded).map((entry) => Buffer.from(entry.msgpack_hex, "hex"));
    for (const bytes of messages) await put(bytes);
    await clock.advance(1_000);
    expect(messages.length).toBeGreaterThan(10);
    expect(world.counts()).toEqual({ decoded: messages.length, lost: 0 });
  });

  const D = "Dynflow::Dispatcher::";
  const envelope = (message: object, extra: object = {}) => ({
    algebrick_type: `${D}Envelope`,
    request_id: `${CLIENT}-9`,
    sender_id: CLIENT,
    receiver_id: EXECUTOR,
    message,
    ...extra,
  });
  const ping = { algebrick_type: `${D}Ping`, receiver_id: EXECUTOR, use_cache: false };
  const event = {
    algebrick_type: `${D}Event`,
    execution_plan_id: PLAN,
    step_id: 2,
    event: { algebrick_type: "Dynflow::Action::Cancellable::Cancel" },
    time: null,
    optional: false,
  };
  const without = (message: Record<string, unknown>, key: string) =>
    Object.fromEntries(Object.entries(message).filter(([name]) => name !== key));

  it.each<[string, object]>([
    ["an unknown type of message", envelope({ ...ping, algebrick_type: `${D}Pingg` })],
    ["an unknown type of event", envelope({ ...event, event: { algebrick_type: "Some::Event" } })],
    ["an event without optional", envelope(without(event, "optional"))],
    ["a ping without use_cache", envelope(without(ping, "use_cache"))],
    ["an extra key in the envelope", envelope(ping, { priority: 1 })],
    ["an extra key in the message", envelope({ ...ping, priority: 1 })],
    ["an integer as request id", envelope(ping, { request_id: 9 })],
    ["a fractional step id", envelope({ ...event, step_id: 2.5 })],
  ])("loses its whole batch, with no answer to anybody, on %s", async (_what, bad) => {
    const { clock, start, put, send, replies } = await universe();
    const world = await start(EXECUTOR);
    await send({ type: "Ping", receiverId: EXECUTOR, useCache: false });
    await put(encode(bad));
    await send({ type: "Ping", receiverId: EXECUTOR, useCache: false }, 2);
    await clock.advance(2_000);
    expect(world.counts()).toEqual({ decoded: 0, lost: 3 });
    expect(await replies()).toEqual([]);
    await send({ type: "Ping", receiverId: EXECUTOR, useCache: false }, 3);
    await clock.advance(2_000);
    expect(await replies()).toMatchObject([{ requestId: `${CLIENT}-3`, message: { type: "Pong" } }]);
  });

  it.each<[string, object]>([
    ["keys in another order", Object.fromEntries(Object.entries(envelope(ping)).toReversed())],
    ["an event without time", envelope(without(event, "time"))],
    ["any text as request id", envelope(ping, { request_id: "anything at all" })],
  ])("takes %s", async (_what, good) => {
    const { clock, start, put } = await universe();
    const world = await start(EXECUTOR);
    await put(encode(good));
    await clock.advance(1_000);
    expect(world.counts()).toEqual({ decoded: 1, lost: 0 });
  });
});

describe("an execution", () => {
  it("takes the lock, says Accepted, runs, releases the lock and says Done", async () => {
    const { clock, database, start, send, types, add } = await universe(() => ({
      kind: "success",
      afterMs: 500,
      output: { done: true },
    }));
    await start(EXECUTOR);
    await add({ class: "Actions::Root", finalize: true, children: [STEP, STEP] });
    await send({ type: "Execution", planId: PLAN });
    await clock.advance(1_000);
    expect(await types()).toEqual(["Accepted"]);
    expect(await recordsOf(database.db, "Dynflow::Coordinator::ExecutionLock")).toMatchObject([
      { data: { ok: true, value: { client_world_id: CLIENT, request_id: `${CLIENT}-1`, world_id: EXECUTOR } } },
    ]);
    expect((await loadPlan(database.db, PLAN))?.state).toBe("running");
    await clock.advance(3_000);
    expect(await types()).toEqual(["Done"]);
    expect(await recordsOf(database.db, "Dynflow::Coordinator::ExecutionLock")).toEqual([]);
    const plan = await loadPlan(database.db, PLAN);
    expect(plan).toMatchObject({ state: "stopped", result: "success", realTimeSec: expect.any(Number) });
    expect(plan?.history.map((entry) => entry.name)).toEqual(["start execution", "finish execution"]);
    expect(plan?.steps.map((step) => step.state)).toEqual(plan?.steps.map(() => "success"));
  });

  it("pauses at a step that fails, leaves what follows pending, and ends when it is resumed", async () => {
    const { clock, database, start, send, types, add } = await universe(({ action, from }) =>
      action.class === "Actions::Fails" && from === "pending"
        ? { kind: "error", afterMs: 10, error: { exceptionClass: "Boom", message: "no space", backtrace: [] } }
        : { kind: "success", afterMs: 10, output: {} },
    );
    await start(EXECUTOR);
    await add({ class: "Actions::Root", children: [STEP, { class: "Actions::Fails", run: {} }, STEP] });
    await send({ type: "Execution", planId: PLAN });
    await clock.advance(2_000);
    const failed = await loadPlan(database.db, PLAN);
    expect(failed).toMatchObject({ state: "paused", result: "error", endedAt: null });
    expect(failed?.history.at(-1)?.name).toBe("pause execution");
    expect(failed?.steps.filter((step) => step.phase === "run").map((step) => step.state)).toEqual([
      "success",
      "error",
      "pending",
    ]);
    expect(failed?.steps.find((step) => step.state === "error")?.error).toMatchObject({ message: "no space" });
    expect(await types()).toEqual(["Accepted", "Done"]);
    await send({ type: "Execution", planId: PLAN }, 2);
    await clock.advance(2_000);
    expect(await loadPlan(database.db, PLAN)).toMatchObject({ state: "stopped", result: "success" });
  });

  it("goes to one of two executors that are asked at once; nothing runs twice", async () => {
    let visits = 0;
    const { clock, start, send, replies, add } = await universe(() => {
      visits += 1;
      return { kind: "success", afterMs: 3_000, output: {} };
    });
    await start(EXECUTOR);
    await start(SECOND);
    await add(STEP);
    await send({ type: "Execution", planId: PLAN }, 1, EXECUTOR);
    await send({ type: "Execution", planId: PLAN }, 2, SECOND);
    await clock.advance(10_000);
    const told = (await replies()).map((reply) => reply.message);
    expect(told.map((message) => message.type).toSorted()).toEqual(["Accepted", "Done", "Failed"]);
    const refusal = told.find((message) => message.type === "Failed");
    expect(refusal).toMatchObject({ error: expect.stringMatching(/^Unable to acquire lock .*ExecutionLock/) });
    expect(visits).toBe(1);
  });

  it.each([
    ["an unknown plan", SECOND, ["Failed"]],
    ["a stopped plan", PLAN, ["Accepted", "Failed"]],
  ])("refuses %s", async (_what, planId, expected) => {
    const { clock, database, start, send, types, add } = await universe();
    await start(EXECUTOR);
    await add(STEP);
    await sql`update dynflow_execution_plans set state = 'stopped'`.execute(database.db);
    await send({ type: "Execution", planId });
    await clock.advance(2_000);
    expect(await types()).toEqual(expected);
    expect(await recordsOf(database.db, "Dynflow::Coordinator::ExecutionLock")).toEqual([]);
  });

  it("does not touch the lock that another world holds", async () => {
    const { clock, database, start, send, types, add } = await universe();
    await start(EXECUTOR);
    await add(STEP);
    const lock = { planId: PLAN, worldId: SECOND, clientWorldId: CLIENT, requestId: "theirs" };
    await acquire(database.db, executionLock(lock));
    await send({ type: "Execution", planId: PLAN });
    await clock.advance(2_000);
    expect(await types()).toEqual(["Failed"]);
    expect(await recordsOf(database.db, "Dynflow::Coordinator::ExecutionLock")).toHaveLength(1);
  });

  it("replaces references by the values of what ran before, and suspends between visits", async () => {
    const { clock, database, start, send, add } = await universe(({ action, visit }) => {
      if (action.class === "Actions::Makes") return { kind: "success", afterMs: 0, output: { token: "abc" } };
      if (visit === 0)
        return { kind: "suspend", afterMs: 0, progress: 0.5, output: { seen: action.input }, wakeAfterMs: 2_000 };
      return { kind: "success", afterMs: 0, output: {} };
    });
    await start(EXECUTOR);
    const uses: ActionSpec = { class: "Actions::Uses", run: {}, fromPrevious: { given: "token" } };
    await add({ class: "Actions::Root", children: [{ class: "Actions::Makes", run: {} }, uses] });
    await send({ type: "Execution", planId: PLAN });
    await clock.advance(1_500);
    const halfway = await loadPlan(database.db, PLAN);
    expect(halfway?.steps.at(-1)).toMatchObject({ state: "suspended", progressDone: 0.5 });
    expect(halfway?.actions.at(-1)).toMatchObject({ input: { given: "abc" }, output: { seen: { given: "abc" } } });
    await clock.advance(3_000);
    expect((await loadPlan(database.db, PLAN))?.state).toBe("stopped");
  });

  it("runs concurrent steps side by side, no more than its queue has workers", async () => {
    const { clock, database, start, send, add } = await universe(() => ({
      kind: "success",
      afterMs: 1_000,
      output: {},
    }));
    await start(EXECUTOR);
    const slow: ActionSpec = { class: "Actions::Slow", run: { queue: "slow" } };
    await add({ class: "Actions::Root", childrenRun: "together", children: [STEP, STEP, STEP, slow, slow] });
    await send({ type: "Execution", planId: PLAN });
    await clock.advance(1_500);
    const running = (await loadPlan(database.db, PLAN))?.steps.filter((step) => step.state === "running");
    expect(running?.map((step) => step.queue).toSorted()).toEqual(["default", "default", "default", "slow"]);
  });

  it("waits for its sub-plans, and fails when one of them does", async () => {
    const { clock, database, start, send, add } = await universe(({ action }) => {
      if (action.class === "Actions::Parent") {
        const plans = [{ root: STEP }, { root: { class: "Actions::Fails", run: {} } }];
        return { kind: "sub-plans", afterMs: 0, plans };
      }
      return action.class === "Actions::Fails"
        ? { kind: "error", afterMs: 100, error: { exceptionClass: "Boom", message: "no", backtrace: [] } }
        : { kind: "success", afterMs: 100, output: {} };
    });
    await start(EXECUTOR);
    await add({ class: "Actions::Parent", run: {} });
    await send({ type: "Execution", planId: PLAN });
    await clock.advance(1_050);
    expect((await loadPlan(database.db, PLAN))?.steps.at(-1)?.state).toBe("suspended");
    await clock.advance(5_000);
    const plan = await loadPlan(database.db, PLAN);
    expect(plan).toMatchObject({ state: "paused", result: "error" });
    expect(plan?.actions[0]?.output).toMatchObject({ total_count: 2, success_count: 1, failed_count: 1 });
    const child = await loadPlan(database.db, "55555555-5555-4555-8555-000000000001");
    expect(child?.actions[0]).toMatchObject({ callerPlanId: PLAN, callerActionId: 1 });
  });
});

describe("events and halts", () => {
  it("hands an event to a suspended step only", async () => {
    const { clock, database, start, send, replies, add } = await universe(() => ({
      kind: "suspend",
      afterMs: 0,
      progress: 0,
      output: {},
      wakeAfterMs: null,
    }));
    await start(EXECUTOR);
    await add(STEP);
    const cancel: Message = {
      type: "Event",
      planId: PLAN,
      stepId: 2,
      event: { kind: "atom", atom: "cancel" },
      time: null,
      optional: false,
    };
    await send(cancel, 1);
    await clock.advance(1_000);
    expect((await replies())[0]?.message).toMatchObject({
      type: "Failed",
      error: expect.stringContaining("no manager"),
    });
    await send({ type: "Execution", planId: PLAN }, 2);
    await clock.advance(1_000);
    await send({ ...cancel, stepId: 1 }, 3);
    await send(cancel, 4);
    await clock.advance(2_000);
    expect((await replies()).map((reply) => [reply.requestId.at(-1), reply.message.type])).toEqual([
      ["2", "Accepted"],
      ["3", "Failed"],
      ["4", "Done"],
      ["2", "Done"],
    ]);
    expect((await loadPlan(database.db, PLAN))?.state).toBe("stopped");
  });

  const cancelOf = (stepId: number): Message => ({
    type: "Event",
    planId: PLAN,
    stepId,
    event: { kind: "atom", atom: "cancel" },
    time: null,
    optional: false,
  });
  const outcome = async (database: Awaited<ReturnType<typeof universe>>["database"]) => {
    const plan = await loadPlan(database.db, PLAN);
    return [plan?.state, plan?.steps.find((step) => step.phase === "run")?.state];
  };

  it("keeps an event for a busy step until it suspends, and drops it when the step ends instead", async () => {
    for (const suspends of [true, false]) {
      const { clock, database, start, send, replies, add } = await universe(() =>
        suspends
          ? { kind: "suspend", afterMs: 5_000, progress: 0, output: {}, wakeAfterMs: null }
          : { kind: "success", afterMs: 5_000, output: {} },
      );
      await start(EXECUTOR);
      await add(STEP);
      await send({ type: "Execution", planId: PLAN }, 1);
      await clock.advance(1_000);
      await send(cancelOf(2), 2);
      await clock.advance(1_000);
      expect((await replies()).map((reply) => reply.requestId.at(-1))).toEqual(["1"]);
      await clock.advance(6_000);
      const answers = (await replies()).filter((reply) => reply.requestId.endsWith("2")).map((reply) => reply.message);
      expect(answers).toEqual([suspends ? { type: "Done" } : { type: "Failed", error: "Message dropped" }]);
      expect(await outcome(database)).toEqual(["stopped", "success"]);
    }
  });

  it("destroys a suspended step whose class does not know a cancel: it fails, and the plan pauses", async () => {
    const { clock, database, start, send, add } = await universe(
      () => ({ kind: "suspend", afterMs: 0, progress: 0, output: {}, wakeAfterMs: null }),
      { cancellable: () => false },
    );
    await start(EXECUTOR);
    await add(STEP);
    await send({ type: "Execution", planId: PLAN }, 1);
    await clock.advance(1_000);
    await send(cancelOf(2), 2);
    await clock.advance(2_000);
    expect(await outcome(database)).toEqual(["paused", "error"]);
  });

  it("cancels the sub-plans of a step that is cancelled while it waits for them", async () => {
    const { clock, database, start, send, add } = await universe(({ action }) =>
      action.class === STEP.class
        ? { kind: "sub-plans", afterMs: 0, plans: [{ root: { class: "Actions::Child", run: {} } }] }
        : { kind: "suspend", afterMs: 0, progress: 0, output: {}, wakeAfterMs: null },
    );
    await start(EXECUTOR);
    await add(STEP);
    await send({ type: "Execution", planId: PLAN }, 1);
    await clock.advance(2_000);
    await send(cancelOf(2), 2);
    await clock.advance(3_000);
    expect((await outcome(database))[0]).toBe("stopped");
  });

  it("halts a plan hard: its steps stay as they are, its row is stopped", async () => {
    const { clock, database, start, send, types, add } = await universe(() => ({
      kind: "suspend",
      afterMs: 0,
      progress: 0,
      output: {},
      wakeAfterMs: null,
    }));
    await start(EXECUTOR);
    await add(STEP);
    await send({ type: "Execution", planId: PLAN });
    await clock.advance(1_000);
    await send({ type: "Halt", planId: PLAN }, 2);
    await clock.advance(2_000);
    expect(await types()).toEqual(["Accepted", "Done", "Done"]);
    const plan = await loadPlan(database.db, PLAN);
    expect(plan).toMatchObject({ state: "stopped", result: "pending" });
    expect(plan?.steps.at(-1)?.state).toBe("suspended");
  });

  it("lets go of a plan that is halted while its sub-plans go on", async () => {
    const { clock, database, start, send, types, add } = await universe(({ action }) =>
      action.class === STEP.class
        ? { kind: "sub-plans", afterMs: 0, plans: [{ root: { class: "Actions::Child", run: {} } }] }
        : { kind: "suspend", afterMs: 0, progress: 0, output: {}, wakeAfterMs: null },
    );
    await start(EXECUTOR);
    await add(STEP);
    await send({ type: "Execution", planId: PLAN });
    await clock.advance(1_000);
    const locks = () => recordsOf(database.db, "Dynflow::Coordinator::ExecutionLock");
    expect(await locks()).toHaveLength(2);
    await send({ type: "Halt", planId: PLAN }, 2);
    await clock.advance(2_000);
    expect(await types()).toEqual(["Accepted", "Done", "Done"]);
    expect((await locks()).map((lock) => lock.id)).not.toContain(`execution-plan:${PLAN}`);
    expect(await locks()).toHaveLength(1);
  });
});

describe("life of an executor", () => {
  it("ends cleanly: plans paused, locks released, record and inbox gone", async () => {
    const { clock, database, start, send, add } = await universe(() => ({
      kind: "suspend",
      afterMs: 0,
      progress: 0,
      output: {},
      wakeAfterMs: 60_000,
    }));
    const world = await start(EXECUTOR);
    await add(STEP);
    await send({ type: "Execution", planId: PLAN });
    await clock.advance(1_000);
    const stopped = world.stop();
    await clock.advance(1);
    await stopped;
    expect(await loadPlan(database.db, PLAN)).toMatchObject({ state: "paused", result: "pending" });
    expect(await recordsOf(database.db, "Dynflow::Coordinator::ExecutorWorld")).toEqual([]);
    expect(await recordsOf(database.db, "Dynflow::Coordinator::ExecutionLock")).toEqual([]);
  });

  it("leaves everything as it was when it is killed", async () => {
    const { clock, database, start, send, add } = await universe(() => ({
      kind: "success",
      afterMs: 5_000,
      output: {},
    }));
    const world = await start(EXECUTOR);
    await add(STEP);
    await send({ type: "Execution", planId: PLAN });
    await clock.advance(2_000);
    world.kill();
    await clock.advance(60_000);
    expect(await loadPlan(database.db, PLAN)).toMatchObject({ state: "running" });
    expect((await loadPlan(database.db, PLAN))?.steps.at(-1)?.state).toBe("running");
    expect(await recordsOf(database.db, "Dynflow::Coordinator::ExecutorWorld")).toHaveLength(1);
    expect(await recordsOf(database.db, "Dynflow::Coordinator::ExecutionLock")).toHaveLength(1);
  });

  it("terminates when its own record is gone", async () => {
    const { clock, database, start, send, replies } = await universe();
    await start(EXECUTOR);
    await sql`delete from dynflow_coordinator_records`.execute(database.db);
    await clock.advance(16_000);
    await send({ type: "Ping", receiverId: EXECUTOR, useCache: false });
    await clock.advance(60_000);
    expect(await replies()).toEqual([]);
  });
});
