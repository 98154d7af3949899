import { type RawBuilder, sql } from "kysely";
import { columnsByTable, columnsInOrder, numberCell, type Row, textCell } from "#server/dynflow/adapters/sql/cells.ts";
import type { Database, SqlDifferences } from "#server/dynflow/adapters/sql/differences.ts";
import { takeEnvelopes } from "#server/dynflow/adapters/sql/take-envelopes.ts";
import type { LapSlice } from "#server/dynflow/ports.ts";
import { OpsError } from "#server/kernel/errors.ts";

/**
 * Instants are text with 0, 3 or 6 fraction digits, which do not compare as text: all are brought to six.
 * `2026-11-22 05:45:46` and `2026-11-22 05:45:46.995` become `…46.000000` and `…46.995000`.
 */
const instant = (ref: string): RawBuilder<unknown> =>
  sql`substr(${sql.ref(ref)} || case when instr(${sql.ref(ref)}, '.') = 0 then '.000000' else '000000' end, 1, 26)`;

export const sqliteDifferences: SqlDifferences = {
  name: "sqlite",
  // The default collation compares bytes, and text is UTF-8.
  bytewise: (ref) => sql`${sql.ref(ref)}`,
  exactly: (ref) => sql`${sql.ref(ref)}`,
  folded: (text) => sql`lower(${text})`,
  directed: (key, { down, nullsFirst }) =>
    sql`${key} ${sql.raw(`${down ? "desc" : "asc"} nulls ${nullsFirst ? "first" : "last"}`)}`,
  instant,
  asCaller: (id) => id,
  blobLength: (ref) => sql`length(cast(${sql.ref(ref)} as blob))`,
  // Text stays text: it is the JSON of an older release, in whatever type the column was declared.
  blobUpTo: (ref, maxBytes) =>
    sql`case when length(cast(${sql.ref(ref)} as blob)) <= ${sql.lit(maxBytes)} then ${sql.ref(ref)} end`,
  forUpdate: sql``,
  // The thread is ended with its statement after its own time; slices are small.
  shortly: (db, _ms, read) => read(db),
  features: async () => ({ notify: false, insertCount: false }),
  insertCount: async () => null,
  lap,
  notify: async () => undefined,
  nullOf: () => sql`null`,
  columns,
  planIndexes,
  // Text of one second begins alike, whatever its fraction: no row within is left out, and what is too much is sorted out.
  within: (ref, sign, instant) =>
    sign === ">="
      ? sql`${sql.ref(ref)} >= ${instant.slice(0, SECOND_CHARS)}`
      : sql`${sql.ref(ref)} <= ${`${instant.slice(0, SECOND_CHARS)}~`}`,
  takeEnvelopes,
};

const SECOND_CHARS = "2026-11-22 05:45:46".length;

async function planIndexes(db: Database): Promise<readonly (readonly string[])[]> {
  const { rows } = await sql<Row>`
    select i.name as relation, c.name as attribute
    from pragma_index_list('dynflow_execution_plans') i join pragma_index_info(i.name) c
    where i.partial = 0 and c.name is not null order by i.seq, c.seqno`.execute(db);
  return columnsInOrder(rows);
}

async function columns(db: Database): Promise<ReadonlyMap<string, ReadonlySet<string>>> {
  const { rows } = await sql<Row>`
    select m.name as relation, c.name as attribute from sqlite_master m join pragma_table_info(m.name) c
    where m.type in ('table', 'view') and substr(m.name, 1, 8) = 'dynflow_'`.execute(db);
  return columnsByTable(rows);
}

/** The table itself, whatever its schema: what stands for it where columns are missing has no rowid. */
const PLANS = sql.table("dynflow_execution_plans");

/** By rowid, which only grows while the table is not rebuilt; rows put in behind the reader are met on the next lap. */
async function lap(db: Database, from: string | null, count: number): Promise<LapSlice> {
  if (from !== null && !/^[0-9]{1,15}$/.test(from)) throw new OpsError("invalid-input", "No place of a lap");
  const { rows } = await sql<Row>`
    select rowid as place, uuid, state from ${PLANS}
    where rowid > ${from === null ? 0 : Number(from)} order by rowid limit ${count}`.execute(db);
  const last = rows.length < count ? undefined : rows.at(-1);
  return {
    unfinished: rows.filter((row) => row.state !== "stopped").map((row) => textCell(row, "uuid") ?? ""),
    next: last === undefined ? null : String(numberCell(last, "place")),
  };
}
