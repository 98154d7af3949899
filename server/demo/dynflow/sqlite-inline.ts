/**
 * A SQLite file of schema 25, and kysely over it in this very thread: for tests under a stepped clock, where an answer
 * from another thread would come too late. The running demo is given a database in a thread of its own.
 */
import { existsSync, mkdirSync, readFileSync } from "node:fs";
import { dirname } from "node:path";
import { DatabaseSync, type SQLInputValue } from "node:sqlite";
import { Kysely, SqliteDialect } from "kysely";
import type { SqlDatabase } from "./sql-database.ts";

const SCHEMA_FILE = new URL("./schema-25.sqlite.sql", import.meta.url);

/** Creates the file with Dynflow's tables when there is none; true = it was created. Readers do not wait for writers. */
export function createDynflowFile(path: string): boolean {
  if (path !== ":memory:" && existsSync(path)) return false;
  mkdirSync(dirname(path), { recursive: true });
  const database = new DatabaseSync(path);
  database.exec("PRAGMA journal_mode = WAL");
  database.exec(readFileSync(SCHEMA_FILE, "utf8"));
  database.close();
  return true;
}

/** An empty database of schema 25 in memory, or the file at `path`. */
export function openInlineSqlite(path = ":memory:"): SqlDatabase {
  const database = new DatabaseSync(path, { timeout: 1_000 });
  database.exec("PRAGMA synchronous = OFF");
  if (path === ":memory:") database.exec(readFileSync(SCHEMA_FILE, "utf8"));
  const dialect = new SqliteDialect({
    database: {
      close: () => database.close(),
      prepare(text) {
        const statement = database.prepare(text);
        return {
          reader: statement.columns().length > 0,
          all: (parameters) => statement.all(...parameters.map(toInput)),
          run: (parameters) => statement.run(...parameters.map(toInput)),
          iterate: (parameters) => statement.iterate(...parameters.map(toInput)),
        };
      },
    },
  });
  return { db: new Kysely<Record<string, never>>({ dialect }), dialect: "sqlite" };
}

function toInput(value: unknown): SQLInputValue {
  if (typeof value === "boolean") return value ? 1 : 0;
  if (value === null || value === undefined) return null;
  if (typeof value === "number" || typeof value === "bigint" || typeof value === "string") return value;
  if (value instanceof Uint8Array) return value;
  throw new TypeError(`no SQLite parameter: ${typeof value}`);
}
