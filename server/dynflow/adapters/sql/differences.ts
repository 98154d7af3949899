import type { CompiledQuery, Kysely, RawBuilder } from "kysely";
import type { LapSlice } from "#server/dynflow/ports.ts";
import type { Row } from "./cells.ts";

/** No table types: every row is parsed cell by cell where it enters, whatever a type would promise. */
export type Database = Kysely<Record<string, never>>;

/**
 * Runs statements that need nothing of each other's answers, one after the other in this order, on one connection; the
 * rows of each, in the same order. Where the driver can, they are sent together: one round trip instead of many.
 */
export type Together = (statements: readonly CompiledQuery[]) => Promise<readonly (readonly Row[])[]>;

/**
 * Everything in which the SQL dialects differ, outside of drivers. Nobody else asks which database it is.
 *
 * Expressions are fragments of statements; `ref` is always a column name of ours, never text from outside.
 */
export interface SqlDifferences {
  readonly name: "postgres" | "sqlite";
  /** Text that orders and compares by its UTF-8 bytes, whatever the database's collation is. */
  bytewise(ref: string): RawBuilder<unknown>;
  /** An instant that orders and compares right with a parameter of the form `2026-11-22 05:45:46.995000`. */
  instant(ref: string): RawBuilder<unknown>;
  /** Number of bytes of a blob cell; NULL for NULL. Does not read the blob. */
  blobLength(ref: string): RawBuilder<unknown>;
  /** The blob, or NULL when it is longer than `maxBytes`. */
  blobUpTo(ref: string, maxBytes: number): RawBuilder<unknown>;
  /** Holds the selected row against other writers until the transaction ends; nothing where there is one writer at a time. */
  readonly forUpdate: RawBuilder<unknown>;
  /** What this server can do beyond reading tables. */
  features(db: Database): Promise<{ readonly notify: boolean; readonly insertCount: boolean }>;
  /** See `DynflowStore.insertCount`. */
  insertCount(db: Database): Promise<string | null>;
  /** See `DynflowStore.lap`. */
  lap(db: Database, from: string | null, rows: number): Promise<LapSlice>;
  /** Notifies the listeners of a channel when the surrounding transaction commits; nothing where there is no NOTIFY. */
  notify(db: Database, channel: string): Promise<void>;
}
