import { chownSync, closeSync, existsSync, openSync, statSync } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import path from "node:path";
import { DatabaseSync } from "node:sqlite";
import { type EpochMs, epochMs } from "#server/kernel/clock.ts";
import { OpsError } from "#server/kernel/errors.ts";
import { ROLES } from "./permissions.ts";
import type { TokenRegister, TokenStore } from "./ports.ts";
import { isInForce, type TokenRecord } from "./token.ts";

export const TOKEN_FILE = "tokens.sqlite";
const MAX_TOKENS = 1_000;
/** The command line waits for another command line; the console never waits. */
const WRITER_BUSY_TIMEOUT_MS = 5_000;
const FORMAT_VERSION = 1;

const SCHEMA = `
  CREATE TABLE IF NOT EXISTS tokens (
    id TEXT PRIMARY KEY, name TEXT NOT NULL, role TEXT NOT NULL, sources TEXT,
    created_at INTEGER NOT NULL, expires_at INTEGER, revoked_at INTEGER, hash TEXT NOT NULL UNIQUE
  ) STRICT;
  PRAGMA user_version = ${FORMAT_VERSION};
`;

/**
 * Tokens in a small SQLite file beside the journal. Rollback journal and not WAL, so that there is one file with one
 * owner: a command line run as root must not leave files that the console cannot open.
 */
export function openTokenRegister(folder: string): TokenRegister {
  const file = path.join(folder, TOKEN_FILE);
  createPrivately(file, folder);
  const database = new DatabaseSync(file, { timeout: WRITER_BUSY_TIMEOUT_MS });
  database.exec(`PRAGMA journal_mode = DELETE; PRAGMA synchronous = FULL; ${SCHEMA}`);
  const readAll = () => rowsOf(database);

  function add(record: TokenRecord): void {
    database.exec("BEGIN IMMEDIATE");
    try {
      refuseAddition(readAll(), record);
      database
        .prepare("INSERT INTO tokens VALUES (?, ?, ?, ?, ?, ?, ?, ?)")
        .run(
          record.id,
          record.name,
          record.role,
          record.sources === null ? null : JSON.stringify(record.sources),
          record.createdAt,
          record.expiresAt,
          record.revokedAt,
          record.hash,
        );
      database.exec("COMMIT");
    } catch (cause) {
      database.exec("ROLLBACK");
      throw cause;
    }
  }

  return {
    readAll,
    version: async () => versionOf(file),
    add,
    revoke(id, at) {
      const statement = database.prepare("UPDATE tokens SET revoked_at = ? WHERE id = ? AND revoked_at IS NULL");
      return statement.run(at, id).changes === 1;
    },
    close: () => database.close(),
  };
}

function refuseAddition(records: readonly TokenRecord[], record: TokenRecord): void {
  if (records.length >= MAX_TOKENS) throw new OpsError("limit-exceeded", `There are ${MAX_TOKENS} tokens already`);
  if (records.some((one) => one.name === record.name && isInForce(one, record.createdAt))) {
    throw new OpsError("conflict", `A token in force is called ${record.name} already: revoke it first`);
  }
}

/** Made for the owner of the folder alone, whoever runs this. */
function createPrivately(file: string, folder: string): void {
  if (existsSync(file)) return;
  closeSync(openSync(file, "a", 0o600));
  const { uid, gid } = statSync(folder);
  if (process.getuid?.() === 0) chownSync(file, uid, gid);
}

/**
 * The console's view of the same file: opened for each read and closed again, so that a file that was replaced or
 * removed is noticed. No file means no token.
 */
export function openTokenStore(folder: string): TokenStore {
  const file = path.join(folder, TOKEN_FILE);
  return {
    version: () => versionOf(file),
    readAll() {
      if (!existsSync(file)) return [];
      const database = new DatabaseSync(file, { timeout: 0 });
      try {
        return rowsOf(database);
      } finally {
        database.close();
      }
    },
    close: () => undefined,
  };
}

/** Offset and length of SQLite's file change counter (SQLite file format, section 1.3.1): each commit adds 1. */
const CHANGE_COUNTER = { offset: 24, bytes: 4 } as const;

/** Which file, and how often it was changed: asked for off the main loop. */
async function versionOf(file: string): Promise<string> {
  let handle: FileHandle;
  try {
    handle = await open(file, "r");
  } catch (cause) {
    if (cause instanceof Error && "code" in cause && cause.code === "ENOENT") return "none";
    throw cause;
  }
  try {
    const { ino } = await handle.stat({ bigint: true });
    const counter = Buffer.alloc(CHANGE_COUNTER.bytes);
    await handle.read(counter, 0, CHANGE_COUNTER.bytes, CHANGE_COUNTER.offset);
    return `${ino}:${counter.toString("hex")}`;
  } finally {
    await handle.close();
  }
}

function rowsOf(database: DatabaseSync): readonly TokenRecord[] {
  const tables = database.prepare("SELECT 1 FROM sqlite_master WHERE name = 'tokens'").all();
  if (tables.length === 0) return [];
  return database.prepare(`SELECT * FROM tokens ORDER BY created_at LIMIT ${MAX_TOKENS}`).all().map(toRecord);
}

function toRecord(row: Readonly<Record<string, unknown>>): TokenRecord {
  const role = ROLES.find((known) => known === row.role);
  if (role === undefined) throw new OpsError("upstream-malformed", `${TOKEN_FILE} holds a role that is not known`);
  return {
    id: String(row.id),
    name: String(row.name),
    role,
    sources: row.sources === null ? null : toSources(String(row.sources)),
    createdAt: epochMs(Number(row.created_at)),
    expiresAt: toInstant(row.expires_at),
    revokedAt: toInstant(row.revoked_at),
    hash: String(row.hash),
  };
}

const toInstant = (value: unknown): EpochMs | null => (value === null ? null : epochMs(Number(value)));

function toSources(text: string): readonly string[] {
  const value: unknown = JSON.parse(text);
  if (Array.isArray(value) && value.every((one) => typeof one === "string")) return value;
  throw new OpsError("upstream-malformed", `${TOKEN_FILE} holds sources that are no list`);
}
