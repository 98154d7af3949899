import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { execute, startPostgres, type TestPostgres } from "#scripts/testing/postgres.ts";
import { hafStoreContract, readOf } from "#server/haf/haf-store.contract.ts";
import type { HafStore } from "#server/haf/ports.ts";
import { createSystemClock } from "#server/runtime/clock.ts";
import { createHafDatabase, createRole, type HafTestDatabase, loadHafStep } from "./haf-database.test-kit.ts";
import { createPostgresHafStore } from "./postgres-haf-store.ts";

let server: TestPostgres;
beforeAll(async () => {
  server = await startPostgres();
});
afterAll(() => server.remove());

const storeOf = (url: string): HafStore => createPostgresHafStore({ url }, createSystemClock());

for (const release of ["1.28.4", "1.27.11"] as const) {
  hafStoreContract(`PostgreSQL with the tables of ${release}`, async () => {
    const { url, readerUrl } = await createHafDatabase(server, `contract_${release.replaceAll(".", "_")}`, release);
    const store = storeOf(readerUrl);
    return { store, load: (step) => loadHafStep(url, step), close: () => store.close() };
  });
}

describe("HafStore over PostgreSQL", () => {
  it("tells what the database is, and the zone that its writers begin in", async () => {
    const { url, readerUrl } = await createHafDatabase(server, "facts");
    await loadHafStep(url, 19);
    const facts = await factsOf(readerUrl);
    expect(facts).toEqual({
      version: null,
      postgres: expect.any(Number),
      timeZone: "America/St_Johns",
      has: { indexStatus: true, appLog: true, pruning: true },
      seesApps: true,
      pruned: false,
    });
    await execute(url, (client) => client.query("update hafd.hive_state set pruning = 1000"));
    expect((await factsOf(readerUrl)).pruned).toBe(true);
  });

  it("reads releases before indexes had a status: a row is an index that is missing, and there is no log", async () => {
    const { url, readerUrl } = await createHafDatabase(server, "before_status", "before-status");
    const store = storeOf(readerUrl);
    await loadHafStep(url, 12);
    expect((await readOf(store.database())).has).toEqual({ indexStatus: false, appLog: false, pruning: false });
    const missing = await readOf(store.indexes());
    expect(missing).toHaveLength(28);
    expect(new Set(missing.map(({ status }) => status))).toEqual(new Set(["missing"]));
    await loadHafStep(url, 19);
    expect(await readOf(store.indexes())).toEqual([]);
    expect(await readOf(store.appLog("0"))).toEqual([]);
    expect(await readOf(store.vacuum())).toEqual([]);
    expect((await readOf(store.apps())).map(({ name }) => name)).toEqual(["app1", "app2", "app3"]);
    await store.close();
  });

  it("says that there is no HAF where there is none", async () => {
    const store = storeOf(await server.createDatabase("no_haf"));
    await expect(store.database()).rejects.toMatchObject({ code: "upstream-malformed" });
    await store.close();
  });

  it("tells a role that sees no apps from a stack without apps", async () => {
    const { url, readerUrl } = await createHafDatabase(server, "outsider");
    const outsider = await createRole(url, "outsider", null);
    await execute(url, async (client) => {
      await client.query("grant usage on schema hafd to outsider");
      await client.query("grant select on all tables in schema hafd to outsider");
    });
    await loadHafStep(url, 1);
    expect((await factsOf(readerUrl)).seesApps).toBe(true);
    expect((await factsOf(outsider)).seesApps).toBe(false);
    await loadHafStep(url, 19);
    const store = storeOf(outsider);
    expect(await readOf(store.apps())).toEqual([]);
    expect(await readOf(store.appLog("0"))).not.toEqual([]);
    await store.close();
    await execute(url, (client) => client.query("alter role outsider bypassrls"));
    expect((await factsOf(outsider)).seesApps).toBe(true);
  });

  it("says which right is missing to a role without any", async () => {
    const { url } = await createHafDatabase(server, "stranger");
    const store = storeOf(await createRole(url, "stranger", null));
    await expect(store.instance()).rejects.toMatchObject({ code: "not-permitted" });
    await store.close();
  });

  it("counts the events of the queue without the two rows that are none", async () => {
    const { url, readerUrl } = await createHafDatabase(server, "queue");
    await loadHafStep(url, 24);
    const store = storeOf(readerUrl);
    expect(await readOf(store.eventQueue())).toEqual({ depth: 8, minId: "4", maxId: "11" });
    await store.close();
  });

  it("names who is connected", async () => {
    const { url, readerUrl } = await createHafDatabase(server, "activity");
    const named = new URL(url);
    named.searchParams.set("application_name", "app1_postgrest");
    const store = storeOf(readerUrl);
    await execute(named.href, async () => {
      const seen = (await readOf(store.connections())).filter(({ application }) => application === "app1_postgrest");
      expect(seen).toEqual([{ application: "app1_postgrest", user: "postgres", state: "not told", count: 1 }]);
      await execute(url, (client) => client.query("grant pg_read_all_stats to console_reader"));
      const told = (await readOf(store.connections())).filter(({ application }) => application === "app1_postgrest");
      expect(told.map(({ state }) => state)).toEqual(["idle"]);
    });
    await store.close();
  });

  it("tells how far an index is built, to a role that may read what others do", async () => {
    const { url, readerUrl } = await createHafDatabase(server, "builds");
    await execute(url, async (client) => {
      await client.query("grant pg_read_all_stats to console_reader");
      await client.query(
        "insert into hafd.blocks (num, created_at) select n, now() from generate_series(1, 100000) as n",
      );
      await client.query(`create function slowly(num int) returns int immutable language plpgsql
        as $$ begin perform pg_sleep(0.001); return num; end $$`);
    });
    const store = storeOf(readerUrl);
    expect(await readOf(store.indexBuilds())).toEqual([]);
    await execute(url, async (builder) => {
      const { rows } = await builder.query("select pg_backend_pid() as pid");
      const building = builder.query("create index on hafd.blocks (slowly(num))").catch((cause: unknown) => cause);
      const seen = await untilSome(async () =>
        (await readOf(store.indexBuilds())).filter(({ phase }) => phase.startsWith("building index")),
      );
      expect(seen).toEqual([
        { table: "hafd.blocks", phase: expect.stringContaining("building index"), share: expect.any(Number) },
      ]);
      expect(seen[0]?.share).toBeGreaterThanOrEqual(0);
      expect(seen[0]?.share).toBeLessThanOrEqual(1);
      await execute(url, (client) => client.query("select pg_cancel_backend($1)", [rows[0]?.pid]));
      await building;
    });
    await store.close();
  });

  it("never walks the table of blocks, also while a replay has dropped its key", async () => {
    const database = await createHafDatabase(server, "replay");
    await loadHafStep(database.url, 4);
    await fillBlocks(database.url);
    const store = storeOf(database.readerUrl);
    const before = await readOf(store.instance());
    expect(before).toMatchObject({ consistentBlock: 200_000, irreversibleHead: 200_000 });
    await execute(database.url, (client) => client.query("alter table hafd.blocks drop constraint pk_hive_blocks"));
    await walks(database);
    const during = await readOf(store.instance());
    expect({ ...during, now: 0 }).toEqual({ ...before, now: 0 });
    await readOf(store.apps());
    expect(await walks(database)).toBe(0);
    await execute(database.url, (client) => client.query("select max(num) from hafd.blocks"));
    expect(await walks(database)).toBe(1);
    await store.close();
  });
});

/** Asks until there is something, for 60 s at most. */
async function untilSome<T>(ask: () => Promise<readonly T[]>): Promise<readonly T[]> {
  for (const deadline = performance.now() + 60_000; performance.now() < deadline; ) {
    const some = await ask();
    if (some.length > 0) return some;
  }
  return [];
}

async function factsOf(url: string) {
  const store = storeOf(url);
  try {
    return await readOf(store.database());
  } finally {
    await store.close();
  }
}

async function fillBlocks(url: string): Promise<void> {
  await execute(url, async (client) => {
    await client.query("delete from hafd.blocks");
    await client.query(`insert into hafd.blocks (num, created_at)
      select n, timestamp '2026-11-20' + n * interval '3 s' from generate_series(1, 200000) as n`);
    await client.query("update hafd.hive_state set consistent_block = 200000");
    await client.query(
      "insert into hafd.contexts (name, schema, current_block_num, irreversible_block, owner, last_active_at, baseclass_id) values ('app', 'app', 77, 77, 'postgres', now(), 'pg_class')",
    );
  });
}

/** Rows of blocks read by walks since the last call. */
async function walks({ url }: HafTestDatabase): Promise<number> {
  return execute(url, async (client) => {
    await client.query("select pg_stat_force_next_flush()");
    const { rows } = await client.query(
      "select seq_scan::int as walks from pg_stat_user_tables where relid = 'hafd.blocks'::regclass",
    );
    await client.query("select pg_stat_reset_single_table_counters('hafd.blocks'::regclass)");
    return Number(rows[0]?.walks);
  });
}
