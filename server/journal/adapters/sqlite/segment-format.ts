/** What is in one segment file, `<chain>-<number>.sqlite`. */
import type { DatabaseSync } from "node:sqlite";
import { type ChainHash, sameHash, seal } from "#server/journal/adapters/chain.ts";
import { CHAINS, type ChainName } from "#server/journal/domain/chains.ts";
import { OpsError } from "#server/kernel/errors.ts";
import { formatOf } from "./database.ts";

export const SEGMENT_FORMAT_VERSION = 2;
/** The first format with a table of terms; in older segments terms are found by a walk. */
export const TERMS_SINCE_FORMAT = 2;

/**
 * The indexes serve, in this order: a stream from a number on, an event by its id, and pages by time of a stream, a
 * kind or a subject; the table of terms pages by time of a term. The triggers make the file append-only for our own code too.
 */
export const SEGMENT_SCHEMA = `
  CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;
  CREATE TABLE starts (stream TEXT PRIMARY KEY, seq INTEGER NOT NULL, observed_at INTEGER NOT NULL) STRICT;
  CREATE TABLE events (
    position INTEGER PRIMARY KEY, stream TEXT NOT NULL, seq INTEGER NOT NULL, id TEXT NOT NULL, kind TEXT NOT NULL,
    subject TEXT NOT NULL, observed_at INTEGER NOT NULL, bytes BLOB NOT NULL, hash BLOB NOT NULL
  ) STRICT;
  CREATE UNIQUE INDEX events_by_seq ON events (stream, seq);
  CREATE UNIQUE INDEX events_by_id ON events (stream, id);
  CREATE INDEX events_by_time ON events (stream, observed_at, seq);
  CREATE INDEX events_by_kind ON events (kind, observed_at, stream, seq);
  CREATE INDEX events_by_subject ON events (subject, observed_at, stream, seq);
  CREATE TABLE terms (
    term TEXT NOT NULL, observed_at INTEGER NOT NULL, stream TEXT NOT NULL, seq INTEGER NOT NULL,
    position INTEGER NOT NULL, PRIMARY KEY (term, observed_at, stream, seq)
  ) STRICT, WITHOUT ROWID;
  CREATE TRIGGER terms_never_change BEFORE UPDATE ON terms BEGIN SELECT RAISE(ABORT, 'the journal only grows'); END;
  CREATE TRIGGER terms_never_go BEFORE DELETE ON terms BEGIN SELECT RAISE(ABORT, 'the journal only grows'); END;
  CREATE TRIGGER events_never_change BEFORE UPDATE ON events BEGIN SELECT RAISE(ABORT, 'the journal only grows'); END;
  CREATE TRIGGER events_never_go BEFORE DELETE ON events BEGIN SELECT RAISE(ABORT, 'the journal only grows'); END;
  PRAGMA user_version = ${SEGMENT_FORMAT_VERSION};
`;

/** Where a stream stood when the segment was opened. */
export interface StreamStart {
  readonly stream: string;
  readonly seq: number;
  readonly observedAt: number;
}

/** Identifies what the streams' starts of a segment say. */
export const startsDigest = (key: Uint8Array, starts: readonly StreamStart[]): string =>
  seal(key, "segment starts", JSON.stringify(starts.map(({ stream, seq, observedAt }) => [stream, seq, observedAt])));

export interface SegmentHeader {
  readonly chain: ChainName;
  readonly number: number;
  readonly journalId: string;
  readonly startPosition: number;
  readonly startHash: ChainHash;
  readonly openedAt: number;
}

/** Written when the segment is closed for ever. */
export interface SegmentEnd {
  readonly endPosition: number;
  readonly endHash: ChainHash;
  readonly firstObservedAt: number;
  readonly lastObservedAt: number;
}

export const segmentFileName = (chain: ChainName, number: number): string =>
  `${chain}-${String(number).padStart(6, "0")}.sqlite`;

/** `null` for any other file of the directory. */
export function parseSegmentFileName(name: string): { readonly chain: ChainName; readonly number: number } | null {
  const match = /^([a-z]+)-(\d{6,})\.sqlite$/.exec(name);
  const chain = CHAINS.find((candidate) => candidate === match?.[1]);
  return match?.[2] === undefined || chain === undefined ? null : { chain, number: Number(match[2]) };
}

/** @throws OpsError `refused` for a segment that a newer version wrote */
export function segmentFormatOf(database: DatabaseSync): number {
  const found = formatOf(database);
  if (found <= SEGMENT_FORMAT_VERSION) return found;
  throw new OpsError(
    "refused",
    `A segment of the journal has format ${found}, written by a newer Worldline; this one reads up to ${SEGMENT_FORMAT_VERSION}`,
  );
}

export function writeHeader(database: DatabaseSync, key: Uint8Array, header: SegmentHeader): void {
  writeSealed(database, key, "header", header);
}

export function writeEnd(database: DatabaseSync, key: Uint8Array, end: SegmentEnd): void {
  writeSealed(database, key, "end", end);
}

/** `"forged"` when the record was not written with this key. */
export function readHeader(database: DatabaseSync, key: Uint8Array): SegmentHeader | "forged" | null {
  return readSealed(database, key, "header") as SegmentHeader | "forged" | null;
}

export function readEnd(database: DatabaseSync, key: Uint8Array): SegmentEnd | "forged" | null {
  return readSealed(database, key, "end") as SegmentEnd | "forged" | null;
}

export function readStarts(database: DatabaseSync): readonly StreamStart[] {
  const rows = database.prepare("SELECT stream, seq, observed_at FROM starts ORDER BY stream").all();
  return rows.map((row) => ({
    stream: String(row.stream),
    seq: Number(row.seq),
    observedAt: Number(row.observed_at),
  }));
}

function writeSealed(database: DatabaseSync, key: Uint8Array, name: "header" | "end", value: object): void {
  const text = JSON.stringify(value);
  const insert = database.prepare("INSERT INTO meta (name, value) VALUES (?, ?)");
  insert.run(name, text);
  insert.run(`${name}.mac`, seal(key, `segment ${name}`, text));
}

function readSealed(database: DatabaseSync, key: Uint8Array, name: "header" | "end"): unknown {
  const read = database.prepare("SELECT value FROM meta WHERE name = ?");
  const text = read.get(name)?.value;
  if (typeof text !== "string") return null;
  const mac = String(read.get(`${name}.mac`)?.value ?? "");
  return sameHash(mac, seal(key, `segment ${name}`, text)) ? JSON.parse(text) : "forged";
}
