/** The journal's rows as values. */
import type { types } from "cassandra-driver";

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
