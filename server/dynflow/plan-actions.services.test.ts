import { randomUUID } from "node:crypto";
import { join } from "node:path";
import { afterAll } from "vitest";
import { startMariadb } from "#scripts/testing/mariadb.ts";
import { execute, loadDump, startPostgres } from "#scripts/testing/postgres.ts";
import type { Behaviour } from "#server/demo/dynflow/behaviour.ts";
import { acquire, executionLock } from "#server/demo/dynflow/coordinator.ts";
import { planScheduled } from "#server/demo/dynflow/delayed-plans.ts";
import { createExecutorWorld, type ExecutorWorld } from "#server/demo/dynflow/executor-world.ts";
import { insertDelay, insertPlans } from "#server/demo/dynflow/plan-writer.ts";
import { type ActionSpec, planOf, scheduledPlanOf } from "#server/demo/dynflow/planner.ts";
import { openPostgresDatabase, type PostgresDatabase } from "#server/demo/dynflow/postgres-database.ts";
import { openMysqlConnections } from "#server/dynflow/adapters/mysql/mysql-connections.ts";
import { emptyMysqlDatabase } from "#server/dynflow/adapters/mysql/mysql-database.test-kit.ts";
import { createMysqlMailbox, createMysqlStore } from "#server/dynflow/adapters/mysql/mysql-store.ts";
import { createPostgresMailbox } from "#server/dynflow/adapters/postgres/postgres-mailbox.ts";
import { createPostgresStore } from "#server/dynflow/adapters/postgres/postgres-store.ts";
import { epochMs } from "#server/kernel/clock.ts";
import { silentLogger } from "#server/kernel/logger.ts";
import { clock, until } from "./acting-console.test-kit.ts";
import { type ActionsSide, planActionsContract } from "./plan-actions.contract.ts";
import type { DynflowMailbox, DynflowStore } from "./ports.ts";

const DUMP = join(import.meta.dirname, "../../fixtures/dynflow/v25.pg.sql");
const DAY_MS = 24 * 3_600_000;
const CANCELLABLE = ["Test::Waits"];

const FAILS: ActionSpec = { class: "Test::Fails", run: {}, finalize: true };
const WAITS: ActionSpec = { class: "Test::Waits", run: {} };
const QUICK: ActionSpec = { class: "Test::Quick", run: {} };
/** A failed step, one that needs its output, and one that only follows. */
const PAUSES: ActionSpec = {
  class: "Test::Root",
  children: [FAILS, { class: "Test::Needs", run: {}, fromPrevious: { token: "token" } }, QUICK],
};

/** Fails at the first try, waits for an event, supervises children that wait, or succeeds. */
const behaviour: Behaviour = ({ action, from }) => {
  if (action.class === "Test::Fails" && from !== "error") {
    const error = { exceptionClass: "RuntimeError", message: "the disk is full", backtrace: [] };
    return { kind: "error", afterMs: 0, error };
  }
  if (action.class === "Test::Waits")
    return { kind: "suspend", afterMs: 0, progress: 0.5, output: {}, wakeAfterMs: null };
  if (action.class === "Test::Parent")
    return { kind: "sub-plans", afterMs: 0, plans: [{ root: WAITS }, { root: WAITS }] };
  return { kind: "success", afterMs: 0, output: { token: "t" } };
};

const servers: { remove(): Promise<void> }[] = [];
afterAll(() => Promise.all(servers.map((server) => server.remove())));

async function standInOnPostgres(): Promise<ActionsSide> {
  const server = await startPostgres();
  servers.push(server);
  const url = await server.createDatabase("actions");
  await loadDump(url, DUMP);
  await execute(url, async (client) => {
    const tables = await client.query("SELECT tablename FROM pg_tables WHERE tablename LIKE 'dynflow_%'");
    const names = tables.rows.map((row) => String(row.tablename)).filter((name) => name !== "dynflow_schema_info");
    await client.query(`TRUNCATE ${names.join(", ")} RESTART IDENTITY`);
  });
  return standIn(openPostgresDatabase(url), createPostgresStore({ url }), async () => createPostgresMailbox({ url }));
}

async function standInOnMariadb(): Promise<ActionsSide> {
  const server = await startMariadb();
  servers.push(server);
  const url = await emptyMysqlDatabase(server, "25");
  const connections = openMysqlConnections({ url }, "read-write", EXECUTOR_CONNECTIONS);
  // Nobody is notified there: its executors look for letters, as those of a SQLite file do.
  const silent = { dialect: "sqlite", listen: async () => async () => undefined } as const;
  return standIn({ ...connections, ...silent }, createMysqlStore({ url }), async () => createMysqlMailbox({ url }));
}
const EXECUTOR_CONNECTIONS = 8;

/** Two stand-in executors, and as many plans of each shape as the suite asks for. */
async function standIn(
  database: PostgresDatabase,
  store: DynflowStore,
  openMailbox: () => Promise<DynflowMailbox>,
): Promise<ActionsSide> {
  const executors = [await executorOn(database), await executorOn(database)] as const;
  await seed(database, executors[0]);
  await until("the plans stand as they should", async () => {
    const counts = await store.counts(EVERY);
    const of = (state: string) =>
      counts.filter((entry) => entry.state === state).reduce((sum, { count }) => sum + count, 0);
    return of("paused") === 3 && of("stopped") >= 1 && of("running") >= 9;
  });
  return {
    store,
    openMailbox,
    release: "2.0",
    cancellable: CANCELLABLE,
    async close() {
      await Promise.all(executors.map((executor) => executor.stop()));
      await store.close();
      await database.close();
    },
  };
}

const EVERY = { ids: [], states: [], results: [], label: null, startedFrom: null, startedTo: null };

async function executorOn(database: PostgresDatabase): Promise<ExecutorWorld> {
  const id = randomUUID();
  const world = createExecutorWorld({
    database,
    clock,
    log: silentLogger,
    id,
    hostname: "exec-one",
    pid: 7,
    queues: { default: 5 },
    behaviour,
    cancellable: (name) => CANCELLABLE.includes(name) || name === "Test::Parent",
    delayedExecutor: false,
    newId: randomUUID,
    ...(database.dialect === "postgres" ? { listen: database.listen } : {}),
    planNow: (planId) =>
      planScheduled({ db: database.db, clock, worldId: id, planId, specOf: () => ({ root: QUICK }) }),
  });
  await world.start();
  return world;
}

async function seed({ db }: PostgresDatabase, executor: ExecutorWorld): Promise<void> {
  const add = async (root: ActionSpec, state = "planned"): Promise<string> => {
    const plan = { ...planOf(randomUUID(), { root }, clock.now()), state };
    await insertPlans(db, [plan]);
    return plan.id;
  };
  for (const root of [PAUSES, PAUSES, PAUSES, WAITS, WAITS, WAITS, WAITS, QUICK]) executor.execute(await add(root));
  executor.execute(await add({ class: "Test::Parent", run: {} }));
  await add(QUICK);
  await add(QUICK, "running");
  const planId = await add(QUICK, "running");
  const gone = { planId, worldId: randomUUID(), clientWorldId: randomUUID(), requestId: "gone-1" };
  await acquire(db, executionLock(gone));
  for (let count = 0; count < 2; count += 1) {
    const plan = scheduledPlanOf(randomUUID(), "Test::Quick", clock.now(), executor.id);
    await insertPlans(db, [plan]);
    const startAt = epochMs(clock.now() + DAY_MS);
    await insertDelay(db, plan.id, { startAt, startBefore: null, frozen: false, args: [] });
  }
}

planActionsContract("PostgreSQL and stand-in executors", standInOnPostgres);
planActionsContract("MariaDB and stand-in executors", standInOnMariadb);

const { DYNFLOW_TEST_URL: url, DYNFLOW_TEST_RELEASE: release, DYNFLOW_TEST_CANCELLABLE: names } = process.env;
if (url !== undefined && url !== "") {
  const isMysql = /^(mysql|mariadb)/.test(url);
  const open = async (): Promise<ActionsSide> => {
    const store = isMysql ? createMysqlStore({ url }) : createPostgresStore({ url });
    return {
      store,
      openMailbox: async () => (isMysql ? createMysqlMailbox({ url }) : createPostgresMailbox({ url })),
      release: release ?? null,
      cancellable: (names ?? "").split(",").filter((each) => each !== ""),
      close: () => store.close(),
    };
  };
  planActionsContract("the executors at DYNFLOW_TEST_URL", open, { partial: process.env.DYNFLOW_TEST_PARTIAL === "1" });
}
