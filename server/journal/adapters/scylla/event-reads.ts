/** Events of one stream by their numbers, over all its segments. */
import type { JournalEvent } from "#server/contract/event.ts";
import { OpsError } from "#server/kernel/errors.ts";
import type { Directory, ListedSegment } from "./directory.ts";
import { idTerm, parseEvent } from "./lookup.ts";
import { keptAfterOf, readMarks } from "./marks.ts";
import { eventIn, numberIn, type StoredEvent } from "./rows.ts";
import type { Store } from "./store.ts";

const PAGE_EVENTS = 1_000;
/** Numbers asked for at once in the search for an instant: four rounds for a segment. */
const PROBES = 16;

export interface PlacedEvent extends StoredEvent {
  readonly segment: number;
}

export interface Bounds {
  /** Exclusive. */
  readonly after: number;
  /** Inclusive. */
  readonly to: number;
  readonly limit: number;
  /** From the newest on. */
  readonly isReversed?: boolean;
}

/** What there is between two numbers, in order, at most `limit`. */
export async function eventsBetween(
  { cql, statements }: Store,
  directory: Directory,
  stream: string,
  { after, to, limit, isReversed = false }: Bounds,
): Promise<readonly PlacedEvent[]> {
  const listed = (await directory.list(stream)).filter((segment) => overlaps(segment, after, to));
  const found: PlacedEvent[] = [];
  for (const { segment, startSeq, end } of isReversed ? listed.toReversed() : listed) {
    let low = Math.max(after, startSeq);
    let high = Math.min(to, end?.lastSeq ?? to);
    while (found.length < limit && low < high) {
      const page = Math.min(PAGE_EVENTS, limit - found.length);
      const rows = await cql.read(
        statements.events(stream, segment, { after: low, to: high, limit: page, isReversed }),
      );
      for (const row of rows) found.push({ ...eventIn(row), segment });
      const last = found.at(-1)?.seq;
      if (rows.length < page || last === undefined) break;
      if (isReversed) high = last - 1;
      else low = last;
    }
    if (found.length >= limit) break;
  }
  return found;
}

/**
 * `Journal.after`: without a gap, or an error.
 *
 * @throws OpsError `not-found` when some of them were dropped, `journal-unavailable` when one is missing that was not
 */
export async function eventsAfter(
  store: Store,
  directory: Directory,
  stream: string,
  after: number,
  limit: number,
): Promise<readonly JournalEvent[]> {
  const bounds = { after, to: Number.MAX_SAFE_INTEGER, limit };
  const [marks, found] = await Promise.all([readMarks(store, stream), eventsBetween(store, directory, stream, bounds)]);
  const gap = found.findIndex(({ seq }, index) => seq !== after + 1 + index);
  const kept = keptAfterOf(gap < 0 ? marks : await readMarks(store, stream));
  if (after < kept)
    throw new OpsError("not-found", `The events of ${stream} up to number ${kept} are not kept any more`);
  if (gap >= 0)
    throw new OpsError("journal-unavailable", `Event ${after + 1 + gap} of ${stream} is missing in the journal`);
  return found.map(({ bytes }) => parseEvent(bytes));
}

/** `Journal.positionAt`: the directory knows when each segment ended, the rest is a search by numbers. */
export async function positionAt(store: Store, directory: Directory, stream: string, at: number): Promise<number> {
  const [marks, listed] = await Promise.all([readMarks(store, stream), directory.list(stream)]);
  const kept = keptAfterOf(marks);
  const holder = listed.find(({ end }) => end === null || end.lastObservedAt > at);
  const position =
    holder === undefined
      ? (listed.at(-1)?.end?.lastSeq ?? 0)
      : await searchIn(store, directory, stream, { holder, kept, at });
  if (position > kept) return position;
  const lastDroppedAt = marks.kept === null || marks.kept === "forged" ? null : marks.kept.at - 1;
  return lastDroppedAt !== null && lastDroppedAt <= at ? kept : 0;
}

interface Search {
  readonly holder: ListedSegment;
  readonly kept: number;
  readonly at: number;
}

async function searchIn(
  store: Store,
  directory: Directory,
  stream: string,
  { holder, kept, at }: Search,
): Promise<number> {
  let low = Math.max(holder.startSeq, kept);
  let high = holder.end?.lastSeq ?? (await directory.facts(stream, holder.segment))?.lastSeq ?? holder.startSeq;
  while (low < high) {
    const probes = probesOf(low, high);
    const rows = await store.cql.read(store.statements.timesAt(stream, holder.segment, probes));
    const times = rows.map((row) => ({ seq: numberIn(row, "seq"), observedAt: numberIn(row, "observed_at") }));
    const above = times.filter(({ observedAt }) => observedAt > at).map(({ seq }) => seq);
    const below = times.filter(({ observedAt }) => observedAt <= at).map(({ seq }) => seq);
    const next = { low: Math.max(low, ...below), high: Math.min(high, ...above.map((seq) => seq - 1)) };
    if (times.length < probes.length || (next.low === low && next.high === high))
      throw new OpsError("journal-unavailable", `Events of ${stream} are missing between ${low} and ${high}`);
    [low, high] = [next.low, next.high];
  }
  return low;
}

/** Numbers above `low` up to `high`, evenly spread, `high` among them. */
function probesOf(low: number, high: number): readonly number[] {
  const count = Math.min(PROBES, high - low);
  return Array.from({ length: count }, (_, n) => low + Math.ceil(((high - low) * (n + 1)) / count));
}

/** The event of an id, by the index and by what is not in it yet. */
export async function eventById(
  store: Store,
  directory: Directory,
  stream: string,
  id: string,
): Promise<JournalEvent | null> {
  const marks = await readMarks(store, stream);
  const indexed = await indexedById(store, stream, id, keptAfterOf(marks));
  if (indexed !== null) return indexed;
  const after = Math.max(marks.indexedSeq, keptAfterOf(marks));
  const tail = await eventsBetween(store, directory, stream, {
    after,
    to: Number.MAX_SAFE_INTEGER,
    limit: TAIL_EVENTS_MAX,
  });
  return tail.map(({ bytes }) => parseEvent(bytes)).find((event) => event.id === id) ?? null;
}

/** Events behind the index that are looked through one by one. */
export const TAIL_EVENTS_MAX = 20_000;

/** The event of an id, as far as the index goes. @param kept numbers up to this one were dropped */
export async function indexedById(
  { cql, statements }: Store,
  stream: string,
  id: string,
  kept: number,
): Promise<JournalEvent | null> {
  const bounds = { after: kept, to: Number.MAX_SAFE_INTEGER, limit: 1, isReversed: false };
  const [row] = await cql.read(statements.lookup(stream, idTerm(id), bounds));
  if (row === undefined) return null;
  const [found] = await cql.read(statements.eventsAt(stream, numberIn(row, "segment"), [numberIn(row, "seq")]));
  return found === undefined ? null : parseEvent(eventIn(found).bytes);
}

const overlaps = ({ startSeq, end }: ListedSegment, after: number, to: number): boolean =>
  startSeq < to && (end === null || end.lastSeq > after);
