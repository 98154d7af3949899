import { sql } from "kysely";
import { columnsByTable, columnsInOrder, numberCell, type Row, textCell } from "#server/dynflow/adapters/sql/cells.ts";
import type { Database, NullKind, SqlDifferences } from "#server/dynflow/adapters/sql/differences.ts";
import { lapById } from "#server/dynflow/adapters/sql/lap-by-id.ts";
import { takeEnvelopes } from "#server/dynflow/adapters/sql/take-envelopes.ts";
import type { LapSlice } from "#server/dynflow/ports.ts";
import { OpsError } from "#server/kernel/errors.ts";

/** From this release on a range of ctid is read as a range of blocks; before, it would read the whole table. */
const TID_RANGE_SINCE = 140_000;
/** Rows of a block while the table was never analysed; a plan row with its flows takes about half a kilobyte. */
const ROWS_PER_BLOCK_UNKNOWN = 12;

export interface PgDifferencesOptions {
  /** `server_version_num` as if it were this; for tests of the way without ranges of ctid. */
  readonly serverVersion?: number;
}

export function createPgDifferences(options: PgDifferencesOptions = {}): SqlDifferences {
  return {
    name: "postgres",
    bytewise: (ref) => sql`${sql.ref(ref)} collate "C"`,
    // Collations order text, but call no two texts equal that differ: none of Dynflow's columns has one that would.
    exactly: (ref) => sql`${sql.ref(ref)}`,
    folded: (text) => sql`lower(${text} collate "C")`,
    directed: (key, { down, nullsFirst }) =>
      sql`${key} ${sql.raw(`${down ? "desc" : "asc"} nulls ${nullsFirst ? "first" : "last"}`)}`,
    instant: (ref) => sql`${sql.ref(ref)}`,
    asCaller: (id) => sql`cast(${id} as char(36))`,
    blobLength: (ref) => sql`octet_length(${sql.ref(ref)})`,
    blobUpTo: (ref, maxBytes) =>
      sql`case when octet_length(${sql.ref(ref)}) <= ${sql.lit(maxBytes)} then ${sql.ref(ref)} end`,
    forUpdate: sql`for update`,
    shortly: (db, ms, read) =>
      db.transaction().execute(async (transaction) => {
        await sql`select set_config('statement_timeout', ${String(ms)}, true)`.execute(transaction);
        return read(transaction);
      }),
    features: async (db) => {
      const { rows } = await sql<Row>`select pg_is_in_recovery() as standby`.execute(db);
      return { notify: rows[0]?.standby === false, insertCount: true };
    },
    serverTime: sql`(extract(epoch from clock_timestamp()) * 1000)::bigint`,
    insertCount,
    lap: async (db, from, count) => {
      const { rows } = await sql<Row>`
        select current_setting('server_version_num')::int as version`.execute(db);
      const version = options.serverVersion ?? (rows[0] === undefined ? null : numberCell(rows[0], "version")) ?? 0;
      return version >= TID_RANGE_SINCE ? lapByBlocks(db, from, count) : lapById(db, from, count);
    },
    nullOf: (kind) => sql`null::${sql.raw(TYPES[kind])}`,
    columns,
    planIndexes,
    within: (ref, sign, instant) => sql`${sql.ref(ref)} ${sql.raw(sign)} ${instant}`,
    takeEnvelopes,
    notify: async (db, channel) => {
      await sql`select pg_notify(${channel}, '')`.execute(db);
    },
  };
}

const TYPES: Readonly<Record<NullKind, string>> = {
  text: "text",
  integer: "integer",
  double: "double precision",
  instant: "timestamp",
  flag: "boolean",
  blob: "text",
};

/** By the search_path, as the statements themselves. */
async function columns(db: Database): Promise<ReadonlyMap<string, ReadonlySet<string>>> {
  const { rows } = await sql<Row>`
    select c.relname as relation, a.attname as attribute
    from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
    where left(c.relname, 8) = 'dynflow_' and c.relkind in ('r', 'v', 'm', 'p', 'f') and pg_table_is_visible(c.oid)`.execute(
    db,
  );
  return columnsByTable(rows);
}

/** Only such as the planner may use: valid, of all rows, sorted. Before version 11 all columns of one are keys. */
async function planIndexes(db: Database): Promise<readonly (readonly string[])[]> {
  const { rows } = await sql<Row>`
    select i.indexrelid as relation, a.attname as attribute
    from pg_index i
    join pg_class c on c.oid = i.indexrelid join pg_am m on m.oid = c.relam and m.amname = 'btree'
    cross join lateral unnest(i.indkey) with ordinality k (attnum, place)
    join pg_attribute a on a.attrelid = i.indrelid and a.attnum = k.attnum
    where i.indrelid = to_regclass('dynflow_execution_plans') and i.indisvalid and i.indpred is null
      and i.indexprs is null and k.place <= coalesce((to_jsonb(i) ->> 'indnkeyatts')::int, i.indnatts)
    order by i.indexrelid, k.place`.execute(db);
  return columnsInOrder(rows);
}

/** The server's own count of rows ever inserted; it lags by up to a second. By the table of the search_path. */
async function insertCount(db: Database): Promise<string | null> {
  const { rows } = await sql<Row>`
    select n_tup_ins as inserted from pg_stat_user_tables
    where relid = to_regclass('dynflow_execution_plans')`.execute(db);
  return rows[0] === undefined ? null : textCell(rows[0], "inserted");
}

/**
 * Some blocks of the table, in the order of the heap. A row that moves during the lap (an update writes it anew) can
 * be met twice or, moved behind the reader, be met on the next lap: the guarantee is of rows that stay.
 */
/** The table itself, whatever its schema: what stands for it where columns are missing has no ctid. */
const PLANS = sql.table("dynflow_execution_plans");

async function lapByBlocks(db: Database, from: string | null, count: number): Promise<LapSlice> {
  const start = from === null ? 0 : blockNumber(from);
  const { rows: sizes } = await sql<Row>`
    select pg_relation_size(oid) / current_setting('block_size')::int as blocks, reltuples, relpages
    from pg_class where oid = to_regclass('dynflow_execution_plans')`.execute(db);
  const size = sizes[0] ?? {};
  const blocks = numberCell(size, "blocks") ?? 0;
  const pages = numberCell(size, "relpages") ?? 0;
  const tuples = numberCell(size, "reltuples") ?? 0;
  const perBlock = pages > 0 && tuples > 0 ? tuples / pages : ROWS_PER_BLOCK_UNKNOWN;
  const end = start + Math.max(1, Math.floor(count / perBlock));
  const { rows } = await sql<Row>`
    select uuid from ${PLANS}
    where ctid >= ${`(${start},0)`}::tid and ctid < ${`(${end},0)`}::tid and state is distinct from 'stopped'
    `.execute(db);
  return { unfinished: rows.map((row) => textCell(row, "uuid") ?? ""), next: end < blocks ? String(end) : null };
}

function blockNumber(text: string): number {
  if (!/^[0-9]{1,10}$/.test(text)) throw new OpsError("invalid-input", "No place of a lap");
  return Number(text);
}
