/** A page of the journal by time, over all streams: each stream gives its events in order, and they are merged. */
import type { JournalEvent, StreamName } from "#server/contract/event.ts";
import { encodeRangeCursor, parseRangeCursor, type RangePosition } from "#server/journal/codec/range-cursor.ts";
import { type Term, termsOf } from "#server/journal/domain/terms.ts";
import type { RangePage, RangeQuery } from "#server/journal/ports.ts";
import { type EpochMs, epochMs } from "#server/kernel/clock.ts";
import { OpsError } from "#server/kernel/errors.ts";
import type { Directory } from "./directory.ts";
import { eventsBetween, positionAt, TAIL_EVENTS_MAX } from "./event-reads.ts";
import { kindTerm, ownTerm, parseEvent, subjectTerm } from "./lookup.ts";
import { keptAfterOf, type Marks, readMarks } from "./marks.ts";
import { readNames } from "./registry.ts";
import { eventIn, numberIn } from "./rows.ts";
import { mapOf, type Store } from "./store.ts";

const RANGE_LIMIT_MAX = 1_000;
const FILTER_VALUES_MAX = 100;
const STREAMS_AT_ONCE = 16;
/** Events a stream gives at once: few at first, because most streams give few of a page. */
const FIRST_CHUNK = 100;
const CHUNK = 500;
const SEQ_MAX = Number.MAX_SAFE_INTEGER;

/** Numbers of a stream that a page may hold, and what is known of the stream. */
interface Window {
  readonly stream: StreamName;
  /** Exclusive. */
  readonly after: number;
  /** Inclusive. */
  readonly to: number;
  readonly marks: Marks;
}

/** @throws OpsError `invalid-input` for a cursor that is none, a limit or a filter out of bounds */
export async function readRange(store: Store, directory: Directory, query: RangeQuery): Promise<RangePage> {
  const behind = checked(query);
  const asked = query.streams.length > 0 ? [...new Set(query.streams)] : (await readNames(store, "stream")).names;
  const windows = await mapOf(asked, STREAMS_AT_ONCE, (stream) => windowOf(store, directory, stream, query, behind));
  const sources = windows.flatMap((window) => sourcesOf(store, directory, window, query));
  const compare = query.newestFirst ? newestFirst : oldestFirst;
  const found = await merged(sources, compare, query.limit + 1);
  const page = found.slice(0, query.limit);
  const last = page.at(-1);
  const horizons = windows.flatMap(({ marks: { kept } }) => (kept === null || kept === "forged" ? [] : [kept.at]));
  return {
    events: page,
    nextCursor: found.length > query.limit && last !== undefined ? encodeRangeCursor(last) : null,
    horizon: horizons.length === 0 ? null : epochMs(Math.max(...horizons)),
  };
}

function checked(query: RangeQuery): RangePosition | null {
  if (!Number.isInteger(query.limit) || query.limit < 1 || query.limit > RANGE_LIMIT_MAX)
    throw new OpsError("invalid-input", `A page has 1 to ${RANGE_LIMIT_MAX} events`);
  if (query.streams.length > FILTER_VALUES_MAX || query.kinds.length > FILTER_VALUES_MAX)
    throw new OpsError("invalid-input", `A filter has at most ${FILTER_VALUES_MAX} values`);
  const behind = query.cursor === null ? null : parseRangeCursor(query.cursor);
  if (query.cursor !== null && behind === null)
    throw new OpsError("invalid-input", "The cursor is not one of this list");
  return behind;
}

/** Time follows number in a stream, so bounds of time are bounds of numbers. */
async function windowOf(
  store: Store,
  directory: Directory,
  stream: StreamName,
  { from, to, newestFirst: isReversed }: RangeQuery,
  behind: RangePosition | null,
): Promise<Window> {
  const upTo = (at: EpochMs | number) => positionAt(store, directory, stream, at);
  const marks = await readMarks(store, stream);
  let low = keptAfterOf(marks);
  let high = SEQ_MAX;
  if (from !== null) low = Math.max(low, await upTo(from - 1));
  if (to !== null) high = await upTo(to);
  if (behind !== null) {
    const edge = await edgeOf(stream, behind, isReversed, upTo);
    if (isReversed) high = Math.min(high, edge);
    else low = Math.max(low, edge);
  }
  return { stream, after: low, to: high, marks };
}

/** The last number of the stream that comes before the cursor, or, reversed, that is still to come. */
async function edgeOf(
  stream: StreamName,
  behind: RangePosition,
  isReversed: boolean,
  upTo: (at: number) => Promise<number>,
): Promise<number> {
  if (stream === behind.stream) return Number(behind.seq) - (isReversed ? 1 : 0);
  const isBefore = inBytes(stream, behind.stream) < 0;
  return upTo(isBefore ? behind.observedAt : behind.observedAt - 1);
}

/** Gives events in the order of the page, a chunk at a time; an empty one is the end. */
interface Source {
  next(count: number): Promise<readonly JournalEvent[]>;
}

/** By the narrowest index that fits; what is not in it yet is looked through. */
function sourcesOf(store: Store, directory: Directory, window: Window, query: RangeQuery): readonly Source[] {
  if (window.after >= window.to) return [];
  const terms = termsFor(query);
  const fits = predicateOf(query);
  if (terms === null) return [scanSource(store, directory, { ...window, isReversed: query.newestFirst, fits })];
  const indexed = Math.min(window.to, Math.max(window.after, window.marks.indexedSeq));
  const byIndex = terms.map((term) =>
    indexSource(store, { ...window, to: indexed, isReversed: query.newestFirst, fits }, term),
  );
  const tail = { ...window, after: indexed, isReversed: query.newestFirst, fits, eventsMax: TAIL_EVENTS_MAX };
  return [...byIndex, scanSource(store, directory, tail)];
}

function termsFor({ term, subject, kinds }: RangeQuery): readonly Term[] | null {
  if (term !== undefined) return [ownTerm(term)];
  if (subject !== null) return [subjectTerm(subject)];
  return kinds.length > 0 ? [...new Set(kinds)].map(kindTerm) : null;
}

function predicateOf({ term, subject, kinds }: RangeQuery): (event: JournalEvent) => boolean {
  const wanted = new Set<string>(kinds);
  return (event) =>
    (subject === null || event.subject === subject) &&
    (wanted.size === 0 || wanted.has(event.kind)) &&
    (term === undefined || termsOf(event).includes(term));
}

interface SourceArgs extends Window {
  readonly isReversed: boolean;
  readonly fits: (event: JournalEvent) => boolean;
  readonly eventsMax?: number;
}

function scanSource(store: Store, directory: Directory, args: SourceArgs): Source {
  const { stream, isReversed, fits } = args;
  let { after, to } = args;
  let looked = 0;
  return {
    async next(count) {
      for (;;) {
        const found = await eventsBetween(store, directory, stream, { after, to, limit: count, isReversed });
        const last = found.at(-1)?.seq;
        if (last === undefined) return [];
        if (isReversed) to = last - 1;
        else after = last;
        looked += found.length;
        if (args.eventsMax !== undefined && looked > args.eventsMax)
          throw new OpsError("journal-unavailable", `The index of ${stream} is being made: ask again in a while`);
        const events = found.map(({ bytes }) => parseEvent(bytes)).filter(fits);
        if (events.length > 0) return events;
      }
    },
  };
}

function indexSource(store: Store, args: SourceArgs, term: Term): Source {
  const { stream, isReversed, fits } = args;
  let { after, to } = args;
  return {
    async next(count) {
      for (;;) {
        if (after >= to) return [];
        const bounds = { after, to, limit: count, isReversed };
        const rows = await store.cql.read(store.statements.lookup(stream, term, bounds));
        const hits = rows.map((row) => ({ seq: numberIn(row, "seq"), segment: numberIn(row, "segment") }));
        const last = hits.at(-1)?.seq;
        if (last === undefined) return [];
        if (isReversed) to = last - 1;
        else after = last;
        const events = (await eventsOf(store, stream, hits)).filter(fits);
        if (events.length > 0) return events.sort(isReversed ? newestFirst : oldestFirst);
      }
    },
  };
}

/** What was dropped since the index was read is left out. */
async function eventsOf(
  { cql, statements }: Store,
  stream: StreamName,
  hits: readonly { readonly seq: number; readonly segment: number }[],
): Promise<JournalEvent[]> {
  const bySegment = new Map<number, number[]>();
  for (const { seq, segment } of hits) bySegment.set(segment, [...(bySegment.get(segment) ?? []), seq]);
  const groups = [...bySegment].flatMap(([segment, seqs]) =>
    Array.from({ length: Math.ceil(seqs.length / FIRST_CHUNK) }, (_, n) => ({
      segment,
      seqs: seqs.slice(n * FIRST_CHUNK, (n + 1) * FIRST_CHUNK),
    })),
  );
  const rows = await mapOf(groups, STREAMS_AT_ONCE, ({ segment, seqs }) =>
    cql.read(statements.eventsAt(stream, segment, seqs)),
  );
  return rows.flat().map((row) => parseEvent(eventIn(row).bytes));
}

async function merged(
  sources: readonly Source[],
  compare: (a: Placed, b: Placed) => number,
  count: number,
): Promise<readonly JournalEvent[]> {
  const chunk = Math.min(count, FIRST_CHUNK);
  const heads = await mapOf(sources, STREAMS_AT_ONCE, async (source) => ({
    source,
    events: [...(await source.next(chunk))],
    position: 0,
  }));
  const found: JournalEvent[] = [];
  while (found.length < count) {
    let best: (typeof heads)[number] | null = null;
    for (const head of heads) {
      const event = head.events[head.position];
      const other = best?.events[best.position];
      if (event !== undefined && (other === undefined || compare(event, other) < 0)) best = head;
    }
    const event = best?.events[best.position];
    if (best === null || event === undefined) break;
    found.push(event);
    best.position += 1;
    if (best.position < best.events.length) continue;
    best.events = [...(await best.source.next(CHUNK))];
    best.position = 0;
  }
  return found;
}

type Placed = Pick<JournalEvent, "observedAt" | "stream" | "seq">;

function oldestFirst(a: Placed, b: Placed): number {
  if (a.observedAt !== b.observedAt) return a.observedAt - b.observedAt;
  if (a.stream !== b.stream) return inBytes(a.stream, b.stream);
  return Number(a.seq) - Number(b.seq);
}

const newestFirst = (a: Placed, b: Placed): number => oldestFirst(b, a);

const inBytes = (a: string, b: string): number => Buffer.compare(Buffer.from(a), Buffer.from(b));
