/** Appends to one stream, one batch after the other, while this process holds it. */
import type { EventDraft, JournalEvent } from "#server/contract/event.ts";
import { OpsError } from "#server/kernel/errors.ts";
import {
  chained,
  faultOf,
  fitting,
  isOver,
  type Known,
  type Pending,
  type Planned,
  planAppends,
  type Row,
  take,
} from "./append-plan.ts";
import type { Directory } from "./directory.ts";
import { eventsBetween } from "./event-reads.ts";
import { fenceStream, rollSegment } from "./fence.ts";
import type { IndexedEvent, IndexWriter } from "./index-writer.ts";
import { Fenced } from "./lease.ts";
import { parseEvent } from "./lookup.ts";
import { eventIn, type SegmentFacts, type StoredEvent } from "./rows.ts";
import { mapOf, type Store } from "./store.ts";

/** A write that was certainly not applied is sent again, to another host by then. */
const SENDS_MAX = 3;
const BACKLOG_PAGE = 500;
/** Beyond it appends wait for the index: what it lacks is kept in memory, and looked through by whoever asks. */
const INDEX_BACKLOG_MAX = 10_000;
const READS_AT_ONCE = 24;

export interface StreamWriterDeps {
  readonly store: Store;
  readonly directory: Directory;
  readonly stream: string;
  readonly segmentEvents: number;
  readonly index: IndexWriter;
  /** Where an id is that is in the index; `null` = nowhere. */
  readonly indexedById: (id: string) => Promise<JournalEvent | null>;
  /** @throws OpsError `refused` when this process does not hold the journal */
  readonly epoch: () => number;
  /** Told when what the index does not have could not be read; the next append tries again. */
  readonly onBehind: (cause: unknown) => void;
  /** A new event's id from its time of observation. */
  readonly newId: (observedAt: number) => string;
}

export interface StreamWriter {
  /** @param at when it was asked for, epoch ms */
  append(drafts: readonly EventDraft[], at: number): Promise<readonly JournalEvent[]>;
  /** Brings the stream under the present epoch; what the index does not have yet is read after that. */
  fence(): Promise<void>;
  /** Ends the open segment when it holds events of an earlier day than that of `at`. */
  endDay(at: number): Promise<void>;
  /** When everything asked for so far is done. */
  settled(): Promise<void>;
  /** The open segment as last known; `null` before it was fenced. */
  facts(): SegmentFacts | null;
}

export function createStreamWriter(deps: StreamWriterDeps): StreamWriter {
  const { store, directory, stream, index } = deps;
  const queue: Pending[] = [];
  /** The stream's work, one piece after the other. */
  let chain: Promise<void> = Promise.resolve();
  /** `null` = not ours, or not known: to be fenced before anything is written. */
  let open: SegmentFacts | null = null;
  /** The last event that was handed to the index. */
  let handed = index.indexedSeq();

  function serially<T>(work: () => Promise<T>): Promise<T> {
    const result = chain.then(work);
    chain = result.then(
      () => undefined,
      () => undefined, // told to who asked
    );
    return result;
  }

  async function ours(): Promise<SegmentFacts> {
    const epoch = deps.epoch();
    if (open !== null && open.epoch === epoch) return open;
    open = null;
    open = await fenceStream(store, directory, stream, epoch);
    return open;
  }

  /** Events that were stored and not handed to the index: by a writer before, or by a write that seemed to fail. */
  async function handBacklog(facts: SegmentFacts): Promise<void> {
    while (handed < facts.lastSeq) {
      const bounds = { after: handed, to: facts.lastSeq, limit: BACKLOG_PAGE };
      const found = await eventsBetween(store, directory, stream, bounds);
      const last = found.at(-1);
      if (last === undefined) throw new OpsError("journal-unavailable", `Event ${handed + 1} of ${stream} is missing`);
      const events = found.map(({ seq, segment, bytes }) => ({ event: parseEvent(bytes), seq, segment }));
      index.add(events, { seq: last.seq, hash: last.hash });
      handed = last.seq;
      if (handed < facts.lastSeq) await index.settled();
    }
  }

  async function drain(): Promise<void> {
    while (queue.length > 0) {
      const taken = take(queue);
      let planned: readonly Planned[] = [];
      let stored = 0;
      try {
        const facts = await ours();
        await handBacklog(facts);
        if (index.backlog() > INDEX_BACKLOG_MAX) await index.settled();
        const plan = planAppends(taken, { stream, facts, known: await knownIds(taken), newId: deps.newId });
        planned = plan.planned;
        for (const answer of planned.filter(({ rows }) => rows === 0)) answer.pending.resolve(answer.events);
        await putAll(plan.rows, (count) => {
          for (const answer of planned)
            if (answer.rows > stored && answer.rows <= stored + count) answer.pending.resolve(answer.events);
          stored += count;
        });
      } catch (cause) {
        const failed = planned.length === 0 ? taken : planned.filter(({ rows }) => rows > stored);
        for (const item of failed) ("pending" in item ? item.pending : item).reject(cause);
      }
    }
  }

  /** Events of the stream that have one of the drafts' ids. */
  async function knownIds(taken: readonly Pending[]): Promise<ReadonlyMap<string, Known>> {
    const ids = new Set(taken.flatMap(({ drafts }) => drafts.flatMap(({ id }) => id ?? [])));
    const found = await mapOf([...ids], READS_AT_ONCE, async (id) => {
      const event = index.pending(id)?.event ?? (await deps.indexedById(id));
      return { id, event };
    });
    return new Map(found.flatMap(({ id, event }) => (event === null ? [] : [[id, { event, rows: 0 }] as const])));
  }

  async function putAll(rows: readonly Row[], onStored: (count: number) => void): Promise<void> {
    let rest = rows;
    while (rest.length > 0) {
      const facts = await ours();
      const isFull = facts.lastSeq - facts.startSeq >= deps.segmentEvents;
      if (isFull || isOver(facts, rest[0]?.event.observedAt ?? 0)) {
        open = null;
        open = await rollSegment(store, directory, stream, facts);
        continue;
      }
      const part = fitting(rest, deps.segmentEvents - (facts.lastSeq - facts.startSeq));
      await put(part, facts);
      onStored(part.length);
      rest = rest.slice(part.length);
    }
  }

  /** Stores a batch, or finds out that it is not stored. */
  async function put(rows: readonly Row[], facts: SegmentFacts): Promise<void> {
    const { events, after } = chained(store.key, rows, facts);
    let before = facts;
    for (let send = 0; send < SENDS_MAX; send += 1) {
      open = null;
      const outcome = await store.cql.conditional(
        store.statements.append(stream, before, { ...after, ...tokenOf(before) }, events),
      );
      if (outcome.kind === "applied") return conclude(rows, { ...after, ...tokenOf(before) });
      // Not known, or taken over: after this nothing that was sent before can be applied any more.
      const found = await fenceStream(store, directory, stream, before.epoch).catch(async (cause: unknown) => {
        if (outcome.kind === "unknown" && !(cause instanceof Fenced)) throw notKnown(stream, cause);
        if (cause instanceof Fenced && outcome.kind === "unknown" && (await isStored(facts.segment, events)))
          return null;
        throw cause;
      });
      if (found === null) return;
      if (found.lastSeq === after.lastSeq && found.lastHash === after.lastHash) return conclude(rows, found);
      if (found.lastSeq !== facts.lastSeq || found.lastHash !== facts.lastHash) break;
      before = found;
      open = found;
    }
    throw new OpsError("journal-unavailable", `The events of ${stream} were not written`);
  }

  /** Asked when another has taken over: what is not there now never will be. */
  async function isStored(segment: number, events: readonly StoredEvent[]): Promise<boolean> {
    const last = events.at(-1);
    if (last === undefined) return true;
    const [row] = await store.cql.read(store.statements.eventsAt(stream, segment, [last.seq]), { serial: true });
    return row !== undefined && eventIn(row).hash === last.hash;
  }

  function conclude(rows: readonly Row[], facts: SegmentFacts): void {
    open = facts;
    const events: readonly IndexedEvent[] = rows.map(({ event, seq }) => ({ event, seq, segment: facts.segment }));
    handed = facts.lastSeq;
    index.add(events, { seq: facts.lastSeq, hash: facts.lastHash });
  }

  return {
    append(drafts, at) {
      const fault = faultOf(drafts, stream);
      if (fault !== null) return Promise.reject(fault);
      return new Promise((resolve, reject) => {
        queue.push({ drafts, at, resolve, reject });
        if (queue.length === 1) serially(drain).catch(reject);
      });
    },
    async fence() {
      await serially(ours);
      serially(async () => handBacklog(await ours())).catch(deps.onBehind);
    },
    endDay: (at) =>
      serially(async () => {
        const facts = await ours();
        if (!isOver(facts, at)) return;
        open = null;
        open = await rollSegment(store, directory, stream, facts);
      }),
    settled: () => serially(async () => undefined),
    facts: () => open,
  };
}

const notKnown = (stream: string, cause: unknown): OpsError =>
  new OpsError(
    "journal-unavailable",
    `The journal's database does not answer: whether events of ${stream} were written is found out before the next ones`,
    { cause },
  );

const tokenOf = ({ epoch, turn }: SegmentFacts) => ({ epoch, turn });
