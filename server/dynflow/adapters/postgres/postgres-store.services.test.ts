import { CompiledQuery, sql } from "kysely";
import { Client } from "pg";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { expectInTime, msOf } from "#scripts/testing/in-time.ts";
import { execute, loadDump, startPostgres, type TestPostgres } from "#scripts/testing/postgres.ts";
import { createSqlStore } from "#server/dynflow/adapters/sql/sql-store.ts";
import { spiedOn } from "#server/dynflow/adapters/sql/statement-spy.test-kit.ts";
import { encodePayload } from "#server/dynflow/codec/payload.ts";
import { dynflowGuardedSendContract } from "#server/dynflow/dynflow-guarded-send.contract.ts";
import { dynflowIndexesContract, type IndexedTables } from "#server/dynflow/dynflow-indexes.contract.ts";
import { dynflowInvalidationContract } from "#server/dynflow/dynflow-invalidation.contract.ts";
import { dynflowLargePlansContract } from "#server/dynflow/dynflow-large-plans.contract.ts";
import { dynflowLinksContract } from "#server/dynflow/dynflow-links.contract.ts";
import { dynflowMailboxContract } from "#server/dynflow/dynflow-mailbox.contract.ts";
import { dynflowRawContract } from "#server/dynflow/dynflow-raw.contract.ts";
import { dynflowSearchContract } from "#server/dynflow/dynflow-search.contract.ts";
import { dynflowLapContract, dynflowStoreContract } from "#server/dynflow/dynflow-store.contract.ts";
import { type OpenedTables, planCells, uuid } from "#server/dynflow/dynflow-tables.contract.ts";
import { dynflowWorldsContract } from "#server/dynflow/dynflow-worlds.contract.ts";
import { openPgConnections } from "./pg-connections.ts";
import { createPgDifferences } from "./pg-differences.ts";
import { pgOpsError } from "./pg-errors.ts";
import { createPostgresMailbox } from "./postgres-mailbox.ts";
import { createPostgresStore } from "./postgres-store.ts";

const TEMPLATE = "dynflow_25_empty";

let server: TestPostgres;
let databases = 0;

beforeAll(async () => {
  server = await startPostgres();
  const url = await server.createDatabase(TEMPLATE);
  await loadDump(url, "fixtures/dynflow/v25.pg.sql");
  await execute(url, async (client) => {
    const tables = await client.query("SELECT tablename FROM pg_tables WHERE tablename LIKE 'dynflow_%'");
    const names = tables.rows.map((row) => String(row.tablename)).filter((name) => name !== "dynflow_schema_info");
    await client.query(`TRUNCATE ${names.join(", ")} RESTART IDENTITY`);
  });
});
afterAll(() => server.remove());

/** A database of schema 25 without rows. Real instances have settings of their own: this one's are the least helpful. */
async function emptyDatabase(): Promise<string> {
  databases += 1;
  const name = `empty_${databases}`;
  await execute(server.superuserUrl, async (client) => {
    await client.query(`CREATE DATABASE ${name} TEMPLATE ${TEMPLATE}`);
    await client.query(`ALTER DATABASE ${name} SET DateStyle = 'German'`);
    await client.query(`ALTER DATABASE ${name} SET extra_float_digits = 0`);
  });
  const url = new URL(server.superuserUrl);
  url.pathname = `/${name}`;
  return url.href;
}

async function insertRow(client: Client, table: string, row: Readonly<Record<string, unknown>>): Promise<void> {
  const columns = Object.keys(row).map((column) => client.escapeIdentifier(column));
  const places = columns.map((_, index) => `$${index + 1}`);
  await client.query(`INSERT INTO ${table} (${columns.join(", ")}) VALUES (${places.join(", ")})`, Object.values(row));
}

/** On servers from 14 on laps go by blocks; `byId` takes the other way. */
const openTables = (byId: boolean) => async (): Promise<OpenedTables> => openTablesAt(await emptyDatabase(), byId);

async function openTablesAt(url: string, byId: boolean): Promise<OpenedTables> {
  const store = createPostgresStore({ url }, byId ? { serverVersion: 130_000 } : {});
  const mailbox = createPostgresMailbox({ url });
  const direct = new Client({ connectionString: url });
  await direct.connect();
  await direct.query("SET DateStyle = 'ISO'");
  return {
    store,
    mailbox,
    dialect: "postgres",
    insert: (table, row) => insertRow(direct, table, row),
    run: async (statement) => {
      await direct.query(statement);
    },
    async close() {
      await Promise.all([direct.end(), store.close(), mailbox.close()]);
    },
  };
}

async function openIndexed(): Promise<IndexedTables> {
  const url = await emptyDatabase();
  const tables = await openTablesAt(url, false);
  return {
    ...tables,
    observed: (onStatement) => {
      const connections = openPgConnections({ url }, "read-only", 1);
      return createSqlStore({
        ...connections,
        db: spiedOn(connections.db, onStatement),
        differences: createPgDifferences(),
        hints: async () => async () => undefined,
        toOpsError: pgOpsError,
      });
    },
    explain: async (query) => {
      const { rows } = await execute(url, (client) => client.query(`explain ${query.sql}`, [...query.parameters]));
      return JSON.stringify(rows);
    },
    analyse: () => execute(url, async (client) => void (await client.query("analyze dynflow_execution_plans"))),
  };
}

dynflowIndexesContract("PostgreSQL", openIndexed);
dynflowStoreContract("PostgreSQL", openTables(false));
dynflowSearchContract("PostgreSQL", openTables(false));
dynflowLapContract("PostgreSQL before 14", openTables(true));
dynflowLinksContract("PostgreSQL", openTables(false));
dynflowRawContract("PostgreSQL", openTables(false));
dynflowLargePlansContract("PostgreSQL", openTables(false));
dynflowMailboxContract("PostgreSQL", openTables(false));
dynflowGuardedSendContract("PostgreSQL", openTables(false));
dynflowInvalidationContract("PostgreSQL", openTables(false));
dynflowWorldsContract("PostgreSQL", openTables(false));

describe("reading from PostgreSQL", () => {
  it("cannot write, though the role could", async () => {
    const connections = openPgConnections({ url: await emptyDatabase() }, "read-only", 1);
    await expect(sql`delete from dynflow_schema_info`.execute(connections.db)).rejects.toMatchObject({ code: "25006" });
    await connections.close();
  });

  it("answers statements sent together in their order, and those behind one that fails do no harm", async () => {
    const connections = openPgConnections({ url: await emptyDatabase() }, "read-only", 1);
    const statements = ["select 1 as n", "select 2 as n", "select 3 as n"].map((text) => CompiledQuery.raw(text));
    expect((await connections.together(statements)).flat()).toEqual([{ n: 1 }, { n: 2 }, { n: 3 }]);
    const failing = [CompiledQuery.raw("select 1/0 as n"), ...statements];
    await expect(connections.together(failing)).rejects.toMatchObject({ code: "22012" });
    expect((await connections.together(statements)).flat()).toHaveLength(3);
    await connections.close();
  });

  it("goes on where a pooler takes its prepared statements away", async () => {
    const connections = openPgConnections({ url: await emptyDatabase() }, "read-only", 1);
    const statements = [CompiledQuery.raw("select $1::int as n", [7])];
    expect((await connections.together(statements)).flat()).toEqual([{ n: 7 }]);
    await sql`deallocate all`.execute(connections.db);
    expect((await connections.together(statements)).flat()).toEqual([{ n: 7 }]);
    expect((await connections.together(statements)).flat()).toEqual([{ n: 7 }]);
    await connections.close();
  });

  it("needs no more than SELECT on the tables, and a password with any sign in it", async () => {
    const url = new URL(await emptyDatabase());
    const password = "p@ss:/w?rd%20#'ž";
    await execute(url.href, async (client) => {
      await client.query("DROP ROLE IF EXISTS reader");
      await client.query(`CREATE ROLE reader LOGIN PASSWORD ${client.escapeLiteral(password)}`);
      await client.query("GRANT SELECT ON ALL TABLES IN SCHEMA public TO reader");
    });
    url.username = "reader";
    url.password = "";
    const store = createPostgresStore({ url: url.href, password });
    expect(await store.capabilities()).toEqual({
      dialect: "postgres",
      indexes: [["uuid"]],
      schemaVersion: 25,
      notify: true,
      insertCount: true,
    });
    expect(await store.lap(null, 100)).toEqual({ unfinished: [], next: null });
    expect(await store.insertCount()).toMatch(/^\d+$/);
    await store.close();
    const mailbox = createPostgresMailbox({ url: url.href, password });
    await expect(mailbox.send(uuid(1), encodePayload("x"))).rejects.toMatchObject({ code: "refused" });
    await mailbox.close();
  });

  it("finds the tables in the schema that the url's search_path names", async () => {
    const url = new URL(await emptyDatabase());
    await execute(url.href, (client) => client.query("ALTER SCHEMA public RENAME TO workflows"));
    const lost = createPostgresStore({ url: url.href });
    await expect(lost.capabilities()).rejects.toMatchObject({ code: "upstream-malformed" });
    await lost.close();
    url.searchParams.set("options", "-c search_path=workflows");
    const store = createPostgresStore({ url: url.href });
    expect(await store.capabilities()).toMatchObject({ schemaVersion: 25 });
    expect(await store.insertCount()).toMatch(/^\d+$/);
    expect(await store.lap(null, 10)).toEqual({ unfinished: [], next: null });
    await store.close();
  });

  it("tells by a cheap counter that plans were put in", async () => {
    const url = await emptyDatabase();
    const store = createPostgresStore({ url });
    const before = await store.insertCount();
    await execute(url, (client) => insertRow(client, "dynflow_execution_plans", planCells(1)));
    await expect.poll(() => store.insertCount(), { timeout: 60_000, interval: 100 }).not.toBe(before);
    await store.close();
  });

  it("says of a wrong password and of an unknown database that it cannot be had", async () => {
    const url = new URL(await emptyDatabase());
    const wrong = createPostgresStore({ url: url.href, password: "wrong" });
    await expect(wrong.capabilities()).rejects.toMatchObject({ code: "upstream-unavailable" });
    await wrong.close();
    url.pathname = "/nowhere";
    const nowhere = createPostgresStore({ url: url.href });
    await expect(nowhere.capabilities()).rejects.toMatchObject({ code: "upstream-unavailable" });
    await nowhere.close();
  });

  it("gives up a statement after two seconds", async () => {
    const connections = openPgConnections({ url: await emptyDatabase() }, "read-only", 1);
    const slept = () =>
      expect(sql`select pg_sleep(30)`.execute(connections.db)).rejects.toMatchObject({ code: "57014" });
    await expectInTime(3_000, () => msOf(slept));
    await connections.close();
  });
});

describe("notifications", () => {
  const listening = async (url: string, worlds: readonly string[]) => {
    const store = createPostgresStore({ url });
    const heard: string[] = [];
    const lost: unknown[] = [];
    const stop = await store.hints(
      worlds,
      (world) => heard.push(world),
      (cause) => lost.push(cause),
    );
    return { heard, lost, stop, close: () => store.close() };
  };

  it("tell which of the worlds was sent something, by us or by Ruby", async () => {
    const url = await emptyDatabase();
    const { heard, lost, stop, close } = await listening(url, [uuid(1), uuid(2)]);
    const mailbox = createPostgresMailbox({ url });
    await mailbox.send(uuid(1), encodePayload("x"));
    await mailbox.send(uuid(3), encodePayload("not listened to"));
    await execute(url, (client) => client.query(`NOTIFY "world:${uuid(2)}"`));
    await expect.poll(() => [...heard], { timeout: 30_000, interval: 20 }).toEqual([uuid(1), uuid(2)]);
    await stop();
    expect(lost).toEqual([]);
    await Promise.all([close(), mailbox.close()]);
  });

  it("reach our own world when it is sent something, once the row is there", async () => {
    const url = await emptyDatabase();
    const mailbox = createPostgresMailbox({ url });
    const taken: number[] = [];
    const lost: unknown[] = [];
    const stop = await mailbox.listen(
      uuid(1),
      () => void mailbox.pull(uuid(1)).then((rows) => taken.push(rows.length)),
      (cause) => lost.push(cause),
    );
    await mailbox.send(uuid(1), encodePayload("x"));
    await expect.poll(() => [...taken], { timeout: 30_000, interval: 20 }).toEqual([1]);
    await stop();
    expect(lost).toEqual([]);
    await mailbox.close();
  });

  it("say once when the connection is lost", async () => {
    const url = await emptyDatabase();
    const { lost, stop, close } = await listening(url, [uuid(1)]);
    await execute(url, (client) =>
      client.query(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND query LIKE 'LISTEN%'",
      ),
    );
    await expect.poll(() => lost.length, { timeout: 30_000, interval: 20 }).toBe(1);
    expect(lost).toEqual([expect.objectContaining({ code: "upstream-unavailable" })]);
    await stop();
    await close();
    expect(lost).toHaveLength(1);
  });
});

describe("a server that goes away", () => {
  const DETECTED_WITHIN_MS = 3_000;
  const WHOLE_WITHIN_MS = 5_000;
  const AGAIN = { timeout: 60_000, interval: 100 };

  it.each([
    ["is paused", async () => server.pause(), async () => server.resume()],
    ["is stopped", () => server.stop(), () => server.start()],
  ])(
    "is told as unavailable soon when it %s, and read again when it is back",
    async (_how, down, up) => {
      const url = await emptyDatabase();
      const store = createPostgresStore({ url });
      await Promise.all([store.recordKeys(), store.insertCount(), store.heads([uuid(1)])]);
      const refused = () => expect(store.recordKeys()).rejects.toMatchObject({ code: "upstream-unavailable" });
      const again = () => expect.poll(() => store.recordKeys().catch(() => null), AGAIN).toEqual([]);
      await expectInTime(WHOLE_WITHIN_MS, async () => {
        await down();
        const toldMs: number[] = [];
        try {
          for (let attempt = 0; attempt < 3; attempt += 1) toldMs.push(await msOf(refused));
        } finally {
          await up();
        }
        const wholeMs = await msOf(again);
        return Math.max(...toldMs) < DETECTED_WITHIN_MS ? wholeMs : Math.max(...toldMs, WHOLE_WITHIN_MS);
      });
      await store.close();
    },
    400_000,
  );

  it("does not keep the store from closing", async () => {
    const url = await emptyDatabase();
    await expectInTime(1_500, async () => {
      const store = createPostgresStore({ url });
      await store.recordKeys();
      server.pause();
      try {
        return await msOf(() => store.close());
      } finally {
        server.resume();
      }
    });
  });
});
