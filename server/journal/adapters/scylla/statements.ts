/** Every statement of the journal, with its values. Texts are fixed, so that each is prepared once. */
import type { types } from "cassandra-driver";
import type { Statement } from "./cql.ts";
import { quoteKeyspace } from "./schema.ts";

export type Statements = ReturnType<typeof statementsOn>;

/** Where a writer stands in a partition: its writes are taken only while the partition says the same. */
export interface Token {
  readonly epoch: number;
  /** Moved on whenever the outcome of a write is not known, so that it cannot be applied any more. */
  readonly turn: number;
}

/** The statics of a segment. */
export interface SegmentFacts extends Token {
  readonly segment: number;
  readonly closed: boolean;
  readonly startSeq: number;
  readonly startHash: string;
  readonly lastSeq: number;
  readonly lastHash: string;
  /** Epoch ms; `null` while it is empty. */
  readonly firstObservedAt: number | null;
  /** Of the last event of the stream, here or before; 0 before its first. */
  readonly lastObservedAt: number;
  /** Bytes of its events. */
  readonly size: number;
}

export interface StoredEvent {
  readonly seq: number;
  readonly observedAt: number;
  readonly bytes: Uint8Array;
  readonly hash: string;
}

export interface Mark {
  readonly seq: number;
  readonly hash: string;
  /** Epoch ms, or 0. */
  readonly at: number;
  readonly mac: string;
}

export type MarkName = "head" | "kept" | "indexed";

const big = (value: number): bigint => BigInt(value);

/** @param keyspaceName as the database spells it */
export function statementsOn(keyspaceName: string) {
  const ks = quoteKeyspace(keyspaceName);
  const say = (query: string, ...params: readonly unknown[]): Statement => ({ query, params });
  const facts =
    "segment, epoch, turn, closed, start_seq, start_hash, last_seq, last_hash, first_observed_at, last_observed_at, size";
  return {
    journal: () => say(`SELECT id, format, key_check FROM ${ks}.journal WHERE name = 'journal'`),
    foundJournal: (id: string, format: number, keyCheck: string) =>
      say(
        `INSERT INTO ${ks}.journal (name, id, format, key_check) VALUES ('journal', ?, ?, ?) IF NOT EXISTS`,
        id,
        format,
        keyCheck,
      ),

    lease: () => say(`SELECT epoch, owner, holder, beat FROM ${ks}.lease WHERE name = 'writer'`),
    firstLease: (owner: string, holder: string) =>
      say(
        `INSERT INTO ${ks}.lease (name, epoch, owner, holder, beat) VALUES ('writer', 1, ?, ?, 0) IF NOT EXISTS`,
        owner,
        holder,
      ),
    takeLease: (seen: { readonly epoch: number; readonly beat: number }, owner: string, holder: string) =>
      say(
        `UPDATE ${ks}.lease SET epoch = ?, owner = ?, holder = ?, beat = 0 WHERE name = 'writer' IF epoch = ? AND beat = ?`,
        big(seen.epoch + 1),
        owner,
        holder,
        big(seen.epoch),
        big(seen.beat),
      ),
    beatLease: (epoch: number, beat: number) =>
      say(`UPDATE ${ks}.lease SET beat = ? WHERE name = 'writer' IF epoch = ?`, big(beat), big(epoch)),
    leaveLease: (epoch: number) =>
      say(`UPDATE ${ks}.lease SET owner = null, holder = null WHERE name = 'writer' IF epoch = ?`, big(epoch)),

    names: (kind: string) => say(`SELECT name, epoch, digest FROM ${ks}.registry WHERE kind = ?`, kind),
    fenceNames: (kind: string, epoch: number, seen: number | null) =>
      say(
        `UPDATE ${ks}.registry SET epoch = ? WHERE kind = ? IF epoch = ?`,
        big(epoch),
        kind,
        seen === null ? null : big(seen),
      ),
    addName: (
      kind: string,
      name: string,
      { epoch, seen, digest }: { readonly epoch: number; readonly seen: string | null; readonly digest: string },
    ): readonly Statement[] => [
      say(
        `UPDATE ${ks}.registry SET digest = ? WHERE kind = ? IF epoch = ? AND digest = ?`,
        digest,
        kind,
        big(epoch),
        seen,
      ),
      say(`INSERT INTO ${ks}.registry (kind, name) VALUES (?, ?)`, kind, name),
    ],

    directory: (stream: string, from: number) =>
      say(
        `SELECT segment, start_seq, last_seq, last_observed_at, bytes FROM ${ks}.segments WHERE stream = ? AND segment >= ?`,
        stream,
        big(from),
      ),
    listSegment: (stream: string, segment: number, startSeq: number) =>
      say(
        `INSERT INTO ${ks}.segments (stream, segment, start_seq) VALUES (?, ?, ?)`,
        stream,
        big(segment),
        big(startSeq),
      ),
    listClosed: (stream: string, { segment, startSeq, lastSeq, lastObservedAt, size }: SegmentFacts) =>
      say(
        `INSERT INTO ${ks}.segments (stream, segment, start_seq, last_seq, last_observed_at, bytes) VALUES (?, ?, ?, ?, ?, ?)`,
        stream,
        big(segment),
        big(startSeq),
        big(lastSeq),
        big(lastObservedAt),
        big(size),
      ),
    unlistSegment: (stream: string, segment: number) =>
      say(`DELETE FROM ${ks}.segments WHERE stream = ? AND segment = ?`, stream, big(segment)),

    segment: (stream: string, segment: number) =>
      say(`SELECT ${facts} FROM ${ks}.events WHERE stream = ? AND segment = ? LIMIT 1`, stream, big(segment)),
    openSegment: (stream: string, facts: SegmentFacts) =>
      say(
        `UPDATE ${ks}.events SET epoch = ?, turn = 0, closed = false, start_seq = ?, start_hash = ?, last_seq = ?,
         last_hash = ?, last_observed_at = ?, size = 0 WHERE stream = ? AND segment = ? IF epoch = null`,
        big(facts.epoch),
        big(facts.startSeq),
        facts.startHash,
        big(facts.startSeq),
        facts.startHash,
        big(facts.lastObservedAt),
        stream,
        big(facts.segment),
      ),
    fenceSegment: (stream: string, { segment, epoch, turn, lastSeq }: SegmentFacts, next: Token) =>
      say(
        `UPDATE ${ks}.events SET epoch = ?, turn = ? WHERE stream = ? AND segment = ?
         IF epoch = ? AND turn = ? AND last_seq = ? AND closed = false`,
        big(next.epoch),
        big(next.turn),
        stream,
        big(segment),
        big(epoch),
        big(turn),
        big(lastSeq),
      ),
    closeSegment: (stream: string, { segment, epoch, turn, lastSeq }: SegmentFacts) =>
      say(
        `UPDATE ${ks}.events SET closed = true, turn = -1 WHERE stream = ? AND segment = ?
         IF epoch = ? AND turn = ? AND last_seq = ?`,
        stream,
        big(segment),
        big(epoch),
        big(turn),
        big(lastSeq),
      ),
    /** The journal's one way to add events: the statics, under the condition of the token, and the rows. */
    append: (stream: string, before: SegmentFacts, after: SegmentFacts, events: readonly StoredEvent[]) => [
      say(
        `UPDATE ${ks}.events SET last_seq = ?, last_hash = ?, first_observed_at = ?, last_observed_at = ?, size = ?
         WHERE stream = ? AND segment = ? IF epoch = ? AND turn = ? AND last_seq = ?`,
        big(after.lastSeq),
        after.lastHash,
        big(after.firstObservedAt ?? after.lastObservedAt),
        big(after.lastObservedAt),
        big(after.size),
        stream,
        big(before.segment),
        big(before.epoch),
        big(before.turn),
        big(before.lastSeq),
      ),
      ...events.map(({ seq, observedAt, bytes, hash }) =>
        say(
          `INSERT INTO ${ks}.events (stream, segment, seq, observed_at, bytes, hash) VALUES (?, ?, ?, ?, ?, ?)`,
          stream,
          big(before.segment),
          big(seq),
          big(observedAt),
          bytes,
          hash,
        ),
      ),
    ],
    /** Events of a segment, numbers from `after` (exclusive) to `to` (inclusive). */
    events: (
      stream: string,
      segment: number,
      {
        after,
        to,
        limit,
        isReversed = false,
      }: {
        readonly after: number;
        readonly to: number;
        readonly limit: number;
        readonly isReversed?: boolean;
      },
    ) =>
      say(
        `SELECT seq, observed_at, bytes, hash FROM ${ks}.events WHERE stream = ? AND segment = ? AND seq > ? AND seq <= ?
         ORDER BY seq ${isReversed ? "DESC" : "ASC"} LIMIT ?`,
        stream,
        big(segment),
        big(after),
        big(to),
        limit,
      ),
    eventsAt: (stream: string, segment: number, seqs: readonly number[]) =>
      say(
        `SELECT seq, observed_at, bytes, hash FROM ${ks}.events WHERE stream = ? AND segment = ? AND seq IN ?`,
        stream,
        big(segment),
        seqs.map(big),
      ),
    timesAt: (stream: string, segment: number, seqs: readonly number[]) =>
      say(
        `SELECT seq, observed_at FROM ${ks}.events WHERE stream = ? AND segment = ? AND seq IN ?`,
        stream,
        big(segment),
        seqs.map(big),
      ),

    dropEvents: (stream: string, segment: number) =>
      say(`DELETE FROM ${ks}.events WHERE stream = ? AND segment = ? AND seq >= 0`, stream, big(segment)),

    addLookup: (stream: string, term: string, seq: number, segment: number) =>
      say(
        `INSERT INTO ${ks}.lookup (stream, term, seq, segment) VALUES (?, ?, ?, ?)`,
        stream,
        term,
        big(seq),
        big(segment),
      ),
    lookup: (
      stream: string,
      term: string,
      {
        after,
        to,
        limit,
        isReversed,
      }: {
        readonly after: number;
        readonly to: number;
        readonly limit: number;
        readonly isReversed: boolean;
      },
    ) =>
      say(
        `SELECT seq, segment FROM ${ks}.lookup WHERE stream = ? AND term = ? AND seq > ? AND seq <= ?
         ORDER BY seq ${isReversed ? "DESC" : "ASC"} LIMIT ?`,
        stream,
        term,
        big(after),
        big(to),
        limit,
      ),
    dropLookup: (stream: string, term: string, upTo: number) =>
      say(`DELETE FROM ${ks}.lookup WHERE stream = ? AND term = ? AND seq <= ?`, stream, term, big(upTo)),

    marks: (stream: string) => say(`SELECT name, seq, hash, at, mac FROM ${ks}.marks WHERE stream = ?`, stream),
    setMark: (stream: string, name: MarkName, { seq, hash, at, mac }: Mark) =>
      say(
        `INSERT INTO ${ks}.marks (stream, name, seq, hash, at, mac) VALUES (?, ?, ?, ?, ?, ?)`,
        stream,
        name,
        big(seq),
        hash,
        big(at),
        mac,
      ),

    /** What retention has dropped only ever grows, though a writer that slept tells it late. */
    firstKept: (stream: string, { seq, hash, at, mac }: Mark) =>
      say(
        `INSERT INTO ${ks}.marks (stream, name, seq, hash, at, mac) VALUES (?, 'kept', ?, ?, ?, ?) IF NOT EXISTS`,
        stream,
        big(seq),
        hash,
        big(at),
        mac,
      ),
    moveKept: (stream: string, { seq, hash, at, mac }: Mark) =>
      say(
        `UPDATE ${ks}.marks SET seq = ?, hash = ?, at = ?, mac = ? WHERE stream = ? AND name = 'kept' IF seq < ?`,
        big(seq),
        hash,
        big(at),
        mac,
        stream,
        big(seq),
      ),

    snapshots: (stream: string, foldVersion: number, upTo: number, limit: number) =>
      say(
        `SELECT seq, chunks, bytes, mac FROM ${ks}.snapshots WHERE stream = ? AND fold_version = ? AND seq <= ?
         ORDER BY seq DESC LIMIT ?`,
        stream,
        foldVersion,
        big(upTo),
        limit,
      ),
    addSnapshot: (
      stream: string,
      foldVersion: number,
      {
        seq,
        chunks,
        bytes,
        mac,
      }: {
        readonly seq: number;
        readonly chunks: number;
        readonly bytes: number;
        readonly mac: string;
      },
    ) =>
      say(
        `INSERT INTO ${ks}.snapshots (stream, fold_version, seq, chunks, bytes, mac) VALUES (?, ?, ?, ?, ?, ?)`,
        stream,
        foldVersion,
        big(seq),
        chunks,
        big(bytes),
        mac,
      ),
    dropSnapshot: (stream: string, foldVersion: number, seq: number) =>
      say(
        `DELETE FROM ${ks}.snapshots WHERE stream = ? AND fold_version = ? AND seq = ?`,
        stream,
        foldVersion,
        big(seq),
      ),
    chunk: (stream: string, foldVersion: number, seq: number, chunk: number) =>
      say(
        `SELECT data FROM ${ks}.snapshot_chunks WHERE stream = ? AND fold_version = ? AND seq = ? AND chunk = ?`,
        stream,
        foldVersion,
        big(seq),
        chunk,
      ),
    addChunk: (stream: string, foldVersion: number, seq: number, chunk: number, data: Uint8Array) =>
      say(
        `INSERT INTO ${ks}.snapshot_chunks (stream, fold_version, seq, chunk, data) VALUES (?, ?, ?, ?, ?)`,
        stream,
        foldVersion,
        big(seq),
        chunk,
        data,
      ),
    dropChunk: (stream: string, foldVersion: number, seq: number, chunk: number) =>
      say(
        `DELETE FROM ${ks}.snapshot_chunks WHERE stream = ? AND fold_version = ? AND seq = ? AND chunk = ?`,
        stream,
        foldVersion,
        big(seq),
        chunk,
      ),

    stateToken: (namespace: string) =>
      say(`SELECT epoch, turn FROM ${ks}.state WHERE namespace = ? LIMIT 1`, namespace),
    fenceState: (namespace: string, seen: Token | null, next: Token) =>
      say(
        `UPDATE ${ks}.state SET epoch = ?, turn = ? WHERE namespace = ? IF epoch = ? AND turn = ?`,
        big(next.epoch),
        big(next.turn),
        namespace,
        seen === null ? null : big(seen.epoch),
        seen === null ? null : big(seen.turn),
      ),
    putState: (
      namespace: string,
      token: Token,
      entries: readonly { readonly key: string; readonly value: string | null }[],
    ): readonly Statement[] => [
      say(
        `UPDATE ${ks}.state SET turn = ? WHERE namespace = ? IF epoch = ? AND turn = ?`,
        big(token.turn + 1),
        namespace,
        big(token.epoch),
        big(token.turn),
      ),
      ...entries.map(({ key, value }) =>
        value === null
          ? say(`DELETE FROM ${ks}.state WHERE namespace = ? AND key = ?`, namespace, key)
          : say(`INSERT INTO ${ks}.state (namespace, key, value) VALUES (?, ?, ?)`, namespace, key, value),
      ),
    ],
    stateValue: (namespace: string, key: string) =>
      say(`SELECT value FROM ${ks}.state WHERE namespace = ? AND key = ?`, namespace, key),
    statePage: (namespace: string, after: string | null, limit: number) =>
      after === null
        ? say(`SELECT key, value FROM ${ks}.state WHERE namespace = ? LIMIT ?`, namespace, limit)
        : say(`SELECT key, value FROM ${ks}.state WHERE namespace = ? AND key > ? LIMIT ?`, namespace, after, limit),
  };
}

/** A number of a bigint or int column; 0 when the cell is empty. */
export const numberIn = (row: types.Row, column: string): number => Number(row[column] ?? 0);

export const textIn = (row: types.Row, column: string): string => String(row[column] ?? "");

export function eventIn(row: types.Row): StoredEvent {
  const bytes: unknown = row.bytes;
  return {
    seq: numberIn(row, "seq"),
    observedAt: numberIn(row, "observed_at"),
    bytes: bytes instanceof Uint8Array ? bytes : new Uint8Array(),
    hash: textIn(row, "hash"),
  };
}

/** `null` for a segment that nobody has opened. */
export function factsIn(row: types.Row | undefined): SegmentFacts | null {
  if (row === undefined || row.epoch === null || row.epoch === undefined) return null;
  const first: unknown = row.first_observed_at;
  return {
    segment: numberIn(row, "segment"),
    epoch: numberIn(row, "epoch"),
    turn: numberIn(row, "turn"),
    closed: row.closed === true,
    startSeq: numberIn(row, "start_seq"),
    startHash: textIn(row, "start_hash"),
    lastSeq: numberIn(row, "last_seq"),
    lastHash: textIn(row, "last_hash"),
    firstObservedAt: first === null || first === undefined ? null : Number(first),
    lastObservedAt: numberIn(row, "last_observed_at"),
    size: numberIn(row, "size"),
  };
}
