/** Statements about what is noted beside the events: marks and snapshots. */
import type { Mark, MarkName } from "./rows.ts";
import { big, say } from "./say.ts";

/** @param ks the keyspace, quoted */
export function noteStatements(ks: string) {
  return {
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
  };
}
