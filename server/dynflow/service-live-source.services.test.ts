import { spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { sql } from "kysely";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { expectInTime } from "#scripts/testing/in-time.ts";
import { execute, startPostgres, type TestPostgres } from "#scripts/testing/postgres.ts";
import type { EventActor } from "#server/contract/event.ts";
import type { Behaviour } from "#server/demo/dynflow/behaviour.ts";
import { acquire, executionLock, pullEnvelopes, pushEnvelope } from "#server/demo/dynflow/coordinator.ts";
import { loadPlan } from "#server/demo/dynflow/plan-loader.ts";
import type { PostgresDatabase } from "#server/demo/dynflow/postgres-database.ts";
import { type Envelope, replyTo } from "#server/dynflow/codec/envelope.ts";
import { decodeEnvelope } from "#server/dynflow/codec/envelope-decode.ts";
import { EXECUTOR_WORLD_CLASS } from "#server/dynflow/domain/records.ts";
import { messageOf } from "#server/kernel/errors.ts";
import { createLiveBench } from "./live-source.test-kit.ts";
import { type ChildTask, openLife } from "./live-source-child.test-kit.ts";

const FIXTURES = join(import.meta.dirname, "../../fixtures/dynflow");
const ACTOR: EventActor = { user: "ann", role: "operator", address: "127.0.0.1", reason: "tried again" };
const PATIENCE_MS = 100_000;
/** To be down, and to be whole again. */
const DOWN_MS = 5_500;
const WHOLE_MS = 5_000;
const REQUEST_IDS = ["01KAS0000000000000000000A1", "01KAS0000000000000000000A2"] as const;
const requestIdOf = (attempt: number): string => `01KAS0000000000000000000P${attempt}`;

interface Expected {
  readonly plans: readonly { readonly id: string; readonly state: string; readonly valid: boolean }[];
}
const expected: Expected = JSON.parse(readFileSync(join(FIXTURES, "v25.pg.expected.json"), "utf8"));
const unfinished = expected.plans.filter((plan) => plan.state !== "stopped").map((plan) => plan.id);

let postgres: TestPostgres;
beforeAll(async () => {
  postgres = await startPostgres();
});
afterAll(() => postgres.remove());

const bench = createLiveBench(() => postgres);
const { realDatabase, live, executorOn, until, sleep } = bench;
afterEach(bench.clean);

/** A world that answers pings and takes an execution, says nothing, and begins only when told to. */
async function silentExecutor(database: PostgresDatabase) {
  const { db } = database;
  const id = randomUUID();
  const taken: Envelope[] = [];
  await acquire(db, { class: EXECUTOR_WORLD_CLASS, id, ownerId: null, fields: { meta: {}, active: true } });
  const take = async () => {
    for (const bytes of await pullEnvelopes(db, id)) {
      const decoded = decodeEnvelope(bytes);
      if (!decoded.ok) throw new Error(decoded.reason);
      if (decoded.envelope.message.type === "Ping")
        await pushEnvelope(database, replyTo(decoded.envelope, { type: "Pong" }));
      else taken.push(decoded.envelope);
    }
  };
  bench.cleanUp(await database.listen(id, () => void take()));
  return {
    executions: () => taken.flatMap(({ message }) => (message.type === "Execution" ? [message.planId] : [])),
    async begin() {
      const [first] = taken;
      if (first?.message.type !== "Execution") throw new Error("nothing was asked");
      const { planId } = first.message;
      await acquire(
        db,
        executionLock({ planId, worldId: id, clientWorldId: first.senderId, requestId: first.requestId }),
      );
      await sql`update dynflow_execution_plans set state = 'running' where uuid = ${planId}`.execute(db);
    },
  };
}

/** Runs a life of the console in a process of its own; answers the signal that ended it. */
async function runChild(task: ChildTask): Promise<string | null> {
  const script = join(import.meta.dirname, "live-source-child.test-kit.ts");
  const child = spawn(process.execPath, [script, JSON.stringify(task)], {
    stdio: ["ignore", "ignore", "inherit"],
  });
  const timer = setTimeout(() => child.kill("SIGTERM"), PATIENCE_MS);
  const [, signal] = await once(child, "exit");
  clearTimeout(timer);
  return typeof signal === "string" ? signal : null;
}

/** A paused plan of the fixture whose first failed step has something after it. */
async function pausedPlan(database: PostgresDatabase): Promise<{ readonly id: string; readonly failedStepId: number }> {
  const { rows } = await sql<{ id: string }>`
    select cast(uuid as text) as id from dynflow_execution_plans p where state = 'paused' and result = 'error'
      and not exists (select 1 from dynflow_coordinator_records where id = 'execution-plan:' || p.uuid)
    order by id`.execute(database.db);
  for (const { id } of rows) {
    const step = (await loadPlan(database.db, id))?.steps.find((candidate) => candidate.state === "error");
    if (step !== undefined) return { id, failedStepId: step.id };
  }
  throw new Error("the fixture has no plan that failed");
}

const request = (plan: { id: string; failedStepId: number }, requestId: string) => ({
  planId: plan.id,
  expectedState: "paused",
  expectedFailedStepId: plan.failedStepId,
  requestId,
  actor: ACTOR,
});

describe("a live source on PostgreSQL, on a database written by Dynflow 2.0", () => {
  it("knows every unfinished plan of the ground truth in its first seconds", async () => {
    const { url } = await realDatabase();
    const { fold } = live(url, { act: false });
    await until("all are followed", () => Object.keys(fold().plans).length >= unfinished.length);
    expect(Object.keys(fold().plans).toSorted()).toEqual(unfinished.toSorted());
    const states = Object.fromEntries(Object.entries(fold().plans).map(([id, plan]) => [id, plan.state]));
    expect(states).toEqual(
      Object.fromEntries(expected.plans.filter((plan) => plan.state !== "stopped").map(({ id, state }) => [id, state])),
    );
  });

  it("resumes a plan that failed in a real world, is notified at once, and sees it end", async () => {
    const { url, database } = await realDatabase();
    await executorOn(database);
    const { source, fold, journal } = live(url);
    await until("we may act", () => source.commands?.refusal() === null);
    let attempt = 0;
    await expectInTime(3_000, async () => {
      attempt += 1;
      const plan = await pausedPlan(database);
      await until("the plan is followed", () => fold().plans[plan.id] !== undefined);
      const start = performance.now();
      const result = await source.commands?.resume(request(plan, requestIdOf(attempt)));
      const answeredMs = performance.now() - start;
      expect(result?.phase).toMatch(/^(executed|verified)$/);
      await until("it has ended", () => fold().plans[plan.id] === undefined);
      expect(await loadPlan(database.db, plan.id)).toMatchObject({ state: "stopped" });
      const operation = () => journal.view.operator().operations.find(({ target }) => target === plan.id);
      await until("it is verified", () => operation()?.phase === "verified");
      return answeredMs;
    });
  });

  it("resumed twice at once on two executors: one runs it, and both are told what the lock decided", async () => {
    const { url, database } = await realDatabase();
    const behaviour: Behaviour = () => ({ kind: "success", afterMs: 400, output: {} });
    await executorOn(database, behaviour);
    await executorOn(database, behaviour);
    const plan = await pausedPlan(database);
    const { source, fold } = live(url);
    await until("the plan is followed", () => fold().plans[plan.id] !== undefined);
    await until("we may act", () => source.commands?.refusal() === null);
    const before = (await loadPlan(database.db, plan.id))?.history.length ?? 0;
    const results = await Promise.allSettled(
      [REQUEST_IDS[0], REQUEST_IDS[1]].map((id) => source.commands?.resume(request(plan, id))),
    );
    // By the executor, where the message was to be written, or by the look before it, whichever found it taken first.
    const refused = results.flatMap((result) => {
      if (result.status === "rejected") return messageOf(result.reason);
      return result.value?.phase === "failed" ? (result.value.note ?? "") : [];
    });
    expect(refused).toEqual([
      expect.stringMatching(/holds the plan's (execution )?lock|the plan is (running|stopped)/),
    ]);
    await until("it has ended", async () => (await loadPlan(database.db, plan.id))?.state === "stopped");
    const history = (await loadPlan(database.db, plan.id))?.history.slice(before).map((entry) => entry.name);
    expect(history).toEqual(["start execution", "finish execution"]);
  });

  it("killed between sending and journalling: unknown after the restart, then settled by the plan's lock", async () => {
    const { url, database } = await realDatabase();
    const plan = await pausedPlan(database);
    const directory = mkdtempSync(join(tmpdir(), "worldline-killed-"));
    bench.cleanUp(() => rmSync(directory, { recursive: true, force: true }));
    const executor = await silentExecutor(database);
    const task: ChildTask = { url, directory, request: request(plan, REQUEST_IDS[0]) };
    const signal = await runChild(task);
    expect(signal).toBe("SIGKILL");
    await until("the executor has taken it", () => executor.executions().length > 0);
    expect(executor.executions()).toEqual([plan.id]);

    const second = await openLife({ url, directory });
    const operation = () => second.recorder.operator().operations[0];
    try {
      await until("it is known to be unknown", () => operation()?.phase === "unknown");
      await executor.begin();
      await until("it is settled", () => operation()?.phase === "verified");
      expect(Object.keys(operation()?.at ?? {})).toEqual(["requested", "unknown", "verified"]);
      expect(executor.executions()).toEqual([plan.id]);
    } finally {
      await second.stop();
    }
  });

  it("answers the ping of another world, and is back after somebody deleted its record", async () => {
    const { url, database } = await realDatabase();
    const { source } = live(url);
    const other = live(url);
    await until("we may act", () => source.commands?.refusal() === null && other.source.commands?.refusal() === null);
    const worldId = source.commands?.worldId() ?? "";
    let attempt = 0;
    await expectInTime(1_000, async () => {
      attempt += 1;
      const requestId = requestIdOf(attempt);
      const pinged = await other.source.commands?.ping({ worldId, requestId, actor: ACTOR });
      expect(pinged).toMatchObject({ answered: true });
      return pinged?.roundTripMs ?? Number.NaN;
    });
    await sql`delete from dynflow_coordinator_records where id = ${worldId}`.execute(database.db);
    await until("we are back", async () => (await recordIds(database)).includes(worldId));
  });

  it("act: false works with a role that could not write anything", async () => {
    const { url, database } = await realDatabase();
    const role = `reader_${randomUUID().slice(0, 8)}`;
    await execute(url, (client) =>
      client.query(`
        CREATE ROLE ${role} LOGIN PASSWORD 'reads';
        GRANT USAGE ON SCHEMA public TO ${role};
        GRANT SELECT ON ALL TABLES IN SCHEMA public TO ${role};`),
    );
    const reader = new URL(url);
    reader.username = role;
    reader.password = "reads";
    const before = await contentOf(database);
    const { source, fold, stop, journal } = live(reader.href, { act: false });
    await until("all are followed", () => Object.keys(fold().plans).length >= unfinished.length);
    await sleep(5_000);
    expect(source.commands).toBe(null);
    expect(fold().source.state).toBe("up");
    expect(journal.kinds().filter((kind) => kind === "source.state_changed")).toHaveLength(1);
    await stop();
    expect(await contentOf(database)).toEqual(before);
  });

  it("is down within 5 s of a server that stands still or is stopped, and whole within 5 s of its return", async () => {
    const { url, database } = await realDatabase();
    const { fold, source } = live(url);
    await until("it is followed", () => Object.keys(fold().plans).length >= unfinished.length);
    await until("we may act", () => source.commands?.refusal() === null);
    const down = () => until("it is down", () => fold().source.state === "down");
    /** How long it took to be whole, or to be down when that took too long. */
    const slowest = (downMs: number, ...wholeMs: readonly number[]): number =>
      Math.max(...wholeMs, downMs < DOWN_MS ? 0 : downMs);

    await expectInTime(WHOLE_MS, async () => {
      postgres.pause();
      const downMs = await down();
      expect(Object.keys(fold().plans).length).toBe(unfinished.length);
      expect(source.commands?.refusal()).toMatch(/does not answer/);
      postgres.resume();
      return slowest(downMs, await until("it is up", () => fold().source.state === "up"));
    });
    await expectInTime(WHOLE_MS, async () => {
      const plan = await pausedPlan(database);
      await postgres.stop();
      const downMs = await down();
      await postgres.start();
      await execute(url, (client) =>
        client.query("update dynflow_execution_plans set state = 'stopped' where uuid = $1", [plan.id]),
      );
      const knownMs = await until("what changed meanwhile is known", () => fold().plans[plan.id] === undefined);
      expect(fold().source.state).toBe("up");
      return slowest(downMs, knownMs, await until("we may act again", () => source.commands?.refusal() === null));
    });
  }, 400_000);
});

describe("a database of 100,000 plans", () => {
  it("is taken up in bounded steps: every unfinished plan known within seconds, at little cost", async () => {
    const { url } = await realDatabase();
    await execute(url, (client) =>
      client.query(`
        insert into dynflow_execution_plans (uuid, label, state, result, started_at, class, root_plan_step_id, run_flow,
          finalize_flow, execution_history, step_ids)
        select gen_random_uuid(), 'Lab::Many', case when n % 500 = 0 then 'paused' else 'stopped' end, 'error', now(),
          'Dynflow::ExecutionPlan', 1, '\\x9143', '\\x9153', '\\x90', '\\x90'
        from generate_series(1, 100000) n`),
    );
    await expectInTime(15_000, async () => {
      const { fold, stop } = live(url, { act: false });
      const all = unfinished.length + 200;
      const tookMs = await until("all are known", () => Object.keys(fold().plans).length === all);
      await stop();
      return tookMs;
    });
    const { journal } = live(url, { act: false });
    const sample = () => journal.view.samples()["dynflow:foreman"];
    await until("the lap is told", () => typeof sample()?.lapMs === "number");
    await until("a read is quick", () => (sample()?.readMs ?? Number.NaN) < 500);
    // Of the processor, in five seconds. Generous: other tests' leftovers run in this process too. The benchmark measures it properly.
    await expectInTime(500, async () => {
      const idle = process.cpuUsage();
      await sleep(5_000);
      const { user, system } = process.cpuUsage(idle);
      return (user + system) / 1_000;
    });
  }, 300_000);
});

async function recordIds(database: PostgresDatabase): Promise<readonly string[]> {
  const { rows } = await sql<{ id: string }>`select id from dynflow_coordinator_records`.execute(database.db);
  return rows.map((row) => row.id);
}

/** Everything that anybody could have written, as one digest a table. */
async function contentOf(database: PostgresDatabase): Promise<unknown> {
  const tables = ["execution_plans", "steps", "actions", "coordinator_records", "envelopes", "delayed_plans"];
  return Promise.all(
    tables.map(async (table) => {
      const { rows } = await sql`
        select count(*), md5(string_agg(md5(t::text), '' order by md5(t::text))) as digest
        from ${sql.table(`dynflow_${table}`)} t`.execute(database.db);
      return { table, rows };
    }),
  );
}
