/** One row as it stands, whatever columns its table has. Read only when somebody opens it. */
import { type RawBuilder, sql } from "kysely";
import { decodeExactCell } from "#server/dynflow/codec/rows.ts";
import type { RawCell, RawRow, RawRowRef } from "#server/dynflow/ports.ts";
import { blobCell, blobColumns, type Row, textCell } from "./cells.ts";
import type { Database, SqlDifferences } from "./differences.ts";
import { isUuid } from "./ids.ts";

const BLOB_MAX_BYTES = 8 * 1024 * 1024;
const TEXT_MAX_CHARS = 2_000;
const INT32_MAX = 2_147_483_647;

const TABLES = {
  plan: "dynflow_execution_plans",
  delayed: "dynflow_delayed_plans",
  step: "dynflow_steps",
  action: "dynflow_actions",
} as const;

/** Columns that hold something serialized, in whichever schema they are. */
const BLOBS: ReadonlySet<string> = new Set([
  "data",
  "run_flow",
  "finalize_flow",
  "execution_history",
  "step_ids",
  "input",
  "output",
  "error",
  "children",
  "serialized_args",
]);

/** @param db past the substitutes for older schemas: a row is shown with the columns that its table has */
export async function readRaw(db: Database, differences: SqlDifferences, ref: RawRowRef): Promise<RawRow | null> {
  const table = TABLES[ref.row];
  if (!isUuid(ref.planId)) return null;
  if ("id" in ref && !(Number.isInteger(ref.id) && ref.id >= 0 && ref.id <= INT32_MAX)) return null;
  const columns = [...((await differences.columns(db)).get(table) ?? [])].sort();
  if (columns.length === 0) return null;
  const key = ref.row === "plan" ? "uuid" : "execution_plan_uuid";
  const where: RawBuilder<unknown> =
    "id" in ref ? sql`${sql.ref(key)} = ${ref.planId} and id = ${ref.id}` : sql`${sql.ref(key)} = ${ref.planId}`;
  const selected = columns.map((column) =>
    BLOBS.has(column) ? blobColumns(differences, column, column, BLOB_MAX_BYTES) : sql`${sql.ref(column)}`,
  );
  const { rows } = await sql<Row>`
    select ${sql.join(selected)} from ${sql.table(table)} where ${where} limit 1`.execute(db);
  const row = rows[0];
  return row === undefined ? null : { table, cells: columns.map((column) => cellOf(row, column)) };
}

function cellOf(row: Row, column: string): RawCell {
  if (!BLOBS.has(column)) return { column, text: textOf(row, column), blob: null };
  const cell = blobCell(row, column);
  if (cell.length === null) return { column, text: null, blob: null };
  const { bytes, length, form = "msgpack" } = cell;
  return { column, text: null, blob: { bytes, length, form, decoded: decodeExactCell(cell) } };
}

/** A value that a driver has made of JSON or of a list: columns that are none of Dynflow's can be of any type. */
const isPlain = (value: unknown): boolean =>
  typeof value === "object" && value !== null && !(value instanceof Date) && !(value instanceof Uint8Array);

function textOf(row: Row, column: string): string | null {
  const value = row[column];
  const text = isPlain(value)
    ? JSON.stringify(value)
    : value instanceof Date
      ? value.toISOString()
      : textCell(row, column);
  if (text === null) return null;
  return text.length <= TEXT_MAX_CHARS ? text : `${text.slice(0, TEXT_MAX_CHARS - 1)}…`;
}
