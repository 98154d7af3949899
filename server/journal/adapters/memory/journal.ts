/** `Journal` and `StateStore` in memory: for tests of what stands on them. Held to the same contract as the durable one. */
import { ulid } from "ulid";
import type { EventDraft, JournalEvent, StreamName } from "#server/contract/event.ts";
import { encodeRangeCursor, parseRangeCursor } from "#server/journal/codec/range-cursor.ts";
import { type ChainName, chainOf } from "#server/journal/domain/chains.ts";
import { snapshotsToDrop } from "#server/journal/domain/snapshots.ts";
import { termsOf } from "#server/journal/domain/terms.ts";
import type {
  DroppedSegments,
  Journal,
  JournalRetention,
  RangePage,
  RangeQuery,
  StateStore,
  StreamSnapshot,
} from "#server/journal/ports.ts";
import { type Clock, type EpochMs, epochMs } from "#server/kernel/clock.ts";
import { OpsError } from "#server/kernel/errors.ts";
import { retainInMemory } from "./retention.ts";

const RANGE_LIMIT_MAX = 1_000;
const AFTER_LIMIT_MAX = 10_000;

export interface MemoryJournal extends Journal, JournalRetention {
  readonly state: StateStore;
}

/** What is kept; handing it to a second journal is a restart. */
export interface MemoryContent {
  readonly epoch: string;
  readonly streams: Map<StreamName, JournalEvent[]>;
  readonly snapshots: StreamSnapshot[];
  readonly records: Map<string, Map<string, string>>;
  /** How many events of a stream were dropped from its beginning. */
  readonly dropped: Map<StreamName, number>;
  /** When the last of these was observed. */
  readonly lastDroppedAt: Map<StreamName, EpochMs>;
  readonly horizons: Map<ChainName, EpochMs>;
  readonly unacknowledged: DroppedSegments[];
}

export const emptyMemory = (epoch = "memory"): MemoryContent => ({
  epoch,
  streams: new Map(),
  snapshots: [],
  records: new Map(),
  dropped: new Map(),
  lastDroppedAt: new Map(),
  horizons: new Map(),
  unacknowledged: [],
});

export function createMemoryJournal(clock: Clock, content: MemoryContent = emptyMemory()): MemoryJournal {
  let closed = false;
  const open = () => {
    if (closed) throw new OpsError("journal-unavailable", "The journal is closed");
    return content;
  };
  return {
    async append(stream, drafts) {
      const { streams, dropped } = open();
      const events = streams.get(stream) ?? [];
      const last = (dropped.get(stream) ?? 0) + events.length;
      const added: JournalEvent[] = [];
      const observedAt = epochMs(Math.max(clock.now(), lastObservedAt(content, stream)));
      const answers = drafts.map((draft) => {
        const known = [...events, ...added].find(({ id }) => id === draft.id);
        if (known !== undefined) return known;
        const event = eventOf(stream, draft, last + added.length + 1, observedAt);
        added.push(event);
        return event;
      });
      if (added.length > 0) streams.set(stream, [...events, ...added]);
      return answers;
    },
    async heads() {
      const { streams, epoch, dropped } = open();
      return [...streams].map(([stream, events]) => {
        const keptAfter = dropped.get(stream) ?? 0;
        return { stream, epoch, seq: String(keptAfter + events.length), keptAfter: String(keptAfter) };
      });
    },
    async after(stream, after, limit) {
      const { streams, dropped } = open();
      const from = Number(after) - (dropped.get(stream) ?? 0);
      if (from < 0) throw new OpsError("not-found", `The events of ${stream} are not kept any more from there on`);
      return (streams.get(stream) ?? []).slice(from, from + bounded(limit, AFTER_LIMIT_MAX));
    },
    range: async (query) => rangeOf(open(), query),
    byId: async (stream, id) =>
      open()
        .streams.get(stream)
        ?.find((event) => event.id === id) ?? null,
    async positionAt(stream, at) {
      const { streams, dropped, lastDroppedAt } = open();
      const last = (streams.get(stream) ?? []).findLast(({ observedAt }) => observedAt <= at);
      if (last !== undefined) return last.seq;
      return String((lastDroppedAt.get(stream) ?? Number.POSITIVE_INFINITY) <= at ? (dropped.get(stream) ?? 0) : 0);
    },
    latestSnapshot: async (stream, foldVersion) => snapshotsOf(open(), stream, foldVersion).at(-1) ?? null,
    snapshotBefore: async (stream, seq, foldVersion) =>
      snapshotsOf(open(), stream, foldVersion).findLast((snapshot) => Number(snapshot.seq) <= Number(seq)) ?? null,
    async writeSnapshot(snapshot) {
      writeSnapshot(open(), snapshot);
    },
    retain: async (rules, foldVersion) => retainInMemory(open(), { rules, foldVersion, now: clock.now() }),
    async acknowledge(ids) {
      const left = open().unacknowledged.filter(({ id }) => !ids.includes(id));
      content.unacknowledged.splice(0, Number.POSITIVE_INFINITY, ...left);
    },
    async close() {
      closed = true;
    },
    state: memoryState(() => open().records),
  };
}

const lastObservedAt = ({ streams, lastDroppedAt }: MemoryContent, stream: StreamName): number =>
  streams.get(stream)?.at(-1)?.observedAt ?? lastDroppedAt.get(stream) ?? 0;

function snapshotsOf({ snapshots }: MemoryContent, stream: StreamName, foldVersion: number): StreamSnapshot[] {
  const found = snapshots.filter((snapshot) => snapshot.stream === stream && snapshot.foldVersion === foldVersion);
  return found.sort((a, b) => Number(a.seq) - Number(b.seq));
}

function writeSnapshot(content: MemoryContent, snapshot: StreamSnapshot): void {
  const { stream, seq, foldVersion } = snapshot;
  const others = content.snapshots.filter(
    (other) => other.stream !== stream || other.foldVersion !== foldVersion || other.seq !== seq,
  );
  const written = [...others, JSON.parse(JSON.stringify(snapshot)) as StreamSnapshot];
  const sizes = snapshotsOf({ ...content, snapshots: written }, stream, foldVersion).map((kept) => ({
    seq: Number(kept.seq),
    bytes: Buffer.byteLength(JSON.stringify(kept.state)),
  }));
  const dropped = snapshotsToDrop(sizes, content.dropped.get(stream) ?? 0, Number(seq));
  const left = written.filter(
    (kept) => kept.stream !== stream || kept.foldVersion !== foldVersion || !dropped.includes(Number(kept.seq)),
  );
  content.snapshots.splice(0, Number.POSITIVE_INFINITY, ...left);
}

function eventOf(stream: StreamName, draft: EventDraft, seq: number, observedAt: EpochMs): JournalEvent {
  const event = {
    id: draft.id ?? ulid(observedAt),
    stream,
    seq: String(seq),
    kind: draft.kind,
    subject: draft.subject,
    occurredAt: draft.occurredAt,
    observedAt,
    synthetic: draft.synthetic ?? false,
    causedBy: draft.causedBy ?? null,
    actor: draft.actor ?? null,
    body: draft.body,
  };
  return JSON.parse(JSON.stringify(event)) as JournalEvent;
}

function rangeOf({ streams, horizons }: MemoryContent, query: RangeQuery): RangePage {
  const behind = query.cursor === null ? null : parseRangeCursor(query.cursor);
  if (query.cursor !== null && behind === null)
    throw new OpsError("invalid-input", "The cursor is not one of this list");
  const sign = query.newestFirst ? -1 : 1;
  const found = [...streams.values()]
    .flat()
    .filter((event) => query.streams.length === 0 || query.streams.includes(event.stream))
    .filter((event) => query.kinds.length === 0 || query.kinds.includes(event.kind))
    .filter((event) => query.subject === null || query.subject === event.subject)
    .filter((event) => query.term === undefined || termsOf(event).includes(query.term))
    .filter((event) => query.from === null || event.observedAt >= query.from)
    .filter((event) => query.to === null || event.observedAt <= query.to)
    .filter((event) => behind === null || sign * compare(event, behind) > 0)
    .sort((a, b) => sign * compare(a, b));
  const page = found.slice(0, bounded(query.limit, RANGE_LIMIT_MAX));
  const last = page.at(-1);
  const asked = [...horizons].flatMap(([chain, horizon]) =>
    query.streams.length === 0 || query.streams.some((stream) => chainOf(stream) === chain) ? horizon : [],
  );
  return {
    events: page,
    nextCursor: found.length > page.length && last !== undefined ? encodeRangeCursor(last) : null,
    horizon: asked.length === 0 ? null : epochMs(Math.max(...asked)),
  };
}

type Placed = Pick<JournalEvent, "observedAt" | "stream" | "seq">;

function compare(a: Placed, b: Placed): number {
  if (a.observedAt !== b.observedAt) return a.observedAt - b.observedAt;
  if (a.stream !== b.stream) return inBytes(a.stream, b.stream);
  return Number(a.seq) - Number(b.seq);
}

const inBytes = (a: string, b: string): number => Buffer.compare(Buffer.from(a), Buffer.from(b));

function memoryState(records: () => Map<string, Map<string, string>>): StateStore {
  const read = (namespace: string) => records().get(namespace) ?? new Map<string, string>();
  const write = (namespace: string, key: string, value: string | null) => {
    const entries = read(namespace);
    if (value === null) entries.delete(key);
    else entries.set(key, value);
    records().set(namespace, entries);
  };
  const sorted = (namespace: string) =>
    [...read(namespace)].map(([key, value]) => ({ key, value })).sort((a, b) => inBytes(a.key, b.key));
  return {
    get: async (namespace, key) => read(namespace).get(key) ?? null,
    list: async (namespace) => sorted(namespace),
    page: async (namespace, after, limit) =>
      sorted(namespace)
        .filter(({ key }) => after === null || inBytes(key, after) > 0)
        .slice(0, bounded(limit, AFTER_LIMIT_MAX)),
    put: async (namespace, key, value) => write(namespace, key, value),
    async putAll(namespace, entries) {
      for (const { key, value } of entries) write(namespace, key, value);
    },
    async increment(namespace, key) {
      const value = Number(read(namespace).get(key) ?? "0") + 1;
      write(namespace, key, String(value));
      return value;
    },
  };
}

function bounded(limit: number, max: number): number {
  if (Number.isInteger(limit) && limit >= 1 && limit <= max) return limit;
  throw new OpsError("invalid-input", `The limit is to be from 1 to ${max}`);
}
