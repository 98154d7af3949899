/** A page of the journal by time, over all chains and segments. */

import { encodeRangeCursor, parseRangeCursor } from "#server/journal/codec/range-cursor.ts";
import { chainOf } from "#server/journal/domain/chains.ts";
import type { RangeQuery } from "#server/journal/ports.ts";
import { epochMs } from "#server/kernel/clock.ts";
import { OpsError } from "#server/kernel/errors.ts";
import type { ChainFile, TimedSegment } from "./chain-file.ts";
import type { Segment } from "./segment.ts";
import type { EventKey, SliceQuery } from "./segment-reads.ts";

const RANGE_LIMIT_MAX = 1_000;
const FILTER_VALUES_MAX = 100;

/** Events as JSON; the rest as in `RangePage`. */
export interface RangeResult {
  readonly texts: readonly string[];
  readonly nextCursor: string | null;
  readonly horizon: number | null;
}

interface Found {
  readonly key: EventKey;
  readonly segment: Segment;
}

/**
 * Cost: for each stream, kind, subject or term asked for, the rows of one page in each segment that the page touches.
 *
 * @throws OpsError `invalid-input` for a cursor that is none, a limit or a filter out of bounds
 */
export function readRange(chains: readonly ChainFile[], query: RangeQuery): RangeResult {
  const narrowed = narrowing(query);
  const asked = chains.filter(
    (file) => query.streams.length === 0 || query.streams.some((s) => chainOf(s) === file.chain),
  );
  const compare = query.newestFirst ? newestFirst : oldestFirst;
  let found: Found[] = [];
  for (const timed of inOrder(asked, query.newestFirst)) {
    if (found.length > query.limit && isBehind(timed, found.at(-1), query.newestFirst)) break;
    const more = slicesOf(timed.segment, query)
      .flatMap((by) => timed.segment.slice({ ...narrowed, by }))
      .map((key) => ({ key, segment: timed.segment }));
    found = [...found, ...more].sort((a, b) => compare(a.key, b.key)).slice(0, query.limit + 1);
  }
  const page = found.slice(0, query.limit);
  const last = page.at(-1)?.key;
  const horizons = asked.flatMap((file) => file.horizon() ?? []);
  return {
    texts: page.map(({ key, segment }) => segment.textAt(key.position)),
    nextCursor: found.length > query.limit && last !== undefined ? cursorOf(last) : null,
    horizon: horizons.length === 0 ? null : Math.max(...horizons),
  };
}

function narrowing(query: RangeQuery): Omit<SliceQuery, "by"> {
  if (!Number.isInteger(query.limit) || query.limit < 1 || query.limit > RANGE_LIMIT_MAX) {
    throw new OpsError("invalid-input", `A page has 1 to ${RANGE_LIMIT_MAX} events`);
  }
  if (query.streams.length > FILTER_VALUES_MAX || query.kinds.length > FILTER_VALUES_MAX) {
    throw new OpsError("invalid-input", `A filter has at most ${FILTER_VALUES_MAX} values`);
  }
  const behind = query.cursor === null ? null : parseRangeCursor(query.cursor);
  if (query.cursor !== null && behind === null)
    throw new OpsError("invalid-input", "The cursor is not one of this list");
  return {
    streams: query.streams,
    kinds: query.kinds,
    subject: query.subject,
    term: query.term ?? null,
    from: query.from,
    to: query.to,
    behind: behind === null ? null : { ...behind, seq: Number(behind.seq) },
    newestFirst: query.newestFirst,
    limit: query.limit + 1,
  };
}

/** By term, else the narrowest index: by subject, else by kind, else stream by stream. */
function slicesOf(segment: Segment, query: RangeQuery): readonly SliceQuery["by"][] {
  if (query.term !== undefined) return [{ column: "term", value: query.term }];
  if (query.subject !== null) return [{ column: "subject", value: query.subject }];
  if (query.kinds.length > 0) return [...new Set(query.kinds)].map((value) => ({ column: "kind", value }));
  const streams = query.streams.length > 0 ? [...new Set(query.streams)] : segment.streams();
  return streams.map((value) => ({ column: "stream", value }));
}

function inOrder(chains: readonly ChainFile[], isNewestFirst: boolean): readonly TimedSegment[] {
  const all = chains.flatMap((file) => file.timed());
  return isNewestFirst ? all.sort((a, b) => b.last - a.last) : all.sort((a, b) => a.first - b.first);
}

function isBehind(timed: TimedSegment, worst: Found | undefined, isNewestFirst: boolean): boolean {
  if (worst === undefined) return false;
  return isNewestFirst ? timed.last < worst.key.observedAt : timed.first > worst.key.observedAt;
}

function oldestFirst(a: EventKey, b: EventKey): number {
  if (a.observedAt !== b.observedAt) return a.observedAt - b.observedAt;
  if (a.stream !== b.stream) return Buffer.compare(Buffer.from(a.stream), Buffer.from(b.stream));
  return a.seq - b.seq;
}

const newestFirst = (a: EventKey, b: EventKey): number => oldestFirst(b, a);

const cursorOf = ({ observedAt, stream, seq }: EventKey): string =>
  encodeRangeCursor({ observedAt: epochMs(observedAt), stream, seq: String(seq) });
