/** The statements that read one segment. */
import type { DatabaseSync, StatementSync } from "node:sqlite";
import type { JournalEvent } from "#server/contract/event.ts";
import type { ChainHash } from "#server/journal/adapters/chain.ts";
import { type Term, termsOf } from "#server/journal/domain/terms.ts";
import type { StreamStart } from "./segment-format.ts";

/** Where an event stands in the order of pages, and where its bytes are. */
export interface EventKey {
  readonly observedAt: number;
  readonly stream: string;
  readonly seq: number;
  readonly position: number;
}

/** The sorted events of one stream, kind, subject or term, narrowed, behind a position. */
export interface SliceQuery {
  readonly by: { readonly column: "stream" | "kind" | "subject" | "term"; readonly value: string };
  /** Empty = any. */
  readonly streams: readonly string[];
  readonly kinds: readonly string[];
  readonly subject: string | null;
  readonly term: Term | null;
  readonly from: number | null;
  readonly to: number | null;
  readonly behind: { readonly observedAt: number; readonly stream: string; readonly seq: number } | null;
  readonly newestFirst: boolean;
  readonly limit: number;
}

/** Events that follow on each other. */
export interface EventRun {
  readonly count: number;
  /** JSON of each, joined by commas: one text travels and is parsed faster than many. */
  readonly text: string;
}

/** So many of the largest size still fit one text. */
const RUN_EVENTS_MAX = 200;

export interface SegmentReads {
  /** Last number and time of every stream that has events in here. */
  heads(): readonly StreamStart[];
  streams(): readonly string[];
  /** JSON of an event as stored, `null` when it is not in here. */
  byId(stream: string, id: string): string | null;
  hashAt(position: number): ChainHash | null;
  /** The events of a stream with a number above `seq`, in order, at most `limit` and 200. */
  after(stream: string, seq: number, limit: number): EventRun;
  /** Number of the last event of a stream observed at an instant or before; `null` when there is none in here. */
  positionAt(stream: string, at: number): number | null;
  slice(query: SliceQuery): readonly EventKey[];
  textAt(position: number): string;
  observed(): { readonly first: number; readonly last: number } | null;
}

/** @param hasTerms whether the segment's format has a table of terms */
export function segmentReads(database: DatabaseSync, hasTerms: boolean): SegmentReads {
  const byId = database.prepare("SELECT bytes FROM events WHERE stream = ? AND id = ?");
  const hashAt = database.prepare("SELECT hash FROM events WHERE position = ?");
  const textAt = database.prepare("SELECT bytes FROM events WHERE position = ?");
  const after = database.prepare(
    `SELECT count(*) AS count, group_concat(CAST(bytes AS TEXT), ',' ORDER BY seq) AS text
       FROM (SELECT seq, bytes FROM events WHERE stream = ? AND seq > ? ORDER BY seq LIMIT ?)`,
  );
  const positionAt = database.prepare(
    "SELECT seq FROM events WHERE stream = ? AND observed_at <= ? ORDER BY observed_at DESC, seq DESC LIMIT 1",
  );
  const statements = new Map<string, StatementSync>();
  return {
    heads: () => headsOf(database),
    streams: () => streamsOf(database),
    observed: () => observedOf(database),
    byId(stream, id) {
      const row = byId.get(stream, id);
      return row === undefined ? null : textOf(row.bytes);
    },
    hashAt(position) {
      const hash = hashAt.get(position)?.hash;
      return hash instanceof Uint8Array ? Buffer.from(hash).toString("hex") : null;
    },
    textAt: (position) => textOf(textAt.get(position)?.bytes),
    after(stream, seq, limit) {
      const row = after.get(stream, seq, Math.min(limit, RUN_EVENTS_MAX));
      return { count: Number(row?.count ?? 0), text: String(row?.text ?? "") };
    },
    positionAt(stream, at) {
      const row = positionAt.get(stream, at);
      return row === undefined ? null : Number(row.seq);
    },
    slice(query) {
      if (query.term !== null && !hasTerms) return walkForTerm(database, query, query.term);
      const { text, values } = sliceStatement(query);
      const statement = statements.get(text) ?? database.prepare(text);
      statements.set(text, statement);
      return statement.all(...values).map(keyOf);
    },
  };
}

const keyOf = (row: Readonly<Record<string, unknown>>): EventKey => ({
  observedAt: Number(row.observed_at),
  stream: String(row.stream),
  seq: Number(row.seq),
  position: Number(row.position),
});

interface Statement {
  readonly text: string;
  readonly values: (string | number)[];
}

/**
 * Served by the index of its column, so the cost is that of the rows of this stream, kind, subject or term in the asked
 * time up to the limit. Only column names of this file go into the text; values are bound.
 */
function sliceStatement(query: SliceQuery): Statement {
  const order = query.newestFirst ? "DESC" : "ASC";
  const table = TABLES[query.by.column];
  const { conditions, values } = conditionsOf(query, query.by.column === "term" ? "events" : "placed");
  const text = `SELECT placed.observed_at, placed.stream, placed.seq, placed.position FROM ${table}
    WHERE ${conditions.join(" AND ")}
    ORDER BY placed.observed_at ${order}, placed.stream ${order}, placed.seq ${order} LIMIT ?`;
  return { text, values: [...values, query.limit] };
}

/** The index is named because SQLite would rather walk a whole stream in the right order than sort a few rows. */
const TABLES = {
  stream: "events AS placed INDEXED BY events_by_time",
  kind: "events AS placed INDEXED BY events_by_kind",
  subject: "events AS placed INDEXED BY events_by_subject",
  term: "terms AS placed CROSS JOIN events USING (position)",
} as const;

/** @param described the table that has kind and subject */
function conditionsOf(
  query: SliceQuery,
  described: "placed" | "events",
): { readonly conditions: readonly string[]; readonly values: readonly (string | number)[] } {
  const before = query.newestFirst ? "<" : ">";
  const conditions = [`placed.${query.by.column} = ?`];
  const values: (string | number)[] = [query.by.value];
  const narrow = (condition: string, ...bound: readonly (string | number)[]) => {
    conditions.push(condition);
    values.push(...bound);
  };
  if (query.streams.length > 0) narrow(`+placed.stream IN (${query.streams.map(() => "?").join()})`, ...query.streams);
  if (query.kinds.length > 0) narrow(`+${described}.kind IN (${query.kinds.map(() => "?").join()})`, ...query.kinds);
  if (query.subject !== null) narrow(`+${described}.subject = ?`, query.subject);
  if (query.from !== null) narrow("placed.observed_at >= ?", query.from);
  if (query.to !== null) narrow("placed.observed_at <= ?", query.to);
  if (query.behind !== null) {
    const { observedAt, stream, seq } = query.behind;
    narrow(`placed.observed_at ${before}= ?`, observedAt);
    narrow(`(placed.observed_at, placed.stream, placed.seq) ${before} (?, ?, ?)`, observedAt, stream, seq);
  }
  return { conditions, values };
}

/** Of a segment without a table of terms: reads every event in the order of the page, at most those of one segment. */
function walkForTerm(database: DatabaseSync, query: SliceQuery, term: Term): readonly EventKey[] {
  const order = query.newestFirst ? "DESC" : "ASC";
  const { conditions, values } = conditionsOf({ ...query, by: { column: "term", value: term } }, "placed");
  // The first condition is that of the table that is not here.
  const where = ["TRUE", ...conditions.slice(1)].join(" AND ");
  const text = `SELECT observed_at, stream, seq, position, bytes FROM events AS placed WHERE ${where}
    ORDER BY observed_at ${order}, stream ${order}, seq ${order}`;
  const found: EventKey[] = [];
  for (const row of database.prepare(text).iterate(...values.slice(1))) {
    if (!termsOf(JSON.parse(textOf(row.bytes)) as JournalEvent).includes(term)) continue;
    found.push(keyOf(row));
    if (found.length >= query.limit) break;
  }
  return found;
}

/** Jumps from name to name along the index, so the cost is that of the streams and not of the events. */
const STREAMS = `
  WITH RECURSIVE names (stream) AS (
    SELECT min(stream) FROM events
    UNION ALL
    SELECT (SELECT min(stream) FROM events WHERE events.stream > names.stream) FROM names WHERE names.stream IS NOT NULL
  )
  SELECT stream FROM names WHERE stream IS NOT NULL`;

const streamsOf = (database: DatabaseSync): readonly string[] =>
  database
    .prepare(STREAMS)
    .all()
    .map((row) => String(row.stream));

function headsOf(database: DatabaseSync): readonly StreamStart[] {
  const last = database.prepare("SELECT seq, observed_at FROM events WHERE stream = ? ORDER BY seq DESC LIMIT 1");
  return streamsOf(database).map((stream) => {
    const row = last.get(stream);
    return { stream, seq: Number(row?.seq), observedAt: Number(row?.observed_at) };
  });
}

function observedOf(database: DatabaseSync): { readonly first: number; readonly last: number } | null {
  const row = database.prepare("SELECT min(observed_at) AS first, max(observed_at) AS last FROM events").get();
  if (row === undefined || row.first === null) return null;
  return { first: Number(row.first), last: Number(row.last) };
}

/** The stored bytes of an event as text. */
export function textOf(bytes: unknown): string {
  if (!(bytes instanceof Uint8Array)) throw new TypeError("An event of the journal has no bytes");
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("utf8");
}
