import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { sql } from "kysely";
import { afterEach, describe, expect, it, vi } from "vitest";
import type { EventActor } from "#server/contract/event.ts";
import { type Behaviour, everythingSucceeds } from "#server/demo/dynflow/behaviour.ts";
import { acquire, executionLock } from "#server/demo/dynflow/coordinator.ts";
import { createExecutorWorld } from "#server/demo/dynflow/executor-world.ts";
import { loadPlan } from "#server/demo/dynflow/plan-loader.ts";
import { insertPlans } from "#server/demo/dynflow/plan-writer.ts";
import { planOf } from "#server/demo/dynflow/planner.ts";
import { createDynflowFile } from "#server/demo/dynflow/sqlite-inline.ts";
import {
  createSqliteMailbox,
  createSqliteStore,
  openSqliteDatabase,
} from "#server/dynflow/adapters/sqlite/sqlite-store.ts";
import { messageOf } from "#server/kernel/errors.ts";
import { silentLogger } from "#server/kernel/logger.ts";
import { createOperations } from "#server/operations/operations.ts";
import { createSystemClock } from "#server/runtime/clock.ts";
import { createMemoryJournal, createMemoryStateStore } from "./follower.test-kit.ts";
import { createLiveSource } from "./service-live-source.ts";

const EXECUTOR = "22222222-2222-4222-8222-222222222222";
const SECOND = "44444444-4444-4444-8444-444444444444";
const PLAN = "33333333-3333-4333-8333-333333333333";
const US = "11111111-1111-4111-8111-111111111111";
const ACTOR: EventActor = { user: "ann", role: "operator", address: "127.0.0.1", reason: "tried again" };
/** Everything on one clock that runs this much faster: readers, executors and the console's own world. */
const SPEED = 8;
const PATIENCE_MS = 60_000;
vi.setConfig({ testTimeout: PATIENCE_MS });

const cleanups: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).toReversed()) await cleanup();
});

/** A real SQLite file behind the real adapters, and executors that take envelopes from it. */
async function universe(
  options: { readonly act?: boolean; readonly demo?: boolean; readonly behaviour?: Behaviour } = {},
) {
  const directory = mkdtempSync(join(tmpdir(), "worldline-live-"));
  cleanups.push(() => rmSync(directory, { recursive: true, force: true }));
  const path = join(directory, "dynflow.sqlite");
  createDynflowFile(path);
  const clock = createSystemClock(SPEED);
  const db = openSqliteDatabase({ path, readOnly: false });
  cleanups.push(() => db.destroy());
  const journal = createMemoryJournal(clock);
  const store = createSqliteStore({ path });
  cleanups.push(() => store.close());
  let mailboxes = 0;
  const source = createLiveSource({
    id: "foreman",
    title: "Foreman",
    act: options.act ?? true,
    release: null,
    cancellable: [],
    demo: options.demo ?? true,
    store,
    openMailbox: async () => {
      mailboxes += 1;
      return createSqliteMailbox({ path });
    },
    recorder: journal.recorder,
    view: journal.view,
    state: createMemoryStateStore(),
    operations: createOperations({ recorder: journal.recorder, view: journal.view, clock }),
    clock,
    upstreamClock: createSystemClock(),
    log: silentLogger,
    hostname: "ops",
    pid: 1,
    newWorldId: () => US,
  });
  const abort = new AbortController();
  const ended = source.run(abort.signal);
  let running = true;
  const stop = async () => {
    if (!running) return;
    running = false;
    abort.abort();
    await ended;
  };
  cleanups.push(stop);
  const executor = async (id: string) => {
    const world = createExecutorWorld({
      database: { db, dialect: "sqlite" },
      clock,
      log: silentLogger,
      id,
      hostname: `exec-${id.slice(0, 4)}`,
      pid: 7,
      queues: { default: 5 },
      behaviour: options.behaviour ?? everythingSucceeds,
      delayedExecutor: false,
      newId: () => SECOND,
    });
    await world.start();
    cleanups.push(() => world.stop());
    return world;
  };
  const until = async (what: string, condition: () => boolean | Promise<boolean>) => {
    const deadline = clock.monotonic() + PATIENCE_MS * SPEED;
    while (!(await condition())) {
      if (clock.monotonic() > deadline) throw new Error(`never: ${what}`);
      await clock.sleep(100);
    }
  };
  const fold = () => journal.view.dynflow("foreman");
  const addPlan = async () => {
    const plan = planOf(PLAN, { root: { class: "Actions::Example", run: {} } }, clock.now());
    const step = plan.steps.at(-1);
    if (step !== undefined) {
      step.state = "error";
      step.error = { exceptionClass: "Boom", message: "no space", backtrace: [] };
    }
    await insertPlans(db, [{ ...plan, state: "paused", result: "error" }]);
  };
  const canAct = () => until("our world is registered", () => source.commands?.refusal() === null);
  return { clock, db, journal, source, executor, until, fold, addPlan, canAct, stop, mailboxes: () => mailboxes };
}

const request = (requestId: string) => ({
  planId: PLAN,
  expectedState: "paused",
  expectedFailedStepId: 2,
  requestId,
  actor: ACTOR,
});

describe("a live source on SQLite, end to end", () => {
  it("finds a failed plan, resumes it through an executor, and sees it end", async () => {
    const { db, source, executor, until, fold, addPlan, canAct, journal } = await universe();
    await executor(EXECUTOR);
    await addPlan();
    await until("the plan is followed", () => fold().plans[PLAN]?.failure?.message === "no space");
    await canAct();
    const result = await source.commands?.resume(request("01KAS0000000000000000000A1"));
    expect(result?.phase).toMatch(/^(executed|verified)$/);
    await until("the plan has ended", () => fold().plans[PLAN] === undefined);
    expect((await loadPlan(db, PLAN))?.result).toBe("success");
    await until("it is verified", () => journal.view.operator().operations[0]?.phase === "verified");
    expect(journal.kinds()).toContain("dynflow.world.pong");
    expect(fold().worlds[US]?.executor).toBe(false);
  });

  it("resumed twice at once: the plan runs once, and both are told what decided", async () => {
    let visits = 0;
    const { db, source, executor, until, addPlan, canAct, fold, journal } = await universe({
      behaviour: () => {
        visits += 1;
        return { kind: "success", afterMs: 8_000, output: {} };
      },
    });
    await executor(EXECUTOR);
    await executor(SECOND);
    await addPlan();
    await until("the plan is followed", () => fold().plans[PLAN] !== undefined);
    await canAct();
    const results = await Promise.allSettled(
      ["01KAS0000000000000000000A1", "01KAS0000000000000000000A2"].map((id) => source.commands?.resume(request(id))),
    );
    // By the executor, or where the message was to be written, whichever found the lock first; or once the plan runs.
    const refused = results.flatMap((result) => {
      if (result.status === "rejected") return messageOf(result.reason);
      return result.value?.phase === "failed" ? (result.value.note ?? "") : [];
    });
    expect(refused).toEqual([expect.stringMatching(/holds the plan's (execution )?lock|is running now, not paused/)]);
    await until("the plan has ended", async () => (await loadPlan(db, PLAN))?.state === "stopped");
    expect(visits).toBe(1);
    const phases = () => journal.view.operator().operations.map((operation) => operation.phase);
    await until("the other is verified", () => phases().includes("verified"));
    expect(phases().toSorted()).toEqual(["failed", "verified"]);
  });

  it("opens no mailbox and writes nothing when acting is switched off", async () => {
    const { db, source, executor, until, addPlan, fold, mailboxes, clock } = await universe({ act: false });
    await executor(EXECUTOR);
    await addPlan();
    await until("the plan is followed", () => fold().plans[PLAN] !== undefined);
    await clock.sleep(10_000);
    expect(source.commands).toBe(null);
    expect(mailboxes()).toBe(0);
    expect(await ids(db)).toEqual([EXECUTOR]);
  });

  it("opens no mailbox on somebody's SQLite file, whatever is configured", async () => {
    const { source, executor, until, addPlan, fold, mailboxes, clock } = await universe({ demo: false });
    await executor(EXECUTOR);
    await addPlan();
    await until("the plan is followed", () => fold().plans[PLAN] !== undefined);
    await clock.sleep(10_000);
    expect(mailboxes()).toBe(0);
    expect(source.commands?.refusal()).toMatch(/SQLite/);
    await expect(source.commands?.resume(request("01KAS0000000000000000000A1"))).rejects.toMatchObject({
      code: "refused",
    });
  });

  it("leaves no trace of its world when it stops", async () => {
    const { db, canAct, stop, executor } = await universe();
    await executor(EXECUTOR);
    await canAct();
    expect((await ids(db)).toSorted()).toEqual([US, EXECUTOR]);
    await stop();
    expect(await ids(db)).toEqual([EXECUTOR]);
  });

  it("refuses a plan that somebody else executes", async () => {
    const { db, source, executor, until, addPlan, canAct, fold } = await universe();
    await executor(EXECUTOR);
    await addPlan();
    await acquire(db, executionLock({ planId: PLAN, worldId: SECOND, clientWorldId: SECOND, requestId: "theirs" }));
    await until("the plan is followed", () => fold().plans[PLAN] !== undefined);
    await canAct();
    await expect(source.commands?.resume(request("01KAS0000000000000000000A1"))).rejects.toMatchObject({
      code: "refused",
      reasons: [expect.stringContaining("lock")],
    });
  });
});

async function ids(db: ReturnType<typeof openSqliteDatabase>): Promise<readonly string[]> {
  const { rows } = await sql<{ id: string }>`select id from dynflow_coordinator_records order by id`.execute(db);
  return rows.map((row) => row.id);
}
