import type { NoticeKind } from "#server/contract/alerts.ts";
import type { StateStore } from "#server/journal/ports.ts";
import type { Logger } from "#server/kernel/logger.ts";
import { type Telling, type Told, toldAfter } from "./domain/telling.ts";

const NAMESPACE = "alerts";
/** Of one sink: what is open beyond it is not told before something else is over. */
export const TOLD_MAX = 1_000;

/** What each sink was told and is still open for it, kept beside the journal: a restart tells nothing as if it were new. */
export interface ToldBook {
  of(sink: string): ReadonlyMap<string, Told>;
  /** What it may have been told, without an answer that says so: by findings that are not among those of `of`. */
  inDoubt(sink: string): ReadonlyMap<string, Told>;
  /** The id of each of these, durable when it resolves: the same until it was taken. */
  begin(sink: string, tellings: readonly Telling[]): Promise<readonly string[]>;
  /** It is certain that they were not taken. Durable when it resolves. */
  notTaken(sink: string, tellings: readonly Telling[]): Promise<void>;
  /** What was begun, was not taken for certain, and is not there any more, is forgotten: nobody was told of it. */
  forget(sink: string, present: ReadonlySet<string>): Promise<void>;
  /** They were taken. Durable when it resolves. */
  finish(sink: string, tellings: readonly Telling[]): Promise<void>;
  /** Reads what is kept; what was kept of sinks that are not configured any more is dropped. */
  load(sinks: readonly string[]): Promise<void>;
}

interface Entry {
  readonly told: Told | null;
  /** What is being told, under which id. */
  readonly next: {
    readonly what: NoticeKind;
    readonly id: string;
    /** What it then knows; `null` = that it is over. */
    readonly as?: Told | null;
    /** It may have been taken, as far as anybody knows. */
    readonly doubt?: boolean;
  } | null;
}

export function createToldBook(state: Pick<StateStore, "list" | "putAll">, log: Logger, newId: () => string): ToldBook {
  const books = new Map<string, Map<string, Entry>>();

  const bookOf = (sink: string): Map<string, Entry> => {
    const book = books.get(sink) ?? new Map<string, Entry>();
    books.set(sink, book);
    return book;
  };

  async function write(sink: string, entries: readonly (readonly [finding: string, entry: Entry | null])[]) {
    await state.putAll(
      NAMESPACE,
      entries.map(([finding, entry]) => ({
        key: JSON.stringify([sink, finding]),
        value: entry === null ? null : JSON.stringify(entry),
      })),
    );
    for (const [finding, entry] of entries) {
      if (entry === null) bookOf(sink).delete(finding);
      else bookOf(sink).set(finding, entry);
    }
  }

  return {
    of: (sink) =>
      new Map([...bookOf(sink)].flatMap(([finding, { told }]) => (told === null ? [] : [[finding, told] as const]))),
    async begin(sink, tellings) {
      const begun = tellings.map((telling): readonly [string, Entry, string] => {
        const { what, finding } = telling;
        const known = bookOf(sink).get(finding);
        const id = known?.next?.what === what ? known.next.id : newId();
        const as = toldAfter(telling) ?? known?.next?.as ?? null;
        return [finding, { told: known?.told ?? null, next: { what, id, as, doubt: true } }, id];
      });
      const fresh = begun.filter(([finding, { next }]) => {
        const known = bookOf(sink).get(finding)?.next;
        return known?.id !== next?.id || known?.doubt !== true;
      });
      if (fresh.length > 0) {
        await write(
          sink,
          fresh.map(([finding, entry]) => [finding, entry]),
        );
      }
      return begun.map(([, , id]) => id);
    },
    inDoubt: (sink) =>
      new Map(
        [...bookOf(sink)].flatMap(([finding, { told, next }]) =>
          told === null && next?.doubt === true && next.as != null ? [[finding, next.as] as const] : [],
        ),
      ),
    notTaken: (sink, tellings) =>
      write(
        sink,
        tellings.flatMap(({ finding }) => {
          const known = bookOf(sink).get(finding);
          if (known?.next == null) return [];
          return [[finding, { ...known, next: { ...known.next, doubt: false } }] as const];
        }),
      ),
    async forget(sink, present) {
      const gone = [...bookOf(sink)].filter(
        ([finding, { told, next }]) => told === null && next?.doubt !== true && !present.has(finding),
      );
      if (gone.length > 0)
        await write(
          sink,
          gone.map(([finding]) => [finding, null]),
        );
    },
    finish: (sink, tellings) =>
      write(
        sink,
        tellings.map((telling) => {
          const told = toldAfter(telling);
          return [telling.finding, told === null ? null : { told, next: null }];
        }),
      ),
    async load(sinks) {
      books.clear();
      const stale: { key: string; value: null }[] = [];
      for (const { key, value } of await state.list(NAMESPACE)) {
        const [sink, finding] = JSON.parse(key) as [string, string];
        if (sinks.includes(sink)) bookOf(sink).set(finding, JSON.parse(value) as Entry);
        else stale.push({ key, value: null });
      }
      if (stale.length === 0) return;
      await state.putAll(NAMESPACE, stale);
      log.info("alerts.sinks_gone", { findings: stale.length });
    },
  };
}
