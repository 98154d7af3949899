import { renameSync, writeFileSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import { sql } from "kysely";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { oneByOne } from "#server/dynflow/adapters/sql/one-by-one.ts";
import { createSqlStore } from "#server/dynflow/adapters/sql/sql-store.ts";
import { spiedOn } from "#server/dynflow/adapters/sql/statement-spy.test-kit.ts";
import { dynflowGuardedSendContract } from "#server/dynflow/dynflow-guarded-send.contract.ts";
import { dynflowIndexesContract, type IndexedTables } from "#server/dynflow/dynflow-indexes.contract.ts";
import { dynflowInvalidationContract } from "#server/dynflow/dynflow-invalidation.contract.ts";
import { dynflowLargePlansContract } from "#server/dynflow/dynflow-large-plans.contract.ts";
import { dynflowLinksContract } from "#server/dynflow/dynflow-links.contract.ts";
import { dynflowMailboxContract } from "#server/dynflow/dynflow-mailbox.contract.ts";
import { dynflowRawContract } from "#server/dynflow/dynflow-raw.contract.ts";
import { dynflowSearchContract } from "#server/dynflow/dynflow-search.contract.ts";
import { dynflowStoreContract } from "#server/dynflow/dynflow-store.contract.ts";
import { type OpenedTables, planCells, uuid } from "#server/dynflow/dynflow-tables.contract.ts";
import { dynflowWorldsContract } from "#server/dynflow/dynflow-worlds.contract.ts";
import { emptySqliteDatabase } from "./empty-database.test-kit.ts";
import { sqliteDifferences } from "./sqlite-differences.ts";
import { sqliteOpsError } from "./sqlite-errors.ts";
import { createSqliteMailbox, createSqliteStore, openSqliteDatabase } from "./sqlite-store.ts";

async function openTables(): Promise<OpenedTables & { readonly path: string }> {
  const file = emptySqliteDatabase();
  const store = createSqliteStore({ path: file.path });
  const mailbox = createSqliteMailbox({ path: file.path });
  const direct = new DatabaseSync(file.path);
  // Nobody reads what a test leaves behind, so nothing is forced to the disk.
  direct.exec("PRAGMA synchronous = OFF; PRAGMA journal_mode = MEMORY");
  return {
    path: file.path,
    store,
    mailbox,
    dialect: "sqlite",
    async insert(table, row) {
      const columns = Object.keys(row);
      const values = Object.values(row).map((cell) => (typeof cell === "boolean" ? Number(cell) : cell));
      const places = columns.map(() => "?").join(", ");
      direct.prepare(`INSERT INTO ${table} (${columns.join(", ")}) VALUES (${places})`).run(...values);
    },
    async run(statement) {
      direct.exec("PRAGMA foreign_keys = OFF");
      direct.exec(statement);
    },
    async close() {
      direct.close();
      await Promise.all([store.close(), mailbox.close()]);
      file.remove();
    },
  };
}

async function openIndexed(): Promise<IndexedTables> {
  const { path, ...tables } = await openTables();
  return {
    ...tables,
    observed: (onStatement) => {
      const db = openSqliteDatabase({ path, readOnly: true });
      const spied = spiedOn(db, onStatement);
      return createSqlStore({
        db: spied,
        differences: sqliteDifferences,
        together: oneByOne(spied),
        hints: async () => async () => undefined,
        toOpsError: sqliteOpsError,
        close: () => db.destroy(),
      });
    },
    async explain(query) {
      const direct = new DatabaseSync(path, { readOnly: true });
      const values = query.parameters.map((value) => (typeof value === "number" ? value : String(value)));
      const rows = direct.prepare(`explain query plan ${query.sql}`).all(...values);
      direct.close();
      return JSON.stringify(rows);
    },
    analyse: () => tables.run("analyze"),
  };
}

dynflowIndexesContract("SQLite", openIndexed);
dynflowStoreContract("SQLite", openTables);
dynflowSearchContract("SQLite", openTables);
dynflowLinksContract("SQLite", openTables);
dynflowRawContract("SQLite", openTables);
dynflowLargePlansContract("SQLite", openTables);
dynflowMailboxContract("SQLite", openTables);
dynflowGuardedSendContract("SQLite", openTables);
dynflowInvalidationContract("SQLite", openTables);
dynflowWorldsContract("SQLite", openTables);

describe("the SQLite adapter", () => {
  let file: ReturnType<typeof emptySqliteDatabase>;
  beforeEach(() => {
    file = emptySqliteDatabase();
  });
  afterEach(() => file.remove());

  it("cannot write through the connection the store reads by", async () => {
    const db = openSqliteDatabase({ path: file.path, readOnly: true });
    await expect(sql`delete from dynflow_schema_info`.execute(db)).rejects.toMatchObject({ resultCode: 8 });
    await db.destroy();
  });

  it("says that a file is not there, and reads it once it is", async () => {
    renameSync(file.path, `${file.path}.away`);
    const store = createSqliteStore({ path: file.path });
    await expect(store.capabilities()).rejects.toMatchObject({ code: "upstream-unavailable" });
    renameSync(`${file.path}.away`, file.path);
    expect(await store.capabilities()).toMatchObject({ schemaVersion: 25, notify: false, insertCount: false });
    await store.close();
  });

  it("says of a file that is no database what it is", async () => {
    writeFileSync(file.path, "x".repeat(4_096));
    const store = createSqliteStore({ path: file.path });
    await expect(store.capabilities()).rejects.toMatchObject({ code: "upstream-malformed" });
    await store.close();
  });

  it("sees the file that took the place of the one it had open", async () => {
    const store = createSqliteStore({ path: file.path });
    expect(await store.heads([uuid(1)])).toEqual([]);
    const other = emptySqliteDatabase();
    const direct = new DatabaseSync(other.path);
    const cells = Object.entries(planCells(1));
    direct
      .prepare(
        `INSERT INTO dynflow_execution_plans (${cells.map(([key]) => key).join()}) VALUES (${cells.map(() => "?").join()})`,
      )
      .run(...cells.map(([, cell]) => (typeof cell === "boolean" ? Number(cell) : cell)));
    direct.close();
    renameSync(other.path, file.path);
    expect(await store.heads([uuid(1)])).toHaveLength(1);
    other.remove();
    await store.close();
  });

  it("tells a locked file as unavailable, and reads on when it is free", async () => {
    const store = createSqliteStore({ path: file.path });
    await store.capabilities();
    const writer = new DatabaseSync(file.path);
    writer.exec("BEGIN EXCLUSIVE");
    await expect(store.recordKeys()).rejects.toMatchObject({ code: "upstream-unavailable" });
    writer.exec("ROLLBACK");
    expect(await store.recordKeys()).toEqual([]);
    writer.close();
    await store.close();
  });

  it("gives up a statement that does not end, and answers again afterwards", async () => {
    const db = openSqliteDatabase({ path: file.path, readOnly: true });
    const endless = sql`
      with recursive n(i) as (select 1 union all select i + 1 from n where i < 25000000) select count(*) from n`;
    await expect(endless.execute(db)).rejects.toThrow(/no answer within/);
    const answered = async () => (await sql`select 1 as one`.execute(db)).rows;
    await expect.poll(() => answered().catch(() => []), { timeout: 30_000, interval: 50 }).toEqual([{ one: 1 }]);
    await db.destroy();
  }, 40_000);

  it("answers nothing after it was closed", async () => {
    const store = createSqliteStore({ path: file.path });
    await store.capabilities();
    await store.close();
    await expect(store.recordKeys()).rejects.toMatchObject({ code: "upstream-unavailable" });
  });
});
