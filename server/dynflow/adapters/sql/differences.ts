import type { CompiledQuery, Kysely, RawBuilder } from "kysely";
import type { DynflowDialect, LapSlice } from "#server/dynflow/ports.ts";
import type { Row } from "./cells.ts";

/** No table types: every row is parsed cell by cell where it enters, whatever a type would promise. */
export type Database = Kysely<Record<string, never>>;

/**
 * Runs statements that need nothing of each other's answers, one after the other in this order, on one connection; the
 * rows of each, in the same order. Where the driver can, they are sent together: one round trip instead of many.
 */
export type Together = (statements: readonly CompiledQuery[]) => Promise<readonly (readonly Row[])[]>;

/** What a column holds, as far as a NULL in its place needs it. */
export type NullKind = "text" | "integer" | "double" | "instant" | "flag" | "blob";

/**
 * Everything in which the SQL dialects differ, outside of drivers. Nobody else asks which database it is.
 *
 * Expressions are fragments of statements; `ref` is always a column name of ours, never text from outside.
 */
export interface SqlDifferences {
  readonly name: DynflowDialect;
  /** Text that orders and compares by its UTF-8 bytes, whatever the database's collation is. */
  bytewise(ref: string): RawBuilder<unknown>;
  /** Text that equals only what is the same byte for byte, in a form that an index on it serves where there is one. */
  exactly(ref: string): RawBuilder<unknown>;
  /** Text for comparing without regard to case, of ASCII letters at least, by bytes otherwise. Both sides are brought through it. */
  folded(text: RawBuilder<unknown>): RawBuilder<unknown>;
  /** A NULL of this kind. */
  nullOf(kind: NullKind): RawBuilder<unknown>;
  /** A part of `order by` that puts NULLs last, or first, whichever way it goes; so that an index on it can serve. */
  directed(
    key: RawBuilder<unknown>,
    way: { readonly down: boolean; readonly nullsFirst: boolean },
  ): RawBuilder<unknown>;
  /** An instant that orders and compares right with a parameter of the form `2026-11-22 05:45:46.995000`. */
  instant(ref: string): RawBuilder<unknown>;
  /**
   * A plan id in the type in which actions keep the plan that called them: that column stayed text when ids became `uuid`.
   * Comparing the caller's column with it uses the index on it.
   */
  asCaller(id: RawBuilder<unknown>): RawBuilder<unknown>;
  /** Number of bytes of a blob cell; NULL for NULL. Does not read the blob. */
  blobLength(ref: string): RawBuilder<unknown>;
  /** The blob, or NULL when it is longer than `maxBytes`. */
  blobUpTo(ref: string, maxBytes: number): RawBuilder<unknown>;
  /** Holds the selected row against other writers until the transaction ends; nothing where there is one writer at a time. */
  readonly forUpdate: RawBuilder<unknown>;
  /**
   * A read whose every statement the server gives up after `ms`, where it can be told so: sooner than others, as somebody
   * waits to be rid of it. Elsewhere they are bounded like all.
   */
  shortly<T>(db: Database, ms: number, read: (db: Database) => Promise<T>): Promise<T>;
  /** What this server can do beyond reading tables. */
  features(db: Database): Promise<{ readonly notify: boolean; readonly insertCount: boolean }>;
  /** Milliseconds since 1970 by the server's own clock, as `now`. Left out where it is the clock of this machine. */
  readonly serverTime?: RawBuilder<unknown>;
  /** See `DynflowStore.insertCount`. */
  insertCount(db: Database): Promise<string | null>;
  /** See `DynflowStore.lap`. */
  lap(db: Database, from: string | null, rows: number): Promise<LapSlice>;
  /** Columns of each of Dynflow's tables that this connection sees by its plain name. */
  columns(db: Database): Promise<ReadonlyMap<string, ReadonlySet<string>>>;
  /** Indexes on the plan table that hold every row by plain columns: those of each, in order. */
  planIndexes(db: Database): Promise<readonly (readonly string[])[]>;
  /** A bound on an instant that an index on the very column serves; where instants are text, to the second and outwards. */
  within(ref: string, sign: "<=" | ">=", instant: string): RawBuilder<unknown>;
  /** Takes envelopes of a receiver out of the table, in order of id; whoever takes a row is the only one who got it. */
  takeEnvelopes(db: Database, receiverId: string, max: number): Promise<readonly Row[]>;
  /** Notifies the listeners of a channel when the surrounding transaction commits; nothing where there is no NOTIFY. */
  notify(db: Database, channel: string): Promise<void>;
}
