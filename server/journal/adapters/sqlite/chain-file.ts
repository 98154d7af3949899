/** One chain: its segments, where its streams stand, and its head record. */
import { OpsError } from "#server/kernel/errors.ts";
import { sameHash } from "./chain.ts";
import type { ChainName } from "./chains.ts";
import type { EventRow, Segment, SegmentOptions, Tail } from "./segment.ts";
import type { StreamStart } from "./segment-format.ts";
import { openSegments, type SegmentList } from "./segment-list.ts";
import type { HeadRecord, StateFile } from "./state-file.ts";

const DAY_MS = 86_400_000;

export interface ChainOptions extends SegmentOptions {
  /** A segment takes no more events once it has this many. */
  readonly segmentEvents: number;
  /** The head record could not be written; the events are, and the next append writes it again. */
  readonly onHeadNotWritten: (cause: unknown) => void;
  readonly onSealed: (chain: ChainName, tail: Tail) => void;
}

/** Where a stream stands: last number, and observation time of that event. */
export interface StreamState {
  readonly seq: number;
  readonly observedAt: number;
}

/** A segment and the observation times in it, so that a page by time reads only those it needs. */
export interface TimedSegment {
  readonly segment: Segment;
  readonly first: number;
  readonly last: number;
}

export interface ChainFile {
  readonly chain: ChainName;
  heads(): ReadonlyMap<string, StreamState>;
  tail(): Tail;
  /** Epoch ms before which nothing is kept. */
  horizon(): number | null;
  /** Adds rows in one fsynced transaction, all or none, to a segment of the day of `at`. */
  append(rows: readonly EventRow[], at: number): void;
  /** JSON of an event as stored; looks through every segment, newest first. */
  byId(stream: string, id: string): string | null;
  after(stream: string, seq: number, limit: number): readonly string[];
  /** Segments that hold events, oldest first. */
  timed(): readonly TimedSegment[];
  close(): void;
}

/**
 * Opens a chain, finishes a sealing that a crash cut off, and brings the head record up to the events.
 *
 * @throws OpsError `refused` when events are missing that the head record knows of
 */
export function openChain(chain: ChainName, state: StateFile, options: ChainOptions, now: number): ChainFile {
  const segments = openSegments(chain, state.journalId, options, now);
  try {
    const record = state.head(chain);
    if (record !== null) checkAgainst(record, segments);
    return chainFile(segments, state, options, record, now);
  } catch (cause) {
    segments.close();
    throw cause;
  }
}

function checkAgainst(record: HeadRecord, segments: SegmentList): void {
  const { position } = segments.active().tail();
  if (position < record.position) {
    throw new OpsError(
      "refused",
      `The journal's chain ${record.chain} ends at event ${position}, but ${record.position} were written: events are ` +
        "missing. Restore the directory from a back-up, or move it away to begin a new journal",
    );
  }
  if (record.position < record.firstPosition) return;
  const holder = segments.all().findLast((segment) => segment.header.startPosition <= record.position);
  if (sameHash(holder?.hashAt(record.position) ?? "", record.hash)) return;
  throw new OpsError(
    "refused",
    `Event ${record.position} of the journal's chain ${record.chain} is not the one that was written`,
  );
}

function chainFile(
  segments: SegmentList,
  state: StateFile,
  options: ChainOptions,
  record: HeadRecord | null,
  now: number,
): ChainFile {
  const { chain } = segments.active().header;
  const kept = { firstPosition: record?.firstPosition ?? 1, horizon: record?.horizon ?? null };
  const heads = new Map<string, StreamState>();
  const learn = (rows: readonly StreamStart[]) => {
    for (const { stream, seq, observedAt } of rows) heads.set(stream, { seq, observedAt });
  };
  const roll = (at: number) => {
    const starts = [...heads].map(([stream, head]) => ({ stream, ...head }));
    segments.roll(at, starts);
    options.onSealed(chain, segments.active().tail());
  };
  const writeHead = () => {
    const { position, hash } = segments.active().tail();
    try {
      state.writeHead({ chain, position, hash, ...kept });
    } catch (cause) {
      options.onHeadNotWritten(cause);
    }
  };
  learn(segments.active().starts);
  learn(segments.active().heads());
  if (segments.active().end() !== null) roll(now);
  writeHead();
  let activeTimes = segments.active().observed();

  return {
    chain,
    heads: () => heads,
    tail: () => segments.active().tail(),
    horizon: () => kept.horizon,
    append(rows, at) {
      if (mustRoll(segments.active(), options.segmentEvents, at)) {
        roll(at);
        activeTimes = null;
      }
      segments.active().append(rows);
      learn(rows);
      for (const { observedAt } of rows) activeTimes = widened(activeTimes, observedAt);
      writeHead();
    },
    byId: (stream, id) => firstOf(segments.all().toReversed(), (segment) => segment.byId(stream, id)),
    after: (stream, seq, limit) => eventsAfter(segments.all(), { stream, seq, limit }),
    timed: () =>
      segments.all().flatMap((segment) => {
        const times = segment === segments.active() ? activeTimes : sealedTimes(segment);
        return times === null ? [] : [{ segment, ...times }];
      }),
    close: () => segments.close(),
  };
}

interface Times {
  readonly first: number;
  readonly last: number;
}

function mustRoll(active: Segment, segmentEvents: number, at: number): boolean {
  const count = active.tail().position - active.header.startPosition + 1;
  return active.end() !== null || count >= segmentEvents || dayOf(at) > dayOf(active.header.openedAt);
}

const dayOf = (at: number): number => Math.floor(at / DAY_MS);

const widened = (times: Times | null, at: number): Times =>
  times === null ? { first: at, last: at } : { first: Math.min(times.first, at), last: Math.max(times.last, at) };

function sealedTimes(segment: Segment): Times | null {
  const end = segment.end();
  if (end === null || end.endPosition < segment.header.startPosition) return null;
  return { first: end.firstObservedAt, last: end.lastObservedAt };
}

function eventsAfter(
  segments: readonly Segment[],
  { stream, seq, limit }: { readonly stream: string; readonly seq: number; readonly limit: number },
): readonly string[] {
  const stoodAt = (segment: Segment) => segment.starts.find((start) => start.stream === stream)?.seq ?? 0;
  const begin = Math.max(
    0,
    segments.findLastIndex((segment) => stoodAt(segment) <= seq),
  );
  const texts: string[] = [];
  for (const segment of segments.slice(begin)) {
    if (texts.length >= limit) break;
    texts.push(...segment.after(stream, seq, limit - texts.length));
  }
  return texts;
}

function firstOf<T, R>(items: readonly T[], find: (item: T) => R | null): R | null {
  for (const item of items) {
    const found = find(item);
    if (found !== null) return found;
  }
  return null;
}
