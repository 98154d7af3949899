import { readFileSync, writeFileSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { type EpochMs, toIso } from "#server/kernel/clock.ts";
import { messageOf, OpsError } from "#server/kernel/errors.ts";

/** Held for as long as a process uses the journal. */
export interface JournalLock {
  release(): void;
}

const LOCK_FILE = "lock.sqlite";
const HOLDER_FILE = "lock.json";

/**
 * Takes the journal's directory for this process. The lock is the operating system's, on a file (through SQLite), so
 * it ends with the process however that dies; who holds it is written beside it, for people.
 *
 * @throws OpsError `refused` naming process, host and time when another one holds it
 */
export function lockJournal(directory: string, now: EpochMs): JournalLock {
  const database = new DatabaseSync(join(directory, LOCK_FILE), { timeout: 0 });
  try {
    database.exec("PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE;");
  } catch (cause) {
    database.close();
    throw new OpsError("refused", `The journal in ${directory} is in use by ${holder(directory)}`, { cause });
  }
  const content = { pid: process.pid, host: hostname(), since: toIso(now) };
  writeFileSync(join(directory, HOLDER_FILE), `${JSON.stringify(content)}\n`);
  return { release: () => database.close() };
}

function holder(directory: string): string {
  try {
    const { pid, host, since } = JSON.parse(readFileSync(join(directory, HOLDER_FILE), "utf8")) as Record<
      string,
      unknown
    >;
    return `process ${String(pid)} on host ${String(host)} since ${String(since)}`;
  } catch (cause) {
    return `another process (${messageOf(cause)})`;
  }
}
