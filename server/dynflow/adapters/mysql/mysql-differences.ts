import { sql } from "kysely";
import { columnsByTable, columnsInOrder, type Row, textCell } from "#server/dynflow/adapters/sql/cells.ts";
import type { Database, SqlDifferences } from "#server/dynflow/adapters/sql/differences.ts";
import { lapById } from "#server/dynflow/adapters/sql/lap-by-id.ts";
import { STATEMENT_TIMEOUT_MS, statementTimeout } from "./mysql-connections.ts";

export const mysqlDifferences: SqlDifferences = {
  name: "mysql",
  // As text of the one character set that holds all, whatever the column's is; its code points are in order of bytes.
  bytewise: (ref) => sql`convert(${sql.ref(ref)} using utf8mb4) collate utf8mb4_bin`,
  exactly: (ref) => sql`convert(${sql.ref(ref)} using utf8mb4) collate utf8mb4_bin`,
  folded: (text) => sql`lower(convert(${text} using utf8mb4)) collate utf8mb4_bin`,
  // NULL is less than everything: only the other end takes a key of its own, which no index serves.
  directed: (key, { down, nullsFirst }) =>
    down === nullsFirst
      ? sql`(${key} is null) ${sql.raw(nullsFirst ? "desc" : "asc")}, ${key} ${sql.raw(down ? "desc" : "asc")}`
      : sql`${key} ${sql.raw(down ? "desc" : "asc")}`,
  instant: (ref) => sql`${sql.ref(ref)}`,
  asCaller: (id) => id,
  blobLength: (ref) => sql`octet_length(${sql.ref(ref)})`,
  blobUpTo: (ref, maxBytes) =>
    sql`case when octet_length(${sql.ref(ref)}) <= ${sql.lit(maxBytes)} then ${sql.ref(ref)} end`,
  forUpdate: sql`for update`,
  shortly: (db, ms, read) =>
    db.connection().execute(async (connection) => {
      const version = await versionOf(connection);
      await sql.raw(statementTimeout(version, ms)).execute(connection);
      try {
        return await read(connection);
      } finally {
        await sql.raw(statementTimeout(version, STATEMENT_TIMEOUT_MS)).execute(connection);
      }
    }),
  features: async () => ({ notify: false, insertCount: false }),
  serverTime: sql`cast(unix_timestamp(now(3)) * 1000 as signed)`,
  insertCount: async () => null,
  lap: lapById,
  nullOf: (kind) =>
    kind === "integer" || kind === "flag" ? sql`cast(null as signed)` : sql`cast(null as char character set utf8mb4)`,
  columns,
  planIndexes,
  within: (ref, sign, instant) => sql`${sql.ref(ref)} ${sql.raw(sign)} ${instant}`,
  takeEnvelopes,
  notify: async () => undefined,
};

async function versionOf(db: Database): Promise<string> {
  const { rows } = await sql<Row>`select version() as version`.execute(db);
  return rows[0] === undefined ? "" : (textCell(rows[0], "version") ?? "");
}

async function columns(db: Database): Promise<ReadonlyMap<string, ReadonlySet<string>>> {
  const { rows } = await sql<Row>`
    select table_name as relation, column_name as attribute from information_schema.columns
    where table_schema = database() and table_name like 'dynflow!_%' escape '!'`.execute(db);
  return columnsByTable(rows);
}

async function planIndexes(db: Database): Promise<readonly (readonly string[])[]> {
  const { rows } = await sql<Row>`
    select index_name as relation, column_name as attribute from information_schema.statistics
    where table_schema = database() and table_name = 'dynflow_execution_plans' and sub_part is null
      and index_type = 'BTREE'
    order by index_name, seq_in_index`.execute(db);
  return columnsInOrder(rows);
}

/** Rows held first: whoever comes second finds them gone. */
async function takeEnvelopes(db: Database, receiverId: string, max: number): Promise<readonly Row[]> {
  const take = async (transaction: Database): Promise<readonly Row[]> => {
    const { rows } = await sql<Row>`
      select id, data from dynflow_envelopes
      where receiver_id = ${receiverId} order by id limit ${max} for update`.execute(transaction);
    if (rows.length === 0) return [];
    await sql`delete from dynflow_envelopes where id in (${sql.join(rows.map((row) => row.id))})`.execute(transaction);
    return rows;
  };
  return db.isTransaction ? take(db) : db.transaction().execute(take);
}
