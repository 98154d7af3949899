import { copyFileSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterEach, describe, expect, it, vi } from "vitest";
import type { EventActor } from "#server/contract/event.ts";
import { createJobStore } from "#server/jobs/job-store.ts";
import { createJobRunner } from "#server/jobs/runner.ts";
import type { StateStore } from "#server/journal/ports.ts";
import { silentLogger } from "#server/kernel/logger.ts";
import { createOperations } from "#server/operations/operations.ts";
import { createSystemClock } from "#server/runtime/clock.ts";
import { emptySqliteDatabase } from "./adapters/sqlite/empty-database.test-kit.ts";
import { createSqliteMailbox, createSqliteStore } from "./adapters/sqlite/sqlite-store.ts";
import { decodeEnvelope } from "./codec/envelope-decode.ts";
import { encodeEnvelope } from "./codec/envelope-encode.ts";
import { encodePayload } from "./codec/payload.ts";
import { lockOf, worldOf } from "./domain/records.ts";
import { actionCells, planCells, recordCells, stepCells, uuid } from "./dynflow-tables.contract.ts";
import { createMemoryJournal, createMemoryStateStore } from "./follower.test-kit.ts";
import { createInvalidateKind, INVALIDATE_KIND, invalidateParams } from "./invalidation-job.ts";
import type { InvalidationWrites } from "./ports.ts";
import type { WorldCommands } from "./world-commands.ts";

vi.setConfig({ testTimeout: 240_000 });

const US = uuid(1);
const DEAD = uuid(2);
const OTHER = uuid(3);
const CLIENT = uuid(4);
const LAST_SEEN = "2026-11-22 05:47:44.945";
const ACTOR: EventActor = { user: "ann", role: "admin", address: "127.0.0.1", reason: "the host burned down" };
const JOB = "01KAS0000000000000000000J1";
const REQUEST = "01KAS0000000000000000000A1";
/** Faster than time: pauses between tries are seconds. */
const clock = createSystemClock(20);

const cleanups: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).toReversed()) await cleanup();
});

/** Ends its process at the nth write of whatever kind, before or after it is made; a dead one never answers. */
function mortality(dieAt: number, after: boolean) {
  let writes = 0;
  let dead = false;
  const { promise: died, resolve } = Promise.withResolvers<void>();
  const never = new Promise<never>(() => undefined);
  async function write<T>(act: () => Promise<T>): Promise<T> {
    if (dead) return never;
    writes += 1;
    if (writes !== dieAt) return act();
    if (after) await act();
    dead = true;
    resolve();
    return never;
  }
  return { write, died, writes: () => writes, isDead: () => dead };
}
type Mortality = ReturnType<typeof mortality>;
const immortal = () => mortality(Number.POSITIVE_INFINITY, false);

function mortalState(state: StateStore, { write }: Mortality): StateStore {
  return {
    ...state,
    put: (...args) => write(() => state.put(...args)),
    putAll: (...args) => write(() => state.putAll(...args)),
    increment: (...args) => write(() => state.increment(...args)),
  };
}
const mortalWrites = (writes: InvalidationWrites, { write }: Mortality): InvalidationWrites => ({
  ...writes,
  begin: (pair) => write(() => writes.begin(pair)),
  abandon: (one) => write(() => writes.abandon(one)),
  deactivate: (pair) => write(() => writes.deactivate(pair)),
  pruneInhibitions: (pair) => write(() => writes.pruneInhibitions(pair)),
  finish: (pair) => write(() => writes.finish(pair)),
  giveUp: (pair) => write(() => writes.giveUp(pair)),
});

/** A database in a file, and consoles over it. */
function universe(path: string) {
  const state = createMemoryStateStore();
  const journal = createMemoryJournal(clock);
  const store = createSqliteStore({ path });
  const direct = new DatabaseSync(path);
  direct.exec("PRAGMA synchronous = OFF; PRAGMA foreign_keys = OFF");
  cleanups.push(async () => {
    direct.close();
    await store.close();
  });
  const asked: string[] = [];

  /** One life of a console. */
  function live(
    options: {
      readonly mortality?: Mortality;
      readonly us?: string;
      readonly answers?: boolean;
      readonly executors?: readonly string[];
      readonly dead?: string;
      readonly lastSeenText?: string | null;
      readonly state?: StateStore;
      readonly beforeAbandon?: () => void;
    } = {},
  ) {
    const life = options.mortality ?? immortal();
    const us = options.us ?? US;
    const mailbox = createSqliteMailbox({ path });
    const own = options.state ?? state;
    const writes = mortalWrites(mailbox.invalidation, life);
    let requests = 0;
    const commands: WorldCommands = {
      worldId: () => us,
      ping: async () =>
        options.answers === true ? { answered: true, roundTripMs: 7 } : { answered: false, waitedMs: 5_000 },
      status: () => Promise.reject(new Error("not used here")),
      answeringExecutors: async () => options.executors ?? [OTHER],
      async executionOf(record, planId, executorId) {
        const lock = lockOf(record);
        const planning = lock?.kind === "planning";
        requests += 1;
        const bytes = encodeEnvelope({
          requestId: planning ? `${us}-${requests}` : (lock?.requestId ?? ""),
          senderId: planning ? us : (lock?.clientWorldId ?? ""),
          receiverId: executorId,
          message: { type: "Execution", planId },
        });
        if (!bytes.ok) throw new Error(bytes.reason);
        return bytes.value;
      },
      writes: {
        ...writes,
        async abandon(write) {
          options.beforeAbandon?.();
          asked.push(write.planId);
          return writes.abandon(write);
        },
      },
    };
    const lifeState = mortalState(own, life);
    const operations = createOperations({ recorder: journal.recorder, view: journal.view, clock });
    const kind = createInvalidateKind({
      sourceOf: () => ({ store, worlds: () => commands, refusal: () => null }),
      operations,
      clock,
      log: silentLogger,
    });
    const jobStore = createJobStore(lifeState);
    const jobs = createJobRunner({
      store: jobStore,
      kinds: [kind],
      recorder: journal.recorder,
      view: journal.view,
      clock,
      log: silentLogger,
    });
    cleanups.push(async () => {
      if (!life.isDead()) await jobs.stop();
      await mailbox.close();
    });
    const start = async (id = JOB) => {
      const dead = options.dead ?? DEAD;
      const held = await mailbox.invalidation.heldLocks(dead);
      await jobs.start({
        id,
        facts: {
          kind: INVALIDATE_KIND,
          title: "Invalidate",
          stream: "dynflow:foreman",
          target: dead,
          requestedBy: "ann",
          requestId: REQUEST,
        },
        total: held.length,
        params: invalidateParams({
          sourceId: "foreman",
          worldId: dead,
          lastSeenText: options.lastSeenText === undefined ? LAST_SEEN : options.lastSeenText,
          actor: ACTOR,
        }),
        bookmark: null,
        frozen: held.map((record) => {
          const lock = lockOf(record);
          return { planId: lock?.planId ?? "", lock: lock?.kind === "planning" ? "planning" : "execution" };
        }),
      });
    };
    const ended = async (id = JOB) => {
      await vi.waitFor(() => expect(jobs.get(id)?.facts.state).toMatch(/done|stopped|failed/), {
        timeout: 20_000,
        interval: 5,
      });
      return jobs.get(id)?.facts;
    };
    const outcomes = async (id = JOB) => (await jobStore.targets(id, null, null, 500)).targets;
    return { jobs, start, ended, outcomes, mailbox };
  }

  function insert(table: string, row: Readonly<Record<string, unknown>>): void {
    const columns = Object.keys(row);
    direct
      .prepare(`INSERT INTO ${table} (${columns.join(", ")}) VALUES (${columns.map(() => "?").join(", ")})`)
      .run(...(Object.values(row) as (string | number | null | Uint8Array)[]));
  }
  const keys = async () => (await store.recordKeys()).map(({ class: of, id }) => `${of.split("::").at(-1)} ${id}`);
  const inbox = (receiver: string) =>
    direct
      .prepare("select data from dynflow_envelopes where receiver_id = ? order by id")
      .all(receiver)
      .map((row) => decodeEnvelope(row.data as Uint8Array));
  return { store, direct, live, insert, keys, inbox, asked, journal };
}

/** A dead executor that was running one plan, waiting in a second, and planning a third; and another that lives. */
function smallDatabase() {
  const file = emptySqliteDatabase();
  const made = universe(file.path);
  cleanups.push(() => file.remove());
  const record = (name: string, id: string, owner: string | null, fields = {}) =>
    made.insert(
      "dynflow_coordinator_records",
      recordCells(
        name,
        id,
        encodePayload({ class: `Dynflow::Coordinator::${name}`, id, owner_id: owner, ...fields }),
        owner,
      ),
    );
  for (const id of [DEAD, OTHER]) {
    record("ExecutorWorld", id, null, { active: true, meta: { hostname: "e", last_seen: LAST_SEEN } });
  }
  const plan = (number: number, state: string, steps: readonly string[], lock: string) => {
    const ids = steps.map((_, index) => index + 1);
    made.insert(
      "dynflow_execution_plans",
      planCells(number, { state, result: "pending", step_ids: encodePayload(ids) }),
    );
    made.insert("dynflow_actions", actionCells(number, 1));
    for (const [index, word] of steps.entries()) {
      const phase = index === 0 ? "PlanStep" : "RunStep";
      made.insert(
        "dynflow_steps",
        stepCells(number, index + 1, { state: word, class: `Dynflow::ExecutionPlan::Steps::${phase}` }),
      );
    }
    record(lock, `execution-plan:${uuid(number)}`, `world:${DEAD}`, {
      world_id: DEAD,
      execution_plan_id: uuid(number),
      ...(lock === "ExecutionLock" ? { client_world_id: CLIENT, request_id: `${CLIENT}-${number}` } : {}),
    });
  };
  plan(17, "running", ["success", "running"], "ExecutionLock");
  plan(18, "running", ["success", "suspended"], "ExecutionLock");
  plan(19, "planning", ["success", "pending"], "PlanningLock");
  plan(20, "planning", ["running"], "PlanningLock");
  record("DelayedExecutorLock", "delayed-executor", `world:${DEAD}`);
  made.insert("dynflow_envelopes", { receiver_id: DEAD, data: encodePayload("lost") });
  return made;
}

/** What is left when all went well, however often it was begun. */
async function expectInvalidated({ store, keys, inbox }: ReturnType<typeof smallDatabase>): Promise<void> {
  expect(await keys()).toEqual([`ExecutorWorld ${OTHER}`]);
  expect(inbox(DEAD)).toEqual([]);
  const heads = new Map((await store.heads([17, 18, 19, 20].map(uuid))).map((head) => [head.id, head]));
  expect(heads.get(uuid(17))).toMatchObject({ state: "paused", result: "error" });
  expect(heads.get(uuid(18))).toMatchObject({ state: "paused", result: "pending" });
  expect(heads.get(uuid(19))).toMatchObject({ state: "planned", result: "pending" });
  expect(heads.get(uuid(20))).toMatchObject({ state: "stopped", result: "error" });
  const sent = inbox(OTHER).map((each) => (each.ok ? [each.envelope.senderId, each.envelope.message] : each));
  expect(sent).toHaveLength(2);
  expect(sent).toContainEqual([CLIENT, { type: "Execution", planId: uuid(18) }]);
  expect(sent).toContainEqual([US, { type: "Execution", planId: uuid(19) }]);
  const terminated = (await store.plan(uuid(17)))?.history;
  expect(terminated).toMatchObject({ value: [{ name: "terminate execution", worldId: DEAD }] });
}

describe("the invalidation of a dead executor", () => {
  it("does everything in the order of Dynflow, and says what became of each plan", async () => {
    const made = smallDatabase();
    const life = made.live();
    await life.start();
    expect(await life.ended()).toMatchObject({
      state: "done",
      note: "The world is invalidated: 4 plans were taken from it; 1 waiting envelope deleted",
      counts: { total: 4, applied: 4, unknown: 0 },
    });
    await expectInvalidated(made);
    expect(made.asked).toEqual([19, 20, 17, 18].map(uuid));
    const notes = Object.fromEntries((await life.outcomes()).map(({ key, note }) => [key, note]));
    expect(notes[uuid(17)]).toBe("paused with an error: it waits for a person; step 2 had been running");
    expect(notes[uuid(18)]).toBe("another executor was asked to go on with it");
    expect(notes[uuid(19)]).toBe("it was planned completely: an executor was asked to execute it");
    expect(notes[uuid(20)]).toBe("stopped: it was not planned completely; step 1 had been running");
  });

  it("comes to the same end wherever the console is killed, with nothing done twice", async () => {
    const whole = immortal();
    const first = smallDatabase();
    const counting = first.live({ mortality: whole });
    await counting.start();
    await counting.ended();
    expect(whole.writes()).toBeGreaterThan(15);
    for (let dieAt = 1; dieAt <= whole.writes(); dieAt += 1) {
      for (const after of [false, true]) {
        const made = smallDatabase();
        const killed = mortality(dieAt, after);
        const life = made.live({ mortality: killed });
        void life.start().catch(() => undefined);
        await killed.died;
        const next = made.live();
        await next.jobs.recover();
        if (next.jobs.get(JOB) === null) continue; // it was killed before the job was on disk: nothing had begun
        const end = await next.ended();
        expect({ dieAt, after, state: end?.state, unknown: end?.counts.unknown, moved: end?.counts.moved }).toEqual({
          dieAt,
          after,
          state: "done",
          unknown: 0,
          moved: 0,
        });
        await expectInvalidated(made);
      }
    }
  });

  it("changes nothing when it answers after all", async () => {
    const made = smallDatabase();
    const before = await made.keys();
    const life = made.live({ answers: true });
    await life.start();
    expect(await life.ended()).toMatchObject({
      state: "stopped",
      note: "It answered a ping in 7 ms: it is alive. 0 plans were taken from it",
    });
    expect(await made.keys()).toEqual(before);
  });

  it("stops as soon as its heartbeat moves, says after how much, and gives the lock back", async () => {
    const made = smallDatabase();
    let abandoned = 0;
    const beat = encodePayload({ active: true, meta: { hostname: "e", last_seen: "2026-11-22 05:48:00.000" } });
    const life = made.live({
      beforeAbandon: () => {
        abandoned += 1;
        if (abandoned === 2)
          made.direct.prepare("update dynflow_coordinator_records set data = ? where id = ?").run(beat, DEAD);
      },
    });
    await life.start();
    expect(await life.ended()).toMatchObject({
      state: "stopped",
      note: expect.stringMatching(
        /^Its heartbeat was written meanwhile \(2026-11-22 05:48:00.000\): it is alive. 2 plans were taken from it; its record was set inactive/,
      ),
    });
    const left = await made.keys();
    expect(left.filter((key) => key.startsWith("ExecutionLock"))).toHaveLength(2);
    expect(left.some((key) => key.startsWith("WorldInvalidationLock"))).toBe(false);
  });

  it("leaves plans without error to the next executor that starts when none answers", async () => {
    const made = smallDatabase();
    const life = made.live({ executors: [] });
    await life.start();
    expect(await life.ended()).toMatchObject({ state: "done" });
    const notes = Object.fromEntries((await life.outcomes()).map(({ key, note }) => [key, note]));
    expect(notes[uuid(18)]).toContain("no executor answered");
    expect(made.inbox(OTHER)).toEqual([]);
  });

  it("lets one of two consoles do it, and tells the other", async () => {
    const made = smallDatabase();
    const theirs = made.live({ us: uuid(9), state: createMemoryStateStore() });
    const ours = made.live();
    await Promise.all([ours.start(), theirs.start("01KAS0000000000000000000J2")]);
    const [first, second] = await Promise.all([ours.ended(), theirs.ended("01KAS0000000000000000000J2")]);
    const states = [first?.state, second?.state];
    expect(states).toContain("done");
    // The slower one either met the other's lock, or came when there was nothing left to do.
    for (const end of [first, second]) {
      if (end?.state === "stopped") expect(end.note).toContain("Somebody else is invalidating it");
    }
    expect(made.inbox(OTHER)).toHaveLength(2);
    expect(await made.keys()).toEqual([`ExecutorWorld ${OTHER}`]);
  });

  it("stops where somebody else is at it", async () => {
    const made = smallDatabase();
    const lock = encodePayload({ world_id: OTHER });
    made.insert(
      "dynflow_coordinator_records",
      recordCells("WorldInvalidationLock", `world-invalidation:${DEAD}`, lock, `world:${OTHER}`),
    );
    const life = made.live();
    await life.start();
    expect(await life.ended()).toMatchObject({ state: "stopped", note: expect.stringContaining(`world:${OTHER}`) });
    expect(made.asked).toEqual([]);
  });
});

/** The killed worlds of the recorded database of 2.0, as their records say. */
const KILLED_EXECUTOR = "9cfbf0d4-8789-4667-9d55-d6579d5024b7";
const LIVING_EXECUTOR = "ee0a007e-c707-45cd-a785-7b537059b386";
const KILLED_CLIENT = "7730c0c1-d62f-4b06-9d21-6bd2bdddb193";

function realDatabase(fixture = "v25.sqlite") {
  const directory = mkdtempSync(join(tmpdir(), "worldline-invalidation-"));
  const path = join(directory, fixture);
  copyFileSync(`fixtures/dynflow/${fixture}`, path);
  cleanups.push(() => rmSync(directory, { recursive: true, force: true }));
  return universe(path);
}

describe("the worlds that were killed in a database of a real Dynflow 2.0", () => {
  it("are invalidated: what ran has failed, what waited was handed on, nothing else was touched", async () => {
    const made = realDatabase();
    const held = (await made.store.records(await made.store.recordKeys())).filter(
      (record) => record.ownerId === `world:${KILLED_EXECUTOR}` && record.class.endsWith("ExecutionLock"),
    );
    const planIds = held.map((record) => lockOf(record)?.planId ?? "");
    expect(planIds.length).toBeGreaterThan(5);
    const before = new Map(await Promise.all(planIds.map(async (id) => [id, await made.store.plan(id)] as const)));
    const others = () =>
      made.direct
        .prepare(`select * from dynflow_execution_plans where uuid not in (${planIds.map(() => "?").join(",")})`)
        .all(...planIds);
    const untouched = others();
    const life = made.live({
      dead: KILLED_EXECUTOR,
      executors: [LIVING_EXECUTOR],
      lastSeenText: "2026-11-22 05:46:45.912",
    });
    await life.start();
    expect(await life.ended()).toMatchObject({ state: "done", counts: { applied: planIds.length, failed: 0 } });
    let handedOn = 0;
    for (const id of planIds) {
      const was = before.get(id);
      const is = await made.store.plan(id);
      if (was == null || is == null) throw new Error(`no plan ${id}`);
      const ran = was.steps.filter((step) => step.state === "running").map((step) => step.id);
      expect(is.head.state).toBe(was.head.state === "running" ? "paused" : was.head.state);
      expect(is.steps.filter((step) => ran.includes(step.id)).map((step) => step.state)).toEqual(
        ran.map(() => "error"),
      );
      expect(is.history.ok && is.history.value.at(-1)).toMatchObject({
        name: "terminate execution",
        worldId: KILLED_EXECUTOR,
      });
      if (is.head.result !== "error") handedOn += 1;
    }
    expect(
      made.inbox(LIVING_EXECUTOR).filter((each) => each.ok && each.envelope.message.type === "Execution"),
    ).toHaveLength(handedOn);
    expect(others()).toEqual(untouched);
    const keys = await made.keys();
    expect(keys.some((key) => key.includes(KILLED_EXECUTOR))).toBe(false);
    expect(keys).toContain(`ExecutorWorld ${LIVING_EXECUTOR}`);
    expect(made.inbox(KILLED_EXECUTOR)).toEqual([]);
  });

  it("and the client that was killed while it planned leaves a stopped plan", async () => {
    const made = realDatabase();
    const life = made.live({ dead: KILLED_CLIENT, lastSeenText: "2026-11-22 05:46:57.551" });
    await life.start();
    expect(await life.ended()).toMatchObject({ state: "done", counts: { applied: 1 } });
    const [outcome] = await life.outcomes();
    const plan = await made.store.plan(outcome?.key ?? "");
    expect(plan?.head).toMatchObject({ state: "stopped" });
    expect(plan?.history.ok && plan.history.value.at(-1)).toMatchObject({ name: "finish execution", worldId: US });
    expect((await made.keys()).some((key) => key.includes(KILLED_CLIENT))).toBe(false);
  });

  it("are invalidated as JSON text in a database of 1.5.0", async () => {
    const made = realDatabase("v20.sqlite");
    const records = await made.store.records(await made.store.recordKeys());
    const lock = records.find((record) => record.class.endsWith("::ExecutionLock"));
    const dead = lock === undefined ? null : (lockOf(lock)?.worldId ?? null);
    const world = records.find((record) => record.id === dead);
    if (dead === null || world === undefined) throw new Error("the fixture has no executor that holds a lock");
    const life = made.live({ dead, executors: [], lastSeenText: worldOf(world)?.lastSeenText ?? null });
    await life.start();
    const end = await life.ended();
    expect(end).toMatchObject({ state: "done", counts: { failed: 0, unknown: 0 } });
    expect(end?.counts.applied).toBeGreaterThan(2);
    const rows = (table: string, column: string) =>
      made.direct.prepare(`select distinct typeof(${column}) as kind from ${table} where ${column} is not null`).all();
    expect(rows("dynflow_execution_plans", "execution_history")).toEqual([{ kind: "text" }]);
    expect(rows("dynflow_steps", "error")).toEqual([{ kind: "text" }]);
    for (const { key } of await life.outcomes()) {
      const plan = await made.store.plan(key);
      expect(plan?.history.ok && plan.history.value.at(-1)).toMatchObject({
        name: "terminate execution",
        worldId: dead,
      });
      for (const step of plan?.steps ?? []) expect(step.error.ok).toBe(true);
    }
    // As the invalidation by a real executor had left it in the same database.
    const real = await made.store.plan("db8d7d37-2366-4c84-9e69-fd8976ea6004");
    const failed = real?.steps.find((step) => step.state === "error");
    expect(failed?.error).toMatchObject({
      value: { exceptionClass: "StandardError", message: "Abnormal termination (previous state: running)" },
    });
    expect(real?.head).toMatchObject({ state: "paused", result: "error" });
  });
});
