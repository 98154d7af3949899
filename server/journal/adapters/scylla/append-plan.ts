/** From drafts to batches: numbers, identities, times and hashes are given here. Pure. */
import type { EventDraft, JournalEvent } from "#server/contract/event.ts";
import { nextHash } from "#server/journal/adapters/chain.ts";
import { eventOfDraft } from "#server/journal/codec/event-of-draft.ts";
import { OpsError } from "#server/kernel/errors.ts";
import { parseEvent } from "./lookup.ts";
import type { SegmentFacts, StoredEvent } from "./rows.ts";

const DAY_MS = 86_400_000;
/** Of one conditional write. A larger event has one for itself. */
const BATCH_EVENTS_MAX = 200;
const BATCH_BYTES_MAX = 100_000;
const DRAFTS_MAX = 10_000;
/** Far below what the smallest commit log takes at once. */
const EVENT_BYTES_MAX = 1_024 * 1_024;
/** Drafts that wait together are written together, up to so many. */
const DRAFTS_AT_ONCE = 2_000;

/** An append that waits. */
export interface Pending {
  readonly drafts: readonly EventDraft[];
  readonly at: number;
  resolve(events: readonly JournalEvent[]): void;
  reject(cause: unknown): void;
}

/** An event ready to be stored. */
export interface Row {
  readonly event: JournalEvent;
  readonly seq: number;
  readonly bytes: Uint8Array;
}

/** An event that a draft's id stands for, once the first `rows` of the rows made ready are stored. */
export interface Known {
  readonly event: JournalEvent;
  readonly rows: number;
}

/** What one append comes to: its answer, once the first `rows` of the rows made ready are stored. */
export interface Planned {
  readonly pending: Pending;
  readonly events: readonly JournalEvent[];
  readonly rows: number;
}

export interface PlanArgs {
  readonly stream: string;
  /** Behind which the events come. */
  readonly facts: SegmentFacts;
  /** Events of the stream that have one of the drafts' ids. */
  readonly known: ReadonlyMap<string, Known>;
  /** A new event's id from its time of observation. */
  readonly newId: (observedAt: number) => string;
}

/** Numbers the drafts behind the last event. A draft whose id the stream holds already gets the stored event. */
export function planAppends(
  taken: readonly Pending[],
  { stream, facts, known, newId }: PlanArgs,
): { readonly rows: readonly Row[]; readonly planned: readonly Planned[] } {
  const rows: Row[] = [];
  const added = new Map<string, Known>();
  let observedAt = facts.lastObservedAt;

  function add(draft: EventDraft): Known {
    const seq = facts.lastSeq + rows.length + 1;
    const id = draft.id ?? newId(observedAt);
    const bytes = Buffer.from(JSON.stringify(eventOfDraft(draft, { id, stream, seq, observedAt })), "utf8");
    const event = parseEvent(bytes);
    rows.push({ event, seq, bytes });
    const made = { event, rows: rows.length };
    added.set(id, made);
    return made;
  }

  const planned = taken.map((pending): Planned => {
    // A wall clock that was set back is taken as standing still: in a stream time follows number.
    observedAt = Math.max(observedAt, pending.at);
    const found = pending.drafts.map((draft) => {
      const same = draft.id === undefined ? undefined : (added.get(draft.id) ?? known.get(draft.id));
      return same ?? add(draft);
    });
    return { pending, events: found.map(({ event }) => event), rows: Math.max(0, ...found.map((one) => one.rows)) };
  });
  return { rows, planned };
}

/** A batch with its hashes, and the segment as it is when the batch is stored. */
export function chained(
  key: Uint8Array,
  rows: readonly Row[],
  facts: SegmentFacts,
): { readonly events: readonly StoredEvent[]; readonly after: SegmentFacts } {
  let hash = facts.lastHash;
  const events = rows.map(({ event, seq, bytes }): StoredEvent => {
    hash = nextHash(key, hash, bytes);
    return { seq, observedAt: event.observedAt, bytes, hash };
  });
  const last = events.at(-1);
  const after: SegmentFacts = {
    ...facts,
    lastSeq: last?.seq ?? facts.lastSeq,
    lastHash: hash,
    firstObservedAt: facts.firstObservedAt ?? events[0]?.observedAt ?? null,
    lastObservedAt: last?.observedAt ?? facts.lastObservedAt,
    size: facts.size + rows.reduce((sum, { bytes }) => sum + bytes.byteLength, 0),
  };
  return { events, after };
}

/** What waits together, up to a bound; always at least one. */
export function take(queue: Pending[]): readonly Pending[] {
  let drafts = 0;
  const beyond = queue.findIndex((pending) => {
    drafts += pending.drafts.length;
    return drafts > DRAFTS_AT_ONCE;
  });
  return queue.splice(0, beyond < 0 ? queue.length : Math.max(1, beyond));
}

/** Why these are not to be appended; `null` = nothing speaks against it. */
export function faultOf(drafts: readonly EventDraft[], stream: string): OpsError | null {
  if (drafts.length > DRAFTS_MAX) return new OpsError("limit-exceeded", `At most ${DRAFTS_MAX} events at once`);
  const large = drafts.find((draft) => Buffer.byteLength(JSON.stringify(draft)) > EVENT_BYTES_MAX);
  if (large === undefined) return null;
  const what = `An event of kind ${large.kind} for ${stream} is larger than ${EVENT_BYTES_MAX} bytes`;
  return new OpsError("limit-exceeded", what);
}

/** As many as one batch takes. */
export function fitting(rows: readonly Row[], room: number): readonly Row[] {
  let bytes = 0;
  const beyond = rows.findIndex((row, position) => {
    bytes += row.bytes.byteLength;
    return position >= Math.min(room, BATCH_EVENTS_MAX) || (position > 0 && bytes > BATCH_BYTES_MAX);
  });
  return beyond < 0 ? rows : rows.slice(0, beyond);
}

/** A segment without events has no day yet. */
export const isOver = ({ firstObservedAt }: SegmentFacts, at: number): boolean =>
  firstObservedAt !== null && Math.floor(at / DAY_MS) > Math.floor(firstObservedAt / DAY_MS);
