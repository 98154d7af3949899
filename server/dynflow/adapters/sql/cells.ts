/** Cells of rows as drivers deliver them, parsed where they enter. */
import type { RawBuilder } from "kysely";
import { sql } from "kysely";
import { NO_BLOB, type StoredBlob } from "#server/dynflow/codec/stored.ts";
import { toUtcMicros } from "#server/dynflow/codec/utc-text.ts";
import { readableText } from "#server/dynflow/codec/utf8.ts";
import type { UtcMicros } from "#server/dynflow/domain/model.ts";
import type { SqlDifferences } from "./differences.ts";

/** One row, cells unknown. */
export type Row = Readonly<Record<string, unknown>>;

/** Text that is kept as bytes (SQLite enforces no column types; MySQL has binary character sets) is text all the same. */
export const textCell = (row: Row, key: string): string | null => {
  const value = row[key];
  if (value instanceof Uint8Array) return readableText(value);
  return value === null || value === undefined ? null : String(value);
};

/**
 * Safe integers and finite doubles alike; `null` for NULL, for what is no number (SQLite enforces no column types) and for
 * an integer that would be told wrong: nothing of Dynflow's counts so far. Exact decimals arrive as text.
 */
export function numberCell(row: Row, key: string): number | null {
  const value = row[key];
  if (typeof value === "number") return Number.isFinite(value) ? value : null;
  if (typeof value === "string") return DECIMAL.test(value) ? Number(value) : null;
  if (typeof value !== "bigint") return null;
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : null;
}

const DECIMAL = /^-?[0-9]{1,15}(\.[0-9]{1,100})?$/;

/** Drivers that have no booleans, letters that older ORMs wrote for them, and MySQL's type of one bit. */
const TRUE: ReadonlySet<unknown> = new Set([true, 1, 1n, "1", "t", "true"]);
export function flagCell(row: Row, key: string): boolean {
  const value = row[key];
  return TRUE.has(value) || (value instanceof Uint8Array && value.length === 1 && value[0] === 1);
}

/** `null` for NULL, and for text that is no instant (an infinite timestamp, say): there is nothing to show. */
export const instantCell = (row: Row, key: string): UtcMicros | null => {
  const value = row[key];
  return typeof value === "string" ? toUtcMicros(value) : null;
};

/** Selects a blob as two columns, `<name>` and `<name>_length`, so that none longer than `maxBytes` is sent. */
export const blobColumns = (
  differences: SqlDifferences,
  ref: string,
  name: string,
  maxBytes: number,
): RawBuilder<unknown> =>
  sql`${differences.blobUpTo(ref, maxBytes)} as ${sql.ref(name)}, ${differences.blobLength(ref)} as ${sql.ref(`${name}_length`)}`;

const UTF8 = new TextEncoder();

/** Names of ours, few of them: a key that is put together anew for each cell is looked up slowly. */
const lengthKeys = new Map<string, string>();

function lengthKeyOf(name: string): string {
  const known = lengthKeys.get(name);
  if (known !== undefined) return known;
  const key = `${name}_length`;
  lengthKeys.set(name, key);
  return key;
}

/**
 * Text is the JSON of older releases, bytes are msgpack: the cell itself tells, as a table can hold both. A bare number is
 * JSON that SQLite took for one.
 */
export function blobCell(row: Row, name: string): StoredBlob {
  const value = row[name];
  const length = numberCell(row, lengthKeyOf(name));
  if (typeof value === "string" || typeof value === "number" || typeof value === "bigint") {
    return { bytes: UTF8.encode(String(value)), length, form: "json" };
  }
  if (value === null && length === null) return NO_BLOB;
  return { bytes: value instanceof Uint8Array ? value : null, length };
}

/** Rows of `relation` and `attribute`, as the catalogues of all dialects can be asked for. */
export function columnsByTable(rows: readonly Row[]): ReadonlyMap<string, ReadonlySet<string>> {
  const tables = new Map<string, Set<string>>();
  for (const row of rows) {
    const table = textCell(row, "relation") ?? "";
    const columns = tables.get(table) ?? new Set<string>();
    tables.set(table, columns.add(textCell(row, "attribute") ?? ""));
  }
  return tables;
}

/** Rows of `relation` and `attribute`, in order of both: attributes by relation. */
export const columnsInOrder = (rows: readonly Row[]): readonly (readonly string[])[] =>
  [...columnsByTable(rows).values()].map((columns) => [...columns]);
