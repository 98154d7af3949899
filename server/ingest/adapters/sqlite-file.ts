/** An SQLite file of this process alone, written durably. */
import { closeSync, mkdirSync, openSync } from "node:fs";
import { dirname } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { messageOf, OpsError } from "#server/kernel/errors.ts";

export interface SqliteFileOptions {
  readonly file: string;
  /** Bound of the file; what goes beyond fails as on a full disk. `null` = none. */
  readonly fileBytesMax: number | null;
  /** Statements that make what is missing. */
  readonly schema: string;
}

/**
 * Opens the file, or creates it for its owner alone. A commit is fsynced before it returns.
 *
 * @throws OpsError `refused` when another process has it, or it is damaged
 */
export function openFile({ file, fileBytesMax, schema }: SqliteFileOptions): DatabaseSync {
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
  closeSync(openSync(file, "a", 0o600));
  const database = new DatabaseSync(file, { timeout: 0 });
  try {
    database.exec("PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;");
    if (fileBytesMax !== null) {
      const pageBytes = Number(database.prepare("PRAGMA page_size").get()?.page_size);
      database.exec(`PRAGMA max_page_count = ${Math.max(1, Math.floor(fileBytesMax / pageBytes))};`);
    }
    database.exec(`BEGIN IMMEDIATE; ${schema} COMMIT;`);
    return database;
  } catch (cause) {
    database.close();
    if (isLocked(cause)) throw new OpsError("refused", `${file} is in use by another process`, { cause });
    if (!isDamaged(cause)) throw cause;
    throw new OpsError("refused", `${file} is damaged (${messageOf(cause)}): move it away to begin anew without it`, {
      cause,
    });
  }
}

const isDamaged = (cause: unknown): boolean => /not a database|malformed/.test(messageOf(cause));
const isLocked = (cause: unknown): boolean => /database is locked/.test(messageOf(cause));

/** All of it or nothing. */
export function inTransaction<T>(database: DatabaseSync, work: () => T): T {
  database.exec("BEGIN IMMEDIATE");
  try {
    const answer = work();
    database.exec("COMMIT");
    return answer;
  } catch (cause) {
    // A full disk may have ended the transaction already.
    if (database.isTransaction) database.exec("ROLLBACK");
    throw cause;
  }
}
