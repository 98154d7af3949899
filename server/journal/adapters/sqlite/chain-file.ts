/** One chain: its segments, where its streams stand, and its head record. */

import { sameHash } from "#server/journal/adapters/chain.ts";
import type { ChainName } from "#server/journal/domain/chains.ts";
import { OpsError } from "#server/kernel/errors.ts";
import type { EventRow, Segment, SegmentOptions, Tail } from "./segment.ts";
import { SEGMENT_FORMAT_VERSION, type StreamStart, startsDigest } from "./segment-format.ts";
import { openSegments, type SegmentList } from "./segment-list.ts";
import { removeSegmentsBelow } from "./segment-removal.ts";
import type { HeadRecord, StateEntry, StateFile } from "./state-file.ts";

const DAY_MS = 86_400_000;

export interface ChainOptions extends SegmentOptions {
  /** A segment takes no more events once it has this many. */
  readonly segmentEvents: number;
  /** The head record could not be written; the events are, and the next append writes it again. */
  readonly onHeadNotWritten: (cause: unknown) => void;
  readonly onSealed: (chain: ChainName, tail: Tail) => void;
  /** A dropped segment's file could not be removed. */
  readonly onNotRemoved: (file: string, cause: unknown) => void;
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
  /** How many events it holds. */
  count(): number;
  /** Epoch ms before which nothing is kept. */
  horizon(): number | null;
  /** Adds rows in one fsynced transaction, all or none, to a segment of the day of `at`. */
  append(rows: readonly EventRow[], at: number): void;
  /** JSON of an event as stored; looks through every segment, newest first. */
  byId(stream: string, id: string): string | null;
  /** Texts of runs of events, each JSON joined by commas. */
  after(stream: string, seq: number, limit: number): readonly string[];
  /** Number of the last event of a stream observed at an instant or before, kept or dropped; 0 when none is known. */
  positionAt(stream: string, at: number): number;
  /** Segments that hold events, oldest first. */
  timed(): readonly TimedSegment[];
  /** The number up to which a stream's events were dropped; 0 = none was. */
  keptAfter(stream: string): number;
  /** Seals the open segment when it holds events of an earlier day than that of `at`. */
  endDay(at: number): void;
  /** Every segment but the open one, oldest first. */
  sealed(): readonly SealedSegment[];
  /**
   * Drops the oldest so many sealed segments for good: first the chain's new beginning is written down under the key,
   * with `entry` about it in `namespace`, then the files go.
   */
  drop(count: number, namespace: string, entryOf: (dropped: Dropped) => StateEntry): void;
  close(): void;
}

export interface SealedSegment {
  readonly fileName: string;
  readonly events: number;
  readonly lastObservedAt: number;
  /** Last number of every stream that has events in it. */
  readonly touched: ReadonlyMap<string, number>;
}

/** What was dropped at once. */
export interface Dropped {
  /** Position of the oldest event that is left, or will be. */
  readonly firstPosition: number;
  /** Epoch ms before which nothing is kept now; `null` while no event was ever dropped. */
  readonly horizon: number | null;
  readonly events: number;
  readonly streams: readonly string[];
  readonly fileNames: readonly string[];
}

/**
 * Opens a chain, finishes a sealing that a crash cut off, and brings the head record up to the events.
 *
 * @throws OpsError `refused` when events are missing that the head record knows of
 */
export function openChain(chain: ChainName, state: StateFile, options: ChainOptions, now: number): ChainFile {
  const record = state.head(chain);
  const from = record?.first?.number ?? 1;
  removeSegmentsBelow(from, chain, options.directory, options.onNotRemoved);
  const segments = openSegments({ chain, journalId: state.journalId, from }, options, now);
  try {
    checkBegin(record, segments, options.key);
    if (record !== null) checkAgainst(record, segments);
    return chainFile(segments, state, options, record, now);
  } catch (cause) {
    segments.close();
    throw cause;
  }
}

/** The chain begins where it did, or where retention has let it begin. */
function checkBegin(record: HeadRecord | null, segments: SegmentList, key: Uint8Array): void {
  const [oldest] = segments.all();
  const first = record?.first ?? null;
  const isFirst =
    oldest !== undefined &&
    oldest.header.startPosition === (record?.firstPosition ?? 1) &&
    (first === null ||
      (sameHash(oldest.header.startHash, first.hash) && startsDigest(key, oldest.starts) === first.starts));
  if (isFirst) return;
  throw new OpsError(
    "refused",
    `The journal does not begin with its segment ${oldest?.fileName ?? ""}: events are missing. Restore the directory ` +
      "from a back-up, or move it away to begin a new journal",
  );
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
  let kept: Kept = {
    firstPosition: record?.firstPosition ?? 1,
    horizon: record?.horizon ?? null,
    first: record?.first ?? null,
  };
  const heads = new Map<string, StreamState>();
  const learn = (rows: readonly StreamStart[]) => {
    for (const { stream, seq, observedAt } of rows) heads.set(stream, { seq, observedAt });
  };
  const keptAfter = (stream: string) => startOf(segments.all()[0], stream);
  const roll = (at: number) => {
    const starts = [...heads].map(([stream, head]) => ({ stream, ...head }));
    segments.roll(at, starts);
    activeTimes = null;
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
  let activeTimes: Times | null = null;
  learn(segments.active().starts);
  learn(segments.active().heads());
  // What an older version has begun is ended: what is added now is added in the newest format.
  if (segments.active().end() !== null || segments.active().format < SEGMENT_FORMAT_VERSION) roll(now);
  writeHead();
  activeTimes = segments.active().observed();

  return {
    chain,
    heads: () => heads,
    tail: () => segments.active().tail(),
    count: () => segments.active().tail().position - kept.firstPosition + 1,
    horizon: () => kept.horizon,
    append(rows, at) {
      if (isFull(segments.active(), options.segmentEvents) || isOver(activeTimes, at)) roll(at);
      segments.active().append(rows);
      learn(rows);
      for (const { observedAt } of rows) activeTimes = widened(activeTimes, observedAt);
      writeHead();
    },
    byId: (stream, id) => firstOf(segments.all().toReversed(), (segment) => segment.byId(stream, id)),
    after(stream, seq, limit) {
      const dropped = keptAfter(stream);
      if (seq >= dropped) return eventsAfter(segments.all(), { stream, seq, limit });
      throw new OpsError("not-found", `The events of ${stream} up to number ${dropped} are not kept any more`);
    },
    positionAt(stream, at) {
      const start = segments.all()[0]?.starts.find((candidate) => candidate.stream === stream);
      const before = start !== undefined && start.observedAt <= at ? start.seq : 0;
      return firstOf(segments.all().toReversed(), (segment) => segment.positionAt(stream, at)) ?? before;
    },
    timed: () =>
      segments.all().flatMap((segment) => {
        const times = segment === segments.active() ? activeTimes : sealedTimes(segment);
        return times === null ? [] : [{ segment, ...times }];
      }),
    keptAfter,
    endDay(at) {
      if (isOver(activeTimes, at)) roll(at);
    },
    sealed: () => sealedOf(segments.all()),
    drop(count, namespace, entryOf) {
      const going = segments.all().slice(0, Math.min(count, segments.all().length - 1));
      const oldest = segments.all()[going.length];
      if (oldest === undefined || going.length === 0) return;
      const dropped = droppedOf(going, oldest, kept);
      const { number, startHash: hash } = oldest.header;
      const first = { number, hash, starts: startsDigest(options.key, oldest.starts) };
      const begin: Kept = { firstPosition: dropped.firstPosition, horizon: dropped.horizon, first };
      const head = { chain, ...segments.active().tail(), ...begin };
      state.writeDrop(head, namespace, dropped.events === 0 ? null : entryOf(dropped));
      kept = begin;
      segments.forget(going.length);
      removeSegmentsBelow(number, chain, options.directory, options.onNotRemoved);
    },
    close: () => segments.close(),
  };
}

/** The last number of a stream before the segment. */
const startOf = (segment: Segment | undefined, stream: string): number =>
  segment?.starts.find((start) => start.stream === stream)?.seq ?? 0;

interface Times {
  readonly first: number;
  readonly last: number;
}

type Kept = Pick<HeadRecord, "firstPosition" | "horizon" | "first">;

const countOf = (segment: Segment): number => segment.tail().position - segment.header.startPosition + 1;

const isFull = (active: Segment, segmentEvents: number): boolean =>
  active.end() !== null || countOf(active) >= segmentEvents;

/** A segment without events has no day yet. */
const isOver = (times: Times | null, at: number): boolean => times !== null && dayOf(at) > dayOf(times.first);

const dayOf = (at: number): number => Math.floor(at / DAY_MS);

const widened = (times: Times | null, at: number): Times =>
  times === null ? { first: at, last: at } : { first: Math.min(times.first, at), last: Math.max(times.last, at) };

function sealedTimes(segment: Segment): Times | null {
  const end = segment.end();
  if (end === null || end.endPosition < segment.header.startPosition) return null;
  return { first: end.firstObservedAt, last: end.lastObservedAt };
}

function sealedOf(segments: readonly Segment[]): readonly SealedSegment[] {
  return segments.slice(0, -1).map((segment, index) => ({
    fileName: segment.fileName,
    events: countOf(segment),
    lastObservedAt: segment.end()?.lastObservedAt ?? segment.header.openedAt,
    touched: touchedBetween(segment.starts, segments[index + 1]?.starts ?? []),
  }));
}

function touchedBetween(starts: readonly StreamStart[], next: readonly StreamStart[]): ReadonlyMap<string, number> {
  const before = new Map(starts.map(({ stream, seq }) => [stream, seq]));
  const moved = next.filter(({ stream, seq }) => seq > (before.get(stream) ?? 0));
  return new Map(moved.map(({ stream, seq }) => [stream, seq]));
}

function droppedOf(going: readonly Segment[], oldest: Segment, kept: Kept): Dropped {
  const times = going.flatMap((segment) => sealedTimes(segment)?.last ?? []);
  return {
    firstPosition: oldest.header.startPosition,
    horizon: times.length === 0 ? kept.horizon : Math.max(kept.horizon ?? 0, ...times.map((last) => last + 1)),
    events: oldest.header.startPosition - kept.firstPosition,
    streams: [...touchedBetween(going[0]?.starts ?? [], oldest.starts).keys()].sort(),
    fileNames: going.map(({ fileName }) => fileName),
  };
}

function eventsAfter(
  segments: readonly Segment[],
  { stream, seq, limit }: { readonly stream: string; readonly seq: number; readonly limit: number },
): readonly string[] {
  const begin = Math.max(
    0,
    segments.findLastIndex((segment) => startOf(segment, stream) <= seq),
  );
  const texts: string[] = [];
  let count = 0;
  for (const segment of segments.slice(begin)) {
    for (;;) {
      // Numbers are gapless, so what was read is told by how much it was; a segment may begin further on.
      const run = count >= limit ? null : segment.after(stream, seq + count, limit - count);
      if (run === null || run.count === 0) break;
      texts.push(run.text);
      count += run.count;
    }
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
