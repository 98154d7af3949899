/** What of the journal one caller may see: streams, events among them, and how much of each. */
import { type Caller, visibleStreams } from "#server/auth/caller.ts";
import { audienceOf } from "#server/auth/permissions.ts";
import { type JournalEvent, OPERATOR_STREAM, type StreamName } from "#server/contract/event.ts";
import type { Folds } from "#server/contract/fold/fold.ts";
import { maskEvent, maskFolds } from "#server/contract/mask.ts";
import { DEFAULT_MASK_RULES } from "#server/contract/mask-rules.ts";
import { seesEvent, seesStream, visibleFolds } from "#server/contract/visibility.ts";
import { type EpochMs, epochMs } from "#server/kernel/clock.ts";
import { OpsError } from "#server/kernel/errors.ts";
import { encodeRangeCursor } from "./codec/range-cursor.ts";
import type { Journal, RangeQuery, StreamHead } from "./ports.ts";

const PAGE_EVENTS_MAX = 1_000;
/** Events looked at for one answer. */
const SCANNED_EVENTS_MAX = 10_000;

export interface Sight {
  readonly caller: Caller;
  /** Of the streams that the caller may see. */
  readonly heads: readonly StreamHead[];
  /** Their names. */
  readonly streams: readonly StreamName[];
  /** The same for a query: empty where the caller sees all there are, and only there. */
  readonly queried: readonly StreamName[];
  sees(event: JournalEvent): boolean;
  /** As this caller may read it. */
  shown(event: JournalEvent): JournalEvent;
  folds(folds: Folds): Folds;
}

export async function sightOf(
  caller: Caller,
  journal: Pick<Journal, "heads">,
  masks = DEFAULT_MASK_RULES,
): Promise<Sight> {
  const visible = visibleStreams(caller.principal);
  const audience = audienceOf(caller.principal);
  const heads = (await journal.heads()).filter(({ stream }) => seesStream(visible, stream));
  const streams = heads.map(({ stream }) => stream);
  return {
    caller,
    heads,
    streams,
    queried: visible === "all" ? [] : streams.length > 0 ? streams : [OPERATOR_STREAM],
    sees: (event) => seesEvent(visible, event),
    shown: (event) => maskEvent(event, audience, masks),
    folds: (folds) => maskFolds(visibleFolds(visible, folds), audience, masks),
  };
}

/** For a query: the streams asked for, or all that the caller sees. @throws OpsError `not-found` for one that the caller may not see */
export function streamsAsked({ caller, queried }: Sight, asked: readonly StreamName[]): readonly StreamName[] {
  const visible = visibleStreams(caller.principal);
  const hidden = asked.find((stream) => !seesStream(visible, stream));
  if (hidden !== undefined) throw new OpsError("not-found", `No stream ${hidden}`);
  return asked.length > 0 ? asked : queried;
}

export interface SeenPage {
  readonly events: readonly JournalEvent[];
  readonly nextCursor: string | null;
  readonly horizon: EpochMs | null;
}

export const ANY: RangeQuery = {
  streams: [],
  kinds: [],
  subject: null,
  from: null,
  to: null,
  limit: 1,
  newestFirst: true,
  cursor: null,
};

/**
 * Up to `limit` events that the caller sees and `keeps` lets through; not masked yet. Fewer with a cursor when so many
 * others lie between that the rest is for the next call.
 */
export async function readSeen(
  journal: Pick<Journal, "range">,
  sight: Pick<Sight, "sees">,
  query: RangeQuery,
  keeps: (event: JournalEvent) => boolean = () => true,
): Promise<SeenPage> {
  const events: JournalEvent[] = [];
  let scanned = 0;
  let { cursor } = query;
  for (;;) {
    const limit = Math.min(query.limit - events.length, PAGE_EVENTS_MAX);
    const page = await journal.range({ ...query, cursor, limit });
    events.push(...page.events.filter((event) => sight.sees(event) && keeps(event)));
    scanned += page.events.length;
    cursor = page.nextCursor;
    const isEnough = events.length >= query.limit || scanned >= SCANNED_EVENTS_MAX;
    if (cursor === null || isEnough) return { events, nextCursor: cursor, horizon: page.horizon };
  }
}

export const cursorAfter = ({ observedAt, stream, seq }: JournalEvent): string =>
  encodeRangeCursor({ observedAt, stream, seq });

/** An instant of the wire. */
export const toEpoch = (text: string): EpochMs => epochMs(Date.parse(text));
