/** One segment file: made, appended to, sealed. Knows nothing of other segments. */
import { chmodSync, statSync } from "node:fs";
import { join } from "node:path";
import type { DatabaseSync } from "node:sqlite";
import { type ChainHash, nextHash } from "#server/journal/adapters/chain.ts";
import type { Term } from "#server/journal/domain/terms.ts";
import { messageOf, OpsError } from "#server/kernel/errors.ts";
import { inTransaction, openReadOnly, openWritable } from "./database.ts";
import {
  readEnd,
  readHeader,
  readStarts,
  SEGMENT_FORMAT_VERSION,
  SEGMENT_SCHEMA,
  type SegmentEnd,
  type SegmentHeader,
  type StreamStart,
  segmentFileName,
  segmentFormatOf,
  TERMS_SINCE_FORMAT,
  writeEnd,
  writeHeader,
} from "./segment-format.ts";
import { type SegmentReads, segmentReads } from "./segment-reads.ts";

/** An event ready to be stored: the columns by which it is found, and its JSON. */
export interface EventRow {
  readonly stream: string;
  readonly seq: number;
  readonly id: string;
  readonly kind: string;
  readonly subject: string;
  readonly observedAt: number;
  readonly terms: readonly Term[];
  readonly text: string;
}

/** The last event of a chain, or what comes before its first. */
export interface Tail {
  readonly position: number;
  readonly hash: ChainHash;
}

export interface Segment extends SegmentReads {
  readonly fileName: string;
  readonly format: number;
  readonly header: SegmentHeader;
  readonly starts: readonly StreamStart[];
  end(): SegmentEnd | null;
  tail(): Tail;
  /** Adds rows in one fsynced transaction, all or none. */
  append(rows: readonly EventRow[]): Tail;
  /**
   * Ends it for ever and makes the file read-only. While somebody else reads the file (a verification) only the first is
   * done: the rest is made good when the journal is opened next. May be repeated.
   */
  seal(): void;
  close(): void;
}

export interface SegmentOptions {
  readonly directory: string;
  readonly key: Uint8Array;
  /** Bound of a file; an append beyond it fails as on a full disk. */
  readonly fileBytesMax: number | null;
}

/** Makes the next segment of a chain, complete or not at all. */
export function createSegment(options: SegmentOptions, header: SegmentHeader, starts: readonly StreamStart[]): Segment {
  const fileName = segmentFileName(header.chain, header.number);
  const database = openWritable(join(options.directory, fileName), "every-commit", options.fileBytesMax);
  if (segmentFormatOf(database) === 0) {
    inTransaction(database, () => {
      database.exec(SEGMENT_SCHEMA);
      const insert = database.prepare("INSERT INTO starts (stream, seq, observed_at) VALUES (?, ?, ?)");
      for (const start of starts) insert.run(start.stream, start.seq, start.observedAt);
      writeHeader(database, options.key, header);
    });
  }
  return segmentOf(database, fileName, options);
}

/**
 * Opens a segment, for reading only when it is sealed. One that was never completed (a crash while it was made) is
 * `null`.
 *
 * @throws OpsError `refused` when its header was not written with the journal's key or its format is newer
 */
export function openSegment(options: SegmentOptions, fileName: string): Segment | null {
  const file = join(options.directory, fileName);
  const sealed = (statSync(file).mode & 0o222) === 0;
  const database = sealed ? openReadOnly(file) : openWritable(file, "every-commit", options.fileBytesMax);
  if (segmentFormatOf(database) > 0) return segmentOf(database, fileName, options);
  database.close();
  return null;
}

function segmentOf(database: DatabaseSync, fileName: string, options: SegmentOptions): Segment {
  const header = readHeader(database, options.key);
  const ended = readEnd(database, options.key);
  if (header === null || header === "forged" || ended === "forged") {
    database.close();
    throw new OpsError("refused", `The journal's segment ${fileName} was not written with the journal's key`);
  }
  const format = segmentFormatOf(database);
  return {
    fileName,
    format,
    header,
    starts: readStarts(database),
    ...segmentReads(database, format >= TERMS_SINCE_FORMAT),
    ...segmentWrites(database, { format, header, ended, options, file: join(options.directory, fileName) }),
    close: () => database.close(),
  };
}

interface Opened {
  readonly format: number;
  readonly header: SegmentHeader;
  readonly ended: SegmentEnd | null;
  readonly options: SegmentOptions;
  readonly file: string;
}

function segmentWrites(
  database: DatabaseSync,
  { format, header, ended, options, file }: Opened,
): Pick<Segment, "end" | "tail" | "append" | "seal"> {
  let end = ended;
  let tail = end === null ? readTail(database, header) : { position: end.endPosition, hash: end.endHash };
  const insert = `INSERT INTO events (position, stream, seq, id, kind, subject, observed_at, bytes, hash)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`;
  // A segment of an older format is sealed when the journal is opened.
  const isOpen = end === null && format === SEGMENT_FORMAT_VERSION;
  const statement = isOpen ? database.prepare(insert) : null;
  const insertTerm = isOpen
    ? database.prepare("INSERT INTO terms (term, observed_at, stream, seq, position) VALUES (?, ?, ?, ?, ?)")
    : null;
  return {
    end: () => end,
    tail: () => tail,
    append(rows) {
      if (statement === null || insertTerm === null || end !== null)
        throw new OpsError("refused", "A sealed segment takes no more events");
      let { position, hash } = tail;
      inTransaction(database, () => {
        for (const { stream, seq, id, kind, subject, observedAt, terms, text } of rows) {
          const bytes = Buffer.from(text, "utf8");
          position += 1;
          hash = nextHash(options.key, hash, bytes);
          statement.run(position, stream, seq, id, kind, subject, observedAt, bytes, Buffer.from(hash, "hex"));
          for (const term of terms) insertTerm.run(term, observedAt, stream, seq, position);
        }
      });
      tail = { position, hash };
      return tail;
    },
    seal() {
      end ??= writeEndOf(database, { header, tail, key: options.key });
      if (leaveWal(database)) chmodSync(file, 0o444);
    },
  };
}

/** False when another connection has the file open. */
function leaveWal(database: DatabaseSync): boolean {
  try {
    database.exec("PRAGMA busy_timeout = 0; PRAGMA wal_checkpoint(TRUNCATE);");
    return database.prepare("PRAGMA journal_mode = DELETE").get()?.journal_mode === "delete";
  } catch (cause) {
    if (messageOf(cause).includes("locked")) return false;
    throw cause;
  }
}

function writeEndOf(
  database: DatabaseSync,
  { header, tail, key }: { readonly header: SegmentHeader; readonly tail: Tail; readonly key: Uint8Array },
): SegmentEnd {
  const observed = segmentReads(database, false).observed() ?? { first: header.openedAt, last: header.openedAt };
  const end: SegmentEnd = {
    endPosition: tail.position,
    endHash: tail.hash,
    firstObservedAt: observed.first,
    lastObservedAt: observed.last,
  };
  inTransaction(database, () => writeEnd(database, key, end));
  return end;
}

function readTail(database: DatabaseSync, header: SegmentHeader): Tail {
  const row = database.prepare("SELECT position, hash FROM events ORDER BY position DESC LIMIT 1").get();
  const hash = row?.hash;
  if (!(hash instanceof Uint8Array)) return { position: header.startPosition - 1, hash: header.startHash };
  return { position: Number(row?.position), hash: Buffer.from(hash).toString("hex") };
}
