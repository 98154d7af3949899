/**
 * `snapshots.sqlite`: folds as they stood at a number of their stream. Derived, so it may be deleted; what retention has
 * dropped from the journal is lost from the folds then.
 */
import { rmSync } from "node:fs";
import { join } from "node:path";
import type { DatabaseSync } from "node:sqlite";
import { deflateRawSync, inflateRawSync } from "node:zlib";
import { sameHash, seal } from "#server/journal/adapters/chain.ts";
import { snapshotsToDrop } from "#server/journal/domain/snapshots.ts";
import { formatOf, inTransaction, openWritable } from "./database.ts";
import { textOf } from "./segment-reads.ts";

export const SNAPSHOT_FILE = "snapshots.sqlite";
const SNAPSHOT_FORMAT_VERSION = 1;
const SCHEMA = `
  CREATE TABLE snapshots (
    stream TEXT NOT NULL, seq INTEGER NOT NULL, fold_version INTEGER NOT NULL, state BLOB NOT NULL, mac TEXT NOT NULL,
    PRIMARY KEY (stream, seq, fold_version)
  ) STRICT;
  PRAGMA user_version = ${SNAPSHOT_FORMAT_VERSION};`;

const STATE_BYTES_MAX = 256 * 1024 * 1024;

export interface StoredSnapshot {
  readonly stream: string;
  readonly seq: number;
  readonly foldVersion: number;
  /** JSON of the fold. */
  readonly state: string;
}

export interface SnapshotFile {
  /** The newest of this fold version at or before `seq`; one that was not written with the key is passed over. */
  latest(stream: string, foldVersion: number, seq: number): StoredSnapshot | null;
  /** Thins out the stream's older ones with it. @param keptAfter up to this number its events were dropped */
  write(snapshot: StoredSnapshot, keptAfter: number): void;
  /** What was written is on the disk when this returns: a power failure takes none of it. False when that is not so. */
  settle(): boolean;
  close(): void;
}

/** Opens the file; one of another format, or one that is no database, is replaced by an empty one. */
export function openSnapshotFile(
  directory: string,
  key: Uint8Array,
  onReplaced: (cause: unknown) => void,
): SnapshotFile {
  const file = join(directory, SNAPSHOT_FILE);
  const database = openOrReplace(file, onReplaced);
  const find = database.prepare(
    `SELECT seq, state, mac FROM snapshots WHERE stream = ? AND fold_version = ? AND seq <= ? ORDER BY seq DESC LIMIT 3`,
  );
  const insert = database.prepare(
    "INSERT OR REPLACE INTO snapshots (stream, seq, fold_version, state, mac) VALUES (?, ?, ?, ?, ?)",
  );
  const list = database.prepare(
    "SELECT seq, length(state) AS bytes FROM snapshots WHERE stream = ? AND fold_version = ? ORDER BY seq",
  );
  const drop = database.prepare("DELETE FROM snapshots WHERE stream = ? AND fold_version = ? AND seq = ?");
  // Of another version only the newest is of use: to go on from it after a way back.
  const dropOthers = database.prepare(
    `DELETE FROM snapshots WHERE stream = ?1 AND fold_version <> ?2 AND seq < (SELECT max(other.seq)
       FROM snapshots AS other WHERE other.stream = ?1 AND other.fold_version = snapshots.fold_version)`,
  );
  return {
    latest(stream, foldVersion, seq) {
      for (const row of find.iterate(stream, foldVersion, seq)) {
        const state = inflateRawSync(row.state instanceof Uint8Array ? row.state : new Uint8Array(), {
          maxOutputLength: STATE_BYTES_MAX,
        });
        const snapshot = { stream, seq: Number(row.seq), foldVersion, state: textOf(state) };
        const mac = String(row.mac);
        if (sameHash(mac, macOf(key, snapshot)) || sameHash(mac, firstMacOf(key, snapshot))) return snapshot;
      }
      return null;
    },
    write(snapshot, keptAfter) {
      const { stream, seq, foldVersion, state } = snapshot;
      inTransaction(database, () => {
        insert.run(stream, seq, foldVersion, deflateRawSync(state), macOf(key, snapshot));
        const kept = list.all(stream, foldVersion).map((row) => ({ seq: Number(row.seq), bytes: Number(row.bytes) }));
        for (const dropped of snapshotsToDrop(kept, keptAfter, seq)) drop.run(stream, foldVersion, dropped);
        dropOthers.run(stream, foldVersion);
      });
    },
    settle: () => database.prepare("PRAGMA wal_checkpoint(TRUNCATE)").get()?.busy === 0,
    close: () => database.close(),
  };
}

const macOf = (key: Uint8Array, { stream, seq, foldVersion, state }: StoredSnapshot): string =>
  seal(key, "snapshot", `${JSON.stringify([stream, seq, foldVersion])}\n${state}`);

/** As the first versions wrote it: the same, but slow on a large state. */
const firstMacOf = (key: Uint8Array, { stream, seq, foldVersion, state }: StoredSnapshot): string =>
  seal(key, "snapshot", JSON.stringify([stream, seq, foldVersion, state]));

function openOrReplace(file: string, onReplaced: (cause: unknown) => void): DatabaseSync {
  try {
    return openAt(file);
  } catch (cause) {
    onReplaced(cause);
    for (const suffix of ["", "-wal", "-shm"]) rmSync(`${file}${suffix}`, { force: true });
    return openAt(file);
  }
}

function openAt(file: string): DatabaseSync {
  const database = openWritable(file, "at-checkpoint");
  try {
    const format = formatOf(database);
    if (format === 0) inTransaction(database, () => database.exec(SCHEMA));
    else if (format !== SNAPSHOT_FORMAT_VERSION) throw new Error(`snapshots of format ${format}`);
    return database;
  } catch (cause) {
    database.close();
    throw cause;
  }
}
