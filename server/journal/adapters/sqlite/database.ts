import { closeSync, openSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";

/** How long a statement waits for another connection's lock (verification reads beside the writer). */
const BUSY_TIMEOUT_MS = 5_000;

export type Durability = "every-commit" | "at-checkpoint";

/**
 * Opens a file in WAL mode, or creates it for its owner alone. `every-commit` fsyncs before a commit returns; `at-checkpoint` survives the
 * death of the process, and after a power failure may have lost the last commits.
 *
 * @param fileBytesMax bound of the file; what goes beyond fails as on a full disk
 */
export function openWritable(file: string, durability: Durability, fileBytesMax: number | null = null): DatabaseSync {
  closeSync(openSync(file, "a", 0o600));
  const database = new DatabaseSync(file, { timeout: BUSY_TIMEOUT_MS });
  try {
    const synchronous = durability === "every-commit" ? "FULL" : "NORMAL";
    database.exec(`PRAGMA journal_mode = WAL; PRAGMA synchronous = ${synchronous};`);
    if (fileBytesMax !== null) {
      const pageBytes = Number(database.prepare("PRAGMA page_size").get()?.page_size);
      database.exec(`PRAGMA max_page_count = ${Math.max(1, Math.floor(fileBytesMax / pageBytes))};`);
    }
    return database;
  } catch (cause) {
    database.close();
    throw cause;
  }
}

export const openReadOnly = (file: string): DatabaseSync =>
  new DatabaseSync(file, { readOnly: true, timeout: BUSY_TIMEOUT_MS });

/** The format number that a file carries; 0 for one that was never completed. */
export const formatOf = (database: DatabaseSync): number =>
  Number(database.prepare("PRAGMA user_version").get()?.user_version ?? 0);

/** Runs `work` in one transaction; nothing of it stays when it throws. */
export function inTransaction(database: DatabaseSync, work: () => void): void {
  database.exec("BEGIN IMMEDIATE");
  try {
    work();
    database.exec("COMMIT");
  } catch (cause) {
    if (database.isTransaction) database.exec("ROLLBACK");
    throw cause;
  }
}
