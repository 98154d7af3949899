/** Writes the index of a stream behind its appends, and its signed head. The events are what counts: this may lag. */
import type { JournalEvent } from "#server/contract/event.ts";
import { messageOf } from "#server/kernel/errors.ts";
import type { Logger } from "#server/kernel/logger.ts";
import { idTerm, lookupTerms } from "./lookup.ts";
import { writeMark } from "./marks.ts";
import { eachOf, type Store } from "./store.ts";

const EVENTS_AT_ONCE = 200;
const WRITES_AT_ONCE = 24;
/** Entries of one term in one batch. */
const BATCH_ENTRIES = 50;

export interface IndexedEvent {
  readonly event: JournalEvent;
  readonly seq: number;
  readonly segment: number;
}

export interface StreamTail {
  readonly seq: number;
  readonly hash: string;
}

export interface IndexWriter {
  /** Takes appended events, in order; works on by itself. */
  add(events: readonly IndexedEvent[], head: StreamTail): void;
  /** Where an id is that is not in the index yet. */
  pending(id: string): IndexedEvent | null;
  /** Tries again what failed. */
  kick(): void;
  /** When everything taken so far is written, or has failed. */
  settled(): Promise<void>;
  /** Events taken and not written yet. */
  backlog(): number;
  /** Up to this number everything is written. */
  indexedSeq(): number;
}

/** @param indexedSeq up to this number the index is complete already */
export function createIndexWriter(store: Store, stream: string, indexedSeq: number, log: Logger): IndexWriter {
  const queue: IndexedEvent[] = [];
  const byId = new Map<string, IndexedEvent>();
  let head: StreamTail | null = null;
  let writtenHead: StreamTail | null = null;
  let done = indexedSeq;
  let working: Promise<void> | null = null;

  async function work(): Promise<void> {
    while (head !== writtenHead || queue.length > 0) {
      const current = head;
      if (current !== null && current !== writtenHead) {
        await writeMark(store, stream, "head", { ...current, at: 0 });
        writtenHead = current;
      }
      const chunk = queue.slice(0, EVENTS_AT_ONCE);
      const last = chunk.at(-1);
      if (last === undefined) continue;
      await writeEntries(chunk);
      await writeMark(store, stream, "indexed", { seq: last.seq, hash: "", at: 0 });
      done = last.seq;
      for (const { event } of queue.splice(0, chunk.length)) byId.delete(idTerm(event.id));
    }
  }

  async function writeEntries(chunk: readonly IndexedEvent[]): Promise<void> {
    const byTerm = new Map<string, IndexedEvent[]>();
    for (const indexed of chunk) {
      for (const term of lookupTerms(indexed.event)) {
        const found = byTerm.get(term);
        if (found === undefined) byTerm.set(term, [indexed]);
        else found.push(indexed);
      }
    }
    const batches = [...byTerm].flatMap(([term, entries]) =>
      cut(entries, BATCH_ENTRIES).map((part) =>
        part.map(({ seq, segment }) => store.statements.addLookup(stream, term, seq, segment)),
      ),
    );
    await eachOf(batches, WRITES_AT_ONCE, (statements) => store.cql.write(statements));
  }

  function kick(): void {
    if (working !== null || (queue.length === 0 && head === writtenHead)) return;
    working = work()
      .catch((cause: unknown) => log.warn("journal.index.behind", { stream, cause: messageOf(cause) }))
      .finally(() => {
        working = null;
      });
  }

  return {
    add(events, next) {
      for (const indexed of events) {
        queue.push(indexed);
        byId.set(idTerm(indexed.event.id), indexed);
      }
      head = next;
      kick();
    },
    pending: (id) => byId.get(idTerm(id)) ?? null,
    kick,
    async settled() {
      kick();
      await working;
    },
    backlog: () => queue.length,
    indexedSeq: () => done,
  };
}

function cut<T>(items: readonly T[], size: number): readonly (readonly T[])[] {
  return Array.from({ length: Math.ceil(items.length / size) }, (_, n) => items.slice(n * size, (n + 1) * size));
}
