/** Dynflow databases on a test's MariaDB: empty ones as the migrations make them, and copies of recorded ones. */
import { readFileSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import type { Connection, RowDataPacket } from "mysql2/promise";
import { executeMariadb, type TestMariadb } from "#scripts/testing/mariadb.ts";
import type { StoredEnvelope } from "#server/dynflow/ground-truth.contract.ts";

export type MysqlFixture = "05" | "20" | "25";

let databases = 0;

/** A database without rows, exactly as the migrations make it. */
export async function emptyMysqlDatabase(server: TestMariadb, schema: MysqlFixture): Promise<string> {
  databases += 1;
  const url = await server.createDatabase(`dynflow_${schema}_${databases}`);
  await executeMariadb(url, (connection) =>
    connection.query(readFileSync(`fixtures/dynflow/mysql-${schema}.sql`, "utf8")),
  );
  return url;
}

/**
 * Makes room for what other databases hold: microseconds, and more than the 64 kB of a `blob`. Installations that met the
 * bound have widened theirs, too.
 */
export async function widen(url: string): Promise<void> {
  await executeMariadb(url, async (connection) => {
    const [columns] = await connection.query<RowDataPacket[]>(
      `select table_name as t, column_name as c, data_type as d from information_schema.columns
       where table_schema = database() and (data_type in ('blob', 'text', 'mediumtext', 'datetime') or column_name = 'children')`,
    );
    const wide: Readonly<Record<string, string>> = { blob: "longblob", datetime: "datetime(6)" };
    for (const { t, c, d } of columns) {
      await connection.query(`alter table ?? modify ?? ${wide[String(d)] ?? "longtext"}`, [t, c]);
    }
  });
}

/** Copies every row of a recorded SQLite database into the tables of the same name. */
export async function copyFromSqlite(url: string, path: string): Promise<void> {
  const recorded = new DatabaseSync(path, { readOnly: true });
  const tables = recorded
    .prepare("SELECT name FROM sqlite_master WHERE type = 'table' AND name LIKE 'dynflow_%' AND name <> ?")
    .all("dynflow_schema_info");
  await executeMariadb(url, async (connection) => {
    await connection.query("set foreign_key_checks = 0");
    for (const { name } of tables) {
      const rows = recorded.prepare(`SELECT * FROM ${String(name)}`).all();
      for (const row of rows) await insertMysqlRow(connection, String(name), row);
    }
  });
  recorded.close();
}

export async function insertMysqlRow(
  connection: Connection,
  table: string,
  row: Readonly<Record<string, unknown>>,
): Promise<void> {
  const cells = Object.values(row).map((cell) => (cell instanceof Uint8Array ? Buffer.from(cell) : cell));
  await connection.query("insert into ?? (??) values (?)", [table, Object.keys(row), cells]);
}

/** The envelopes that wait, as they lie there. */
export async function mysqlEnvelopes(url: string): Promise<readonly StoredEnvelope[]> {
  const [rows] = await executeMariadb(url, (connection) =>
    connection.query<RowDataPacket[]>("select id, receiver_id, data from dynflow_envelopes order by id"),
  );
  return rows.map((row) => ({
    id: Number(row.id),
    receiverId: String(row.receiver_id),
    data: Buffer.isBuffer(row.data) ? row.data : Buffer.from(String(row.data)),
  }));
}
