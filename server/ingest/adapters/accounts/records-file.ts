import { chownSync, closeSync, existsSync, openSync, statSync } from "node:fs";
import { open } from "node:fs/promises";
import path from "node:path";
import { DatabaseSync } from "node:sqlite";
import type { AccountRecords } from "#server/ingest/ports.ts";

export const ACCOUNTS_FILE = "agents.sqlite";
const BUSY_TIMEOUT_MS = 2_000;
const RECORDS_MAX = 100_000;
/** Offset and length of SQLite's file change counter (SQLite file format, section 1.3.1): each commit adds 1. */
const CHANGE_COUNTER = { offset: 24, bytes: 4 } as const;

/**
 * Records in a small SQLite file beside the journal, which the console and the command line may both have open: the
 * journal's own state belongs to one process. Rollback journal, so that there is one file with one owner.
 */
export function openRecordsFile(folder: string): AccountRecords {
  const file = path.join(folder, ACCOUNTS_FILE);
  createPrivately(file, folder);
  const database = new DatabaseSync(file, { timeout: BUSY_TIMEOUT_MS });
  database.exec(`PRAGMA journal_mode = DELETE; PRAGMA synchronous = FULL;
    CREATE TABLE IF NOT EXISTS records (
      namespace TEXT NOT NULL, key TEXT NOT NULL, value TEXT NOT NULL, PRIMARY KEY (namespace, key)
    ) STRICT, WITHOUT ROWID`);
  const list = database.prepare(`SELECT key, value FROM records WHERE namespace = ? ORDER BY key LIMIT ${RECORDS_MAX}`);
  const put = database.prepare("INSERT OR REPLACE INTO records (namespace, key, value) VALUES (?, ?, ?)");
  const drop = database.prepare("DELETE FROM records WHERE namespace = ? AND key = ?");

  return {
    async version() {
      const handle = await open(file, "r");
      try {
        const counter = Buffer.alloc(CHANGE_COUNTER.bytes);
        await handle.read(counter, 0, CHANGE_COUNTER.bytes, CHANGE_COUNTER.offset);
        return counter.toString("hex");
      } finally {
        await handle.close();
      }
    },
    list: async (namespace) => list.all(namespace).map((row) => ({ key: String(row.key), value: String(row.value) })),
    async putAll(namespace, entries) {
      database.exec("BEGIN IMMEDIATE");
      try {
        for (const { key, value } of entries) {
          if (value === null) drop.run(namespace, key);
          else put.run(namespace, key, value);
        }
        database.exec("COMMIT");
      } catch (cause) {
        database.exec("ROLLBACK");
        throw cause;
      }
    },
    close: async () => database.close(),
  };
}

/** Made for the owner of the folder alone, whoever runs this. */
function createPrivately(file: string, folder: string): void {
  if (existsSync(file)) return;
  closeSync(openSync(file, "a", 0o600));
  const { uid, gid } = statSync(folder);
  if (process.getuid?.() === 0) chownSync(file, uid, gid);
}
