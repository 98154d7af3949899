import { DatabaseSync } from "node:sqlite";
import { setTimeout as sleep } from "node:timers/promises";

const RETRY_MS = 250;

/**
 * Runs `work` while no other process holds the lock of this file; waits up to `timeoutMs` for it.
 *
 * The lock is SQLite's own on the file, so the system frees it however its holder ends: there is no stale lock.
 */
export async function withFileLock<T>(path: string, timeoutMs: number, work: () => Promise<T>): Promise<T> {
  const deadline = performance.now() + timeoutMs;
  const database = new DatabaseSync(path);
  try {
    while (!tryLock(database)) {
      if (performance.now() > deadline) throw new Error(`Another process has held ${path} for over ${timeoutMs} ms`);
      await sleep(RETRY_MS);
    }
    return await work();
  } finally {
    database.close();
  }
}

function tryLock(database: DatabaseSync): boolean {
  try {
    database.exec("BEGIN EXCLUSIVE");
    return true;
  } catch (cause) {
    if (cause instanceof Error && /database is locked/.test(cause.message)) return false;
    throw cause;
  }
}
