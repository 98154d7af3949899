/** `state.sqlite`: identity and format of the journal, the head records of its chains, and the state store. */
import { randomBytes } from "node:crypto";
import { statSync } from "node:fs";
import { join } from "node:path";
import type { DatabaseSync, StatementSync } from "node:sqlite";
import { type ChainHash, sameHash, seal } from "#server/journal/adapters/chain.ts";
import { CHAINS, type ChainName } from "#server/journal/domain/chains.ts";
import { OpsError } from "#server/kernel/errors.ts";
import { formatOf, inTransaction, openReadOnly, openWritable } from "./database.ts";

/** The format this code writes. Raised together with a new last entry of `MIGRATIONS`. */
export const FORMAT_VERSION = 2;

/** From format n (index) to n + 1. Only ever appended to. */
const MIGRATIONS: readonly string[] = [
  `CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;
   CREATE TABLE heads (
     chain TEXT PRIMARY KEY, position INTEGER NOT NULL, hash TEXT NOT NULL,
     first_position INTEGER NOT NULL, horizon INTEGER, mac TEXT NOT NULL
   ) STRICT;
   CREATE TABLE records (
     namespace TEXT NOT NULL, key TEXT NOT NULL, value TEXT NOT NULL, PRIMARY KEY (namespace, key)
   ) STRICT, WITHOUT ROWID;`,
  `ALTER TABLE heads ADD COLUMN first_number INTEGER;
   ALTER TABLE heads ADD COLUMN first_hash TEXT;
   ALTER TABLE heads ADD COLUMN first_starts TEXT;`,
];

export const STATE_FILE = "state.sqlite";

/** The segment with which a chain begins since retention has dropped those before it. */
export interface FirstSegment {
  readonly number: number;
  /** Its start hash: that of the last event dropped. */
  readonly hash: ChainHash;
  /** Digest of where the streams stood. */
  readonly starts: string;
}

/** How far a chain was written when this record was; kept apart from the events so that a dropped tail shows. */
export interface HeadRecord {
  readonly chain: ChainName;
  readonly position: number;
  readonly hash: ChainHash;
  /** Where the chain begins now: more than 1 once retention has dropped segments. */
  readonly firstPosition: number;
  /** Epoch ms before which nothing is kept, `null` while nothing was dropped. */
  readonly horizon: number | null;
  /** `null` while nothing was dropped. */
  readonly first: FirstSegment | null;
}

export interface StateEntry {
  readonly key: string;
  readonly value: string;
}

export interface StateFile {
  readonly journalId: string;
  /** Another as soon as the file is a copy: what follows on a copy is another history under the same numbers. */
  readonly epoch: string;
  head(chain: ChainName): HeadRecord | null;
  /** Not fsynced by itself: after a power failure it may be older than the events, never newer. */
  writeHead(head: HeadRecord): void;
  /** A head record with what it has dropped as a state entry of that namespace: both or none, fsynced. */
  writeDrop(head: HeadRecord, namespace: string, entry: StateEntry | null): void;
  get(namespace: string, key: string): string | null;
  page(namespace: string, after: string | null, limit: number): readonly StateEntry[];
  putAll(namespace: string, entries: readonly { readonly key: string; readonly value: string | null }[]): void;
  increment(namespace: string, key: string): number;
  close(): void;
}

/**
 * Opens or creates the file and brings it to `FORMAT_VERSION`.
 *
 * @throws OpsError `refused` for a journal of a newer format, or one that was written with another key
 */
export function openStateFile(directory: string, key: Uint8Array): StateFile {
  const database = openWritable(join(directory, STATE_FILE), "every-commit");
  try {
    migrate(database);
    const journalId = identify(database, key);
    const epoch = epochOf(database, directory, journalId);
    return { journalId, epoch, ...headAccess(database, directory, key), ...recordAccess(database) };
  } catch (cause) {
    database.close();
    throw cause;
  }
}

/** What verification needs, read without a lock and without changing anything. */
export function readStateFile(
  directory: string,
  key: Uint8Array,
): { readonly journalId: string; readonly keyFits: boolean; readonly heads: readonly (HeadRecord | "forged")[] } {
  const database = openReadOnly(join(directory, STATE_FILE));
  try {
    refuseNewer(formatOf(database));
    const journalId = metaOf(database, "journal_id") ?? "";
    const heads = CHAINS.flatMap((chain) => readHead(database, chain, key) ?? []);
    return { journalId, keyFits: sameHash(metaOf(database, "key_check") ?? "", keyCheck(key, journalId)), heads };
  } finally {
    database.close();
  }
}

function migrate(database: DatabaseSync): void {
  const found = formatOf(database);
  refuseNewer(found);
  for (const [index, statements] of MIGRATIONS.entries()) {
    if (index < found) continue;
    inTransaction(database, () => database.exec(`${statements} PRAGMA user_version = ${index + 1};`));
  }
}

function refuseNewer(found: number): void {
  if (found <= FORMAT_VERSION) return;
  throw new OpsError(
    "refused",
    `The journal has format ${found}, written by a newer Worldline; this one reads up to format ${FORMAT_VERSION}`,
  );
}

function metaOf(database: DatabaseSync, name: string): string | null {
  const value = database.prepare("SELECT value FROM meta WHERE name = ?").get(name)?.value;
  return typeof value === "string" ? value : null;
}

const keyCheck = (key: Uint8Array, journalId: string): string => seal(key, "key check", journalId);

function identify(database: DatabaseSync, key: Uint8Array): string {
  const known = metaOf(database, "journal_id");
  if (known !== null) {
    if (sameHash(metaOf(database, "key_check") ?? "", keyCheck(key, known))) return known;
    throw new OpsError("refused", "The journal was written with another key than the one configured");
  }
  const journalId = randomBytes(8).toString("hex");
  const insert = database.prepare("INSERT INTO meta (name, value) VALUES (?, ?)");
  inTransaction(database, () => {
    insert.run("journal_id", journalId);
    insert.run("key_check", keyCheck(key, journalId));
  });
  return journalId;
}

/**
 * A back-up that was put back is another file than the one whose epoch it holds: browsers that saw what the original
 * went on to are not to go on from there. A journal that was never told of epochs goes by its own name.
 */
function epochOf(database: DatabaseSync, directory: string, journalId: string): string {
  const { ino, birthtimeNs } = statSync(join(directory, STATE_FILE), { bigint: true });
  const place = `${ino}:${birthtimeNs}`;
  const before = metaOf(database, "place");
  const known = metaOf(database, "epoch") ?? journalId;
  if (before === place) return known;
  const epoch = before === null ? known : randomBytes(8).toString("hex");
  const write = database.prepare("INSERT OR REPLACE INTO meta (name, value) VALUES (?, ?)");
  inTransaction(database, () => {
    write.run("epoch", epoch);
    write.run("place", place);
  });
  return epoch;
}

/** What a record of format 1 was sealed over is that of a chain from which nothing was dropped. */
function headText({ chain, position, hash, firstPosition, horizon, first }: HeadRecord): string {
  const begin = first === null ? [] : [first.number, first.hash, first.starts];
  return JSON.stringify([chain, position, hash, firstPosition, horizon, ...begin]);
}

const WRITE_HEAD = `INSERT OR REPLACE INTO heads
  (chain, position, hash, first_position, horizon, first_number, first_hash, first_starts, mac)
  VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`;

function writeHeadBy(write: StatementSync, key: Uint8Array, head: HeadRecord): void {
  const { chain, position, hash, firstPosition, horizon, first } = head;
  const begin = [first?.number ?? null, first?.hash ?? null, first?.starts ?? null];
  write.run(chain, position, hash, firstPosition, horizon, ...begin, seal(key, "head", headText(head)));
}

function readHead(database: DatabaseSync, chain: ChainName, key: Uint8Array): HeadRecord | "forged" | null {
  const row = database.prepare("SELECT * FROM heads WHERE chain = ?").get(chain);
  if (row === undefined) return null;
  const head: HeadRecord = {
    chain,
    position: Number(row.position),
    hash: String(row.hash),
    firstPosition: Number(row.first_position),
    horizon: row.horizon === null ? null : Number(row.horizon),
    first: firstOf(row),
  };
  return sameHash(String(row.mac), seal(key, "head", headText(head))) ? head : "forged";
}

/** A file of format 1, which verification may meet, has no such columns. */
function firstOf(row: Readonly<Record<string, unknown>>): FirstSegment | null {
  if (typeof row.first_number !== "number") return null;
  return { number: row.first_number, hash: String(row.first_hash), starts: String(row.first_starts) };
}

function headAccess(
  database: DatabaseSync,
  directory: string,
  key: Uint8Array,
): Pick<StateFile, "head" | "writeHead" | "writeDrop" | "close"> {
  const lazy = openWritable(join(directory, STATE_FILE), "at-checkpoint");
  const write = lazy.prepare(WRITE_HEAD);
  const writeDurably = database.prepare(WRITE_HEAD);
  const put = database.prepare(PUT_RECORD);
  return {
    head(chain) {
      const head = readHead(database, chain, key);
      if (head === "forged")
        throw new OpsError("refused", `The head record of the journal's chain ${chain} was changed`);
      return head;
    },
    writeHead: (head) => writeHeadBy(write, key, head),
    writeDrop(head, namespace, entry) {
      inTransaction(database, () => {
        writeHeadBy(writeDurably, key, head);
        if (entry !== null) put.run(namespace, entry.key, entry.value);
      });
    },
    close() {
      lazy.close();
      database.close();
    },
  };
}

const PUT_RECORD =
  "INSERT INTO records (namespace, key, value) VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET value = excluded.value";

function recordAccess(database: DatabaseSync): Pick<StateFile, "get" | "page" | "putAll" | "increment"> {
  const get = database.prepare("SELECT value FROM records WHERE namespace = ? AND key = ?");
  const page = database.prepare(
    "SELECT key, value FROM records WHERE namespace = ? AND (? IS NULL OR key > ?) ORDER BY key LIMIT ?",
  );
  const put = database.prepare(PUT_RECORD);
  const remove = database.prepare("DELETE FROM records WHERE namespace = ? AND key = ?");
  const increment = database.prepare(
    `INSERT INTO records (namespace, key, value) VALUES (?, ?, '1')
     ON CONFLICT DO UPDATE SET value = CAST(CAST(value AS INTEGER) + 1 AS TEXT) RETURNING value`,
  );
  return {
    get(namespace, key) {
      const value = get.get(namespace, key)?.value;
      return typeof value === "string" ? value : null;
    },
    page(namespace, after, limit) {
      const rows = page.all(namespace, after, after, limit);
      return rows.map((row) => ({ key: String(row.key), value: String(row.value) }));
    },
    putAll(namespace, entries) {
      inTransaction(database, () => {
        for (const { key, value } of entries) {
          if (value === null) remove.run(namespace, key);
          else put.run(namespace, key, value);
        }
      });
    },
    increment(namespace, key) {
      return Number(increment.get(namespace, key)?.value);
    },
  };
}
