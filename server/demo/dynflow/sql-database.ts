/** What the stand-in world and the demo write through: kysely over one of two dialects, and the cells of its rows. */
import { type Kysely, sql } from "kysely";
import { type EpochMs, toIso } from "#server/kernel/clock.ts";

/** Statements are written out whole, so the database's type says nothing of its tables. */
export type SqlExecutor = Kysely<Record<string, never>>;

export interface SqlDatabase {
  readonly db: SqlExecutor;
  readonly dialect: "sqlite" | "postgres";
}

export type Row = Readonly<Record<string, unknown>>;

export const textCell = (row: Row, name: string): string | null => {
  const value = row[name];
  return typeof value === "string" ? value.trimEnd() : null;
};
export const numberCell = (row: Row, name: string): number | null => {
  const value = row[name];
  if (typeof value === "number") return value;
  return typeof value === "bigint" ? Number(value) : null;
};
export const bytesCell = (row: Row, name: string): Uint8Array | null => {
  const value = row[name];
  return value instanceof Uint8Array ? value : null;
};

/** `2026-11-22 05:45:46.995`: plans carry milliseconds. UTC without a zone. */
export const planInstant = (at: EpochMs | null): string | null =>
  at === null ? null : toIso(at).replace("T", " ").replace("Z", "");

/** `2026-11-22 05:45:46.995000`: steps, delayed plans and chunks carry microseconds. */
export const stepInstant = (at: EpochMs | null): string | null => (at === null ? null : `${planInstant(at)}000`);

/** Milliseconds of an instant that was read as text. */
export function epochOf(text: string | null): EpochMs | null {
  if (text === null) return null;
  const parsed = Date.parse(`${text.replace(" ", "T").slice(0, 23)}Z`);
  return Number.isNaN(parsed) ? null : (parsed as EpochMs);
}

/** Wakes the world of this id. Only PostgreSQL notifies; elsewhere worlds poll. */
export async function notifyWorld({ dialect }: SqlDatabase, db: SqlExecutor, worldId: string): Promise<void> {
  if (dialect === "postgres") await sql`select pg_notify(${`world:${worldId}`}, '')`.execute(db);
}

/** A list of values between brackets. */
export const inList = (values: readonly (string | number)[]) => sql`(${sql.join([...values])})`;
