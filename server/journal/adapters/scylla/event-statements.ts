/** Statements about events, their segments and their index. */
import type { SegmentFacts, StoredEvent, Token } from "./rows.ts";
import { big, say } from "./say.ts";

/** @param ks the keyspace, quoted */
export function eventStatements(ks: string) {
  const facts =
    "segment, epoch, turn, closed, start_seq, start_hash, last_seq, last_hash, first_observed_at, last_observed_at, size";
  return {
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
  };
}
