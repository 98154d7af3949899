import type { EventDraft, JournalEvent, StreamName } from "#server/contract/event.ts";
import type { StreamFold } from "#server/contract/fold/fold.ts";
import type { EpochMs } from "#server/kernel/clock.ts";
import type { DecimalText } from "#server/kernel/json.ts";
import type { ChainName } from "./domain/chains.ts";
import type { DropReason, RetentionRules } from "./domain/retention.ts";
import type { Term } from "./domain/terms.ts";

/** Where a stream stands. An epoch changes when another writer, or a new journal, takes the stream over. */
export interface StreamHead {
  readonly stream: StreamName;
  readonly epoch: string;
  readonly seq: DecimalText;
  /** Every event with a number above this one is kept: `"0"` until retention has dropped some. */
  readonly keptAfter: DecimalText;
}

export interface RangeQuery {
  /** Empty = all streams. */
  readonly streams: readonly StreamName[];
  readonly kinds: readonly string[];
  readonly subject: string | null;
  /** Only events of this term (`domain/terms.ts`): what a user did, what follows from an event, what stands out, … */
  readonly term?: Term;
  /** Times of observation, both inclusive. */
  readonly from: EpochMs | null;
  readonly to: EpochMs | null;
  /** 1 to 1,000. */
  readonly limit: number;
  readonly newestFirst: boolean;
  /** Opaque, from an earlier page. */
  readonly cursor: string | null;
}

export interface RangePage {
  readonly events: readonly JournalEvent[];
  readonly nextCursor: string | null;
  /**
   * Instant before which nothing is kept; `null` = nothing was ever dropped. Where streams are asked for that are kept for
   * different times, the latest of theirs: from it on everything is there.
   */
  readonly horizon: EpochMs | null;
}

export interface StreamSnapshot {
  readonly stream: StreamName;
  readonly seq: DecimalText;
  readonly foldVersion: number;
  readonly state: StreamFold;
}

/**
 * The append-only journal. `append` resolves once the events are on disk (fsynced), with their numbers; it rejects
 * with `OpsError` `journal-unavailable` when that is not certain. On a store of this machine none of them is on disk
 * then; on a shared one a first part may be, as of drafts that take several batches or of an answer that was lost: it is
 * found by whoever reads on. An event whose id the stream already holds is not appended again: the stored one is answered
 * in its place. (An id that was dropped is not known any more.)
 */
export interface Journal {
  append(stream: StreamName, drafts: readonly EventDraft[]): Promise<readonly JournalEvent[]>;
  heads(): Promise<readonly StreamHead[]>;
  /**
   * Events of one stream with seq > after, in order and without a gap, at most `limit` (1 to 10,000).
   *
   * @throws OpsError `not-found` when some of them were dropped (`after` is below the head's `keptAfter`)
   */
  after(stream: StreamName, after: DecimalText, limit: number): Promise<readonly JournalEvent[]>;
  range(query: RangeQuery): Promise<RangePage>;
  /** The event of an id in a stream; `null` when there is none, or none any more. */
  byId(stream: StreamName, id: string): Promise<JournalEvent | null>;
  /**
   * Where a stream stood at an instant: the number of its last event observed then or before; `"0"` before its first. A
   * stream's times of observation never go back: an event is never stamped earlier than those before it.
   */
  positionAt(stream: StreamName, at: EpochMs): Promise<DecimalText>;
  latestSnapshot(stream: StreamName, foldVersion: number): Promise<StreamSnapshot | null>;
  /** The newest one kept that is not beyond event `seq`; older ones are thinned out, never below one in 5,000 events. */
  snapshotBefore(stream: StreamName, seq: DecimalText, foldVersion: number): Promise<StreamSnapshot | null>;
  writeSnapshot(snapshot: StreamSnapshot): Promise<void>;
  close(): Promise<void>;
}

/** Whole segments that retention has dropped from one chain at once. */
export interface DroppedSegments {
  /** The same each time this drop is answered. */
  readonly id: string;
  readonly at: EpochMs;
  readonly chain: ChainName;
  /** Streams of which events were dropped. */
  readonly streams: readonly StreamName[];
  /** Of this chain nothing observed before is kept. */
  readonly droppedBefore: EpochMs;
  readonly events: number;
  readonly bytes: number;
  readonly why: DropReason;
}

export interface RetentionOutcome {
  /** Every drop that was not acknowledged yet, oldest first: those of this call, and those before a crash. */
  readonly dropped: readonly DroppedSegments[];
  /** Streams that need a snapshot of what is due before it can be dropped. */
  readonly waiting: readonly StreamName[];
  /** There is more to drop now: call again. */
  readonly more: boolean;
  /** Size of the journal now. */
  readonly bytes: number;
  /** Bytes beyond `maxBytes` that are not to be had by dropping; 0 when there are none. */
  readonly overBytes: number;
}

/** The only way by which events leave the journal. */
export interface JournalRetention {
  /**
   * Drops what the rules let go: whole sealed segments, oldest first, never the one being written (which is sealed first
   * when its day is over), and only what a snapshot of `foldVersion` covers in every stream touched. A bounded number of
   * segments a call.
   *
   * @throws OpsError `journal-unavailable`; what was dropped until then is answered by the next call
   */
  retain(rules: RetentionRules, foldVersion: number): Promise<RetentionOutcome>;
  /** These drops are written down elsewhere and need not be answered again. */
  acknowledge(ids: readonly string[]): Promise<void>;
}

/** Whether this process may append: always on a store of its own, one process at a time on a shared one. */
export interface WriterRole {
  state(): WriterState;
  /** Calls back when the state has changed; returns the way to stop. */
  onChange(listener: (state: WriterState) => void): () => void;
}

export type WriterState =
  | { readonly role: "writer" }
  /** Appends are `refused`. `holder` names who writes, for people; `null` = nobody at present. */
  | { readonly role: "follower"; readonly holder: string | null };

/** Small durable records kept beside the journal (client world identities, jobs, tokens): fsynced like it. */
export interface StateStore {
  get(namespace: string, key: string): Promise<string | null>;
  list(namespace: string): Promise<readonly { readonly key: string; readonly value: string }[]>;
  /** Entries in key order (code units), after a key (exclusive), at most `limit` (1 to 10,000). */
  page(
    namespace: string,
    after: string | null,
    limit: number,
  ): Promise<readonly { readonly key: string; readonly value: string }[]>;
  put(namespace: string, key: string, value: string): Promise<void>;
  /** Several at once, all or none; `null` deletes. */
  putAll(namespace: string, entries: readonly { readonly key: string; readonly value: string | null }[]): Promise<void>;
  /** Adds 1 to a counter and answers the new value; durable before it is answered. */
  increment(namespace: string, key: string): Promise<number>;
}

/** One note of one process. */
export interface SharedNote {
  /** The process that wrote it, as it calls itself. */
  readonly owner: string;
  readonly key: string;
  readonly value: string;
}

/**
 * What every process on a journal tells the others, whoever writes the journal: each its own notes, which the others only
 * read. Not durable: a note is gone by itself some time after it was last written (an hour, on a shared store), and those
 * of a store that nobody shares with the process. Rejects with `journal-unavailable`.
 */
export interface SharedNotes {
  /** Of one owner; `null` removes. Some may be written when it rejects. */
  put(
    space: string,
    owner: string,
    entries: readonly { readonly key: string; readonly value: string | null }[],
  ): Promise<void>;
  /** Everything in the space, at most 10,000 notes. */
  list(space: string): Promise<readonly SharedNote[]>;
  /** All notes of an owner. */
  drop(space: string, owner: string): Promise<void>;
}
