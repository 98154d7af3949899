import { randomUUID } from "node:crypto";
import { ulid } from "ulid";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { execute, startPostgres, type TestPostgres } from "#scripts/testing/postgres.ts";
import type { Caller } from "#server/auth/caller.ts";
import type { Behaviour } from "#server/demo/dynflow/behaviour.ts";
import { pullEnvelopes, pushEnvelope, recordsOf } from "#server/demo/dynflow/coordinator.ts";
import { loadPlan } from "#server/demo/dynflow/plan-loader.ts";
import { insertPlans } from "#server/demo/dynflow/plan-writer.ts";
import { planOf } from "#server/demo/dynflow/planner.ts";
import type { PostgresDatabase } from "#server/demo/dynflow/postgres-database.ts";
import { createPostgresMailbox } from "#server/dynflow/adapters/postgres/postgres-mailbox.ts";
import { createPostgresStore } from "#server/dynflow/adapters/postgres/postgres-store.ts";
import { decodeEnvelope } from "#server/dynflow/codec/envelope-decode.ts";
import { createJobStore } from "#server/jobs/job-store.ts";
import { createJobRunner } from "#server/jobs/runner.ts";
import { silentLogger } from "#server/kernel/logger.ts";
import { createListeningGate } from "#server/operations/gate.test-kit.ts";
import { createOperations } from "#server/operations/operations.ts";
import { createSystemClock } from "#server/runtime/clock.ts";
import { createMemoryJournal, createMemoryStateStore } from "./follower.test-kit.ts";
import { createInvalidateKind } from "./invalidation-job.ts";
import { createInvalidationService } from "./invalidation-service.ts";
import { createLiveBench } from "./live-source.test-kit.ts";
import { createLiveSource } from "./service-live-source.ts";

/** Two pings of 30 s each, and a pause between them, in moments; and what is waited for less is waited for long enough. */
const clock = createSystemClock(4);
const realClock = createSystemClock();
const PATIENCE_MS = 60_000;
const CLIENT = randomUUID();
const CALLER: Caller = {
  principal: { id: "ann", role: "admin", kind: "local", sources: null, tokenId: null },
  address: "127.0.0.1",
};

let postgres: TestPostgres;
beforeAll(async () => {
  postgres = await startPostgres();
});
afterAll(() => postgres.remove());

const bench = createLiveBench(() => postgres);
const { executorOn } = bench;
afterEach(bench.clean);

async function emptyDatabase() {
  const { url, database } = await bench.realDatabase();
  await execute(url, async (client) => {
    const { rows } = await client.query("SELECT tablename FROM pg_tables WHERE tablename LIKE 'dynflow_%'");
    const names = rows.map((row) => String(row.tablename)).filter((name) => name !== "dynflow_schema_info");
    await client.query(`TRUNCATE ${names.join(", ")} RESTART IDENTITY`);
  });
  return { url, database };
}

/** A console with its source, its jobs, and the service of invalidations. */
function consoleOn(url: string) {
  const journal = createMemoryJournal(clock);
  const store = createPostgresStore({ url });
  const state = createMemoryStateStore();
  const { gate, termsOf } = createListeningGate();
  const operations = createOperations({ recorder: journal.recorder, view: journal.view, clock, gate });
  const source = createLiveSource({
    id: "foreman",
    title: "Foreman",
    act: true,
    release: "2.0",
    cancellable: [],
    demo: false,
    store,
    openMailbox: async () => createPostgresMailbox({ url }),
    recorder: journal.recorder,
    view: journal.view,
    state,
    operations,
    clock,
    upstreamClock: realClock,
    log: silentLogger,
    hostname: "ops",
    pid: 1,
    newWorldId: randomUUID,
  });
  const commands = source.commands;
  if (commands === null) throw new Error("it does not act");
  const kind = createInvalidateKind({
    sourceOf: () => ({
      store,
      worlds: () => commands.worlds(),
      refusal: () => commands.refusal(),
      took: (planId, causedBy) => commands.took(planId, causedBy),
    }),
    operations,
    clock,
    log: silentLogger,
  });
  const jobStore = createJobStore(state);
  const { recorder, view } = journal;
  const jobs = createJobRunner({ store: jobStore, kinds: [kind], recorder, view, clock, log: silentLogger });
  const service = createInvalidationService({ clock, jobs, operations, newId: ulid, log: silentLogger });
  const abort = new AbortController();
  const ended = source.run(abort.signal);
  bench.cleanUp(async () => {
    await jobs.stop();
    abort.abort();
    await ended;
    await store.close();
  });
  return { source, commands, jobs, jobStore, service, journal, termsOf };
}

const until = (what: string, condition: () => boolean | Promise<boolean>) => bench.until(what, condition, PATIENCE_MS);

const HELD: Readonly<Record<string, Behaviour>> = {
  "Actions::Busy": () => ({ kind: "success", afterMs: 3_600_000, output: {} }),
  "Actions::Waiting": () => ({ kind: "suspend", afterMs: 1, progress: 0.5, output: {}, wakeAfterMs: null }),
};
/** Never ends by itself, as two kinds of action do. */
const held: Behaviour = (visit) =>
  (HELD[visit.action.class] ?? (() => ({ kind: "success", afterMs: 1, output: {} }) as const))(visit);
const succeeds: Behaviour = () => ({ kind: "success", afterMs: 5, output: {} });

async function order(database: PostgresDatabase, executorId: string, actionClass: string, request: number) {
  const planId = randomUUID();
  await insertPlans(database.db, [planOf(planId, { root: { class: actionClass, run: {} } }, realClock.now())]);
  await pushEnvelope(database, {
    requestId: `${CLIENT}-${request}`,
    senderId: CLIENT,
    receiverId: executorId,
    message: { type: "Execution", planId },
  });
  return planId;
}
const stepOf = async (database: PostgresDatabase, planId: string) =>
  (await loadPlan(database.db, planId))?.steps.find((step) => step.phase === "run")?.state;

describe("an executor that is killed mid-step, on PostgreSQL", () => {
  it("fails two pings, is previewed and invalidated: each plan, lock and envelope as promised", async () => {
    const { url, database } = await emptyDatabase();
    const dead = await executorOn(database, held, "dead");
    const other = await executorOn(database, succeeds, "other");
    const busy = await order(database, dead.id, "Actions::Busy", 1);
    const waiting = await order(database, dead.id, "Actions::Waiting", 2);
    await until("one is busy", async () => (await stepOf(database, busy)) === "running");
    await until("one waits", async () => (await stepOf(database, waiting)) === "suspended");
    const { source, commands, jobs, service, journal, termsOf } = consoleOn(url);
    await until("we may act", () => commands.refusal() === null);
    await expect(
      service.start(CALLER, source, {
        source: "foreman",
        worldId: dead.id,
        expectedPlans: 2,
        reason: "too early",
        requestId: ulid(),
      }),
    ).rejects.toMatchObject({ code: "refused" });
    dead.kill();
    const lost = await order(database, dead.id, "Actions::Busy", 3);

    const ask = { source: "foreman", worldId: dead.id, reason: "its host is gone", requestId: ulid() };
    await service.probe(CALLER, source, ask);
    await until("two pings have failed", async () => {
      const { probe } = await service.preview(source, dead.id);
      return probe?.state === "silent";
    });
    const preview = await service.preview(source, dead.id);
    expect(preview.refusals).toEqual([]);
    expect(Object.fromEntries(preview.plans.map(({ planId, fate }) => [planId, fate]))).toEqual({
      [busy]: "paused-with-error",
      [waiting]: "taken-over",
    });
    expect(preview.envelopes).toBe(1);
    expect(preview.executors.map(({ id }) => id)).toEqual([other.id]);

    const requestId = ulid();
    const { jobId } = await service.start(CALLER, source, { ...ask, expectedPlans: 2, requestId });
    expect(termsOf("dynflow.worlds.invalidate")).toEqual({ expectedPlans: 2 });
    await until("the job is over", () => jobs.get(jobId)?.facts.state !== "running");
    expect(jobs.get(jobId)?.facts).toMatchObject({ state: "done", counts: { applied: 2, failed: 0, unknown: 0 } });
    expect(await loadPlan(database.db, busy)).toMatchObject({ state: "paused", result: "error" });
    await until("the other went on", async () => (await loadPlan(database.db, waiting))?.state === "stopped");
    expect(await loadPlan(database.db, waiting)).toMatchObject({ result: "success" });
    // Whoever had asked gets the answers, a second Accepted among them, under the old request id.
    const forWaiting: string[] = [];
    await until("who had asked has its answers", async () => {
      for (const bytes of await pullEnvelopes(database.db, CLIENT)) {
        const reply = decodeEnvelope(bytes);
        if (reply.ok && reply.envelope.requestId === `${CLIENT}-2`) forWaiting.push(reply.envelope.message.type);
      }
      return forWaiting.length >= 3;
    });
    expect(forWaiting).toEqual(["Accepted", "Accepted", "Done"]);
    const executors = await recordsOf(database.db, "Dynflow::Coordinator::ExecutorWorld");
    expect(executors.map(({ id }) => id)).toEqual([other.id]);
    for (const name of ["ExecutionLock", "WorldInvalidationLock"]) {
      const held = () => recordsOf(database.db, `Dynflow::Coordinator::${name}`);
      await until(`no ${name} is left`, async () => (await held()).length === 0);
    }
    expect(await pullEnvelopes(database.db, dead.id)).toEqual([]);
    expect(await loadPlan(database.db, lost)).toMatchObject({ state: "planned" });
    await until("it is verified", () => {
      const found = journal.view.operator().operations.find(({ id }) => id === requestId);
      return found?.phase === "verified";
    });
  }, 240_000);

  it("is not invalidated when it lives: the probe ends with its first answer", async () => {
    const { url, database } = await emptyDatabase();
    const world = await executorOn(database, succeeds, "alive");
    const { source, commands, service } = consoleOn(url);
    await until("we may act", () => commands.refusal() === null);
    const ask = { source: "foreman", worldId: world.id, reason: "is it there?", requestId: ulid() };
    await service.probe(CALLER, source, ask);
    await until("it answered", async () => (await service.preview(source, world.id)).probe?.state === "answered");
    const start = service.start(CALLER, source, { ...ask, expectedPlans: 0, requestId: ulid() });
    await expect(start).rejects.toMatchObject({ code: "refused" });
    expect(await recordsOf(database.db, "Dynflow::Coordinator::ExecutorWorld")).toHaveLength(1);
  }, 180_000);

  it("is asked for its queues, and a client is not", async () => {
    const { url, database } = await emptyDatabase();
    const world = await executorOn(database, held, "alive");
    const busy = await order(database, world.id, "Actions::Busy", 1);
    await until("it is busy", async () => (await stepOf(database, busy)) === "running");
    const { commands } = consoleOn(url);
    await until("we may act", () => commands.refusal() === null);
    const actor = { user: "ann", role: "admin", address: "127.0.0.1", reason: "how busy?" } as const;
    const worlds = commands.worlds();
    const ask = { worldId: world.id, planId: null, requestId: ulid(), actor };
    const queues = async () => (await worlds?.status({ ...ask, requestId: ulid() }))?.queues;
    await expect
      .poll(queues, { timeout: PATIENCE_MS })
      .toEqual([{ queue: "default", poolSize: 5, freeWorkers: 4, queueSize: 0 }]);
    await expect(
      worlds?.status({ ...ask, worldId: commands.worldId() ?? "", requestId: ulid() }),
    ).rejects.toMatchObject({ code: "refused" });
    world.kill();
    expect((await worlds?.status({ ...ask, requestId: ulid() }))?.queues).toBeNull();
  }, 180_000);
});
