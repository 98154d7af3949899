import type { EventDraft, JournalEvent, StreamName } from "#server/contract/event.ts";
import type { StreamFold } from "#server/contract/fold/fold.ts";
import type { EpochMs } from "#server/kernel/clock.ts";
import type { DecimalText } from "#server/kernel/json.ts";

/** Where a stream stands. An epoch changes when another writer, or a new journal, takes the stream over. */
export interface StreamHead {
  readonly stream: StreamName;
  readonly epoch: string;
  readonly seq: DecimalText;
}

export interface RangeQuery {
  /** Empty = all streams. */
  readonly streams: readonly StreamName[];
  readonly kinds: readonly string[];
  readonly subject: string | null;
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
  /** Instant before which nothing is kept; `null` = nothing was ever dropped. */
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
 * with `OpsError` `journal-unavailable` when they are not, and then none of them is. An event whose id the stream
 * already holds is not appended again: the stored one is answered in its place.
 */
export interface Journal {
  append(stream: StreamName, drafts: readonly EventDraft[]): Promise<readonly JournalEvent[]>;
  heads(): Promise<readonly StreamHead[]>;
  /** Events of one stream with seq > after, in order, at most `limit` (1 to 10,000). */
  after(stream: StreamName, after: DecimalText, limit: number): Promise<readonly JournalEvent[]>;
  range(query: RangeQuery): Promise<RangePage>;
  latestSnapshot(stream: StreamName, foldVersion: number): Promise<StreamSnapshot | null>;
  writeSnapshot(snapshot: StreamSnapshot): Promise<void>;
  close(): Promise<void>;
}

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
