import type { EventDraft } from "#server/contract/event.ts";
import type { Clock, MonotonicMs } from "#server/kernel/clock.ts";
import type { FoldView } from "#server/live/ports.ts";
import type { CoordinatorRecord } from "./domain/model.ts";
import { EXECUTION_LOCK_CLASS, EXECUTOR_WORLD_CLASS, isWorldClass, PLANNING_LOCK_CLASS } from "./domain/records.ts";
import type { SourceMonitor } from "./follower-monitor.ts";
import { isKnown, recordDrafts, vanishedDrafts } from "./follower-record-diff.ts";
import { toLockFacts } from "./follower-records.ts";
import type { DynflowStore, RecordKey } from "./ports.ts";

/** The port answers at most so many keys; an answer of that length may be cut, so nothing is concluded missing. */
const KEYS_MAX = 10_000;
const RECORDS_PER_READ = 500;
/** New records taken up in one look; the rest waits for the next. */
const NEW_RECORDS_PER_LOOK = 2_000;
/**
 * Known records read again in one look, in turn: an active flag, a heartbeat, a lock taken again by another. Of one class
 * a look, because that is one query: executors in every other look, all other classes in turn in between.
 */
const REREAD_PER_LOOK = 25;
/** A heartbeat alone is an event at most this often per world. */
const LAST_SEEN_INTERVAL_MS = 60_000;

/** Worlds and locks: all keys in every look, data of new keys at once and of known ones in rotation. */
export interface WorldsLook {
  /** Answers ids of plans whose locks came or went: they are worth a look. */
  look(): Promise<readonly string[]>;
}

export function createWorldsLook(options: {
  readonly sourceId: string;
  readonly store: Pick<DynflowStore, "recordKeys" | "records">;
  readonly view: Pick<FoldView, "dynflow">;
  readonly monitor: Pick<SourceMonitor, "read" | "record">;
  readonly clock: Clock;
}): WorldsLook {
  const { sourceId, store, view, monitor, clock } = options;
  const lastSeenToldAt = new Map<string, MonotonicMs>();
  const turns = new Map<string, number>();
  let looks = 0;

  async function readRecords(keys: readonly RecordKey[]): Promise<readonly CoordinatorRecord[]> {
    const found: CoordinatorRecord[] = [];
    for (let start = 0; start < keys.length; start += RECORDS_PER_READ) {
      found.push(...(await monitor.read(() => store.records(keys.slice(start, start + RECORDS_PER_READ)))));
    }
    return found;
  }

  /** The next keys to read again, of the class whose turn it is. */
  function inTurn(keys: readonly RecordKey[]): readonly RecordKey[] {
    const others = [...new Set(keys.map((key) => key.class))]
      .filter((name) => name !== EXECUTOR_WORLD_CLASS)
      .toSorted();
    looks += 1;
    const name = looks % 2 === 0 ? EXECUTOR_WORLD_CLASS : others[((looks - 1) / 2) % Math.max(1, others.length)];
    const ofClass = keys.filter((key) => key.class === name);
    if (name === undefined || ofClass.length <= REREAD_PER_LOOK) return ofClass;
    const start = (turns.get(name) ?? 0) % ofClass.length;
    turns.set(name, start + REREAD_PER_LOOK);
    return [...ofClass.slice(start), ...ofClass.slice(0, start)].slice(0, REREAD_PER_LOOK);
  }

  function isLastSeenDue(worldId: string, at: MonotonicMs): boolean {
    const toldAt = lastSeenToldAt.get(worldId);
    return toldAt === undefined || at - toldAt >= LAST_SEEN_INTERVAL_MS;
  }

  return {
    async look() {
      const keys = await monitor.read(() => store.recordKeys());
      const fold = view.dynflow(sourceId);
      const fresh = keys.filter((key) => !isKnown(fold, key)).slice(0, NEW_RECORDS_PER_LOOK);
      const known = inTurn(keys.filter((key) => isKnown(fold, key)));
      const records = await readRecords([...fresh, ...known]);
      const gone = keys.length < KEYS_MAX ? vanishedDrafts(fold, keys, clock.now()) : [];
      const drafts: EventDraft[] = [...gone];
      for (const record of records) {
        const lastSeenDue = isLastSeenDue(record.id, clock.monotonic());
        const changes = recordDrafts(fold, record, { now: clock.now(), lastSeenDue });
        if (changes.length > 0 && isWorldClass(record.class)) lastSeenToldAt.set(record.id, clock.monotonic());
        drafts.push(...changes);
      }
      for (const draft of gone) lastSeenToldAt.delete(draft.subject);
      const touched = planIdsTouched(fold, gone, records);
      await monitor.record(drafts);
      return touched;
    },
  };
}

const TELLING_LOCKS: ReadonlySet<string> = new Set([EXECUTION_LOCK_CLASS, PLANNING_LOCK_CLASS]);

/** Plans of locks that are new or gone. Only locks that are held while a plan moves tell of one. */
function planIdsTouched(
  fold: ReturnType<FoldView["dynflow"]>,
  gone: readonly EventDraft[],
  records: readonly CoordinatorRecord[],
): readonly string[] {
  const ids = new Set<string>();
  for (const draft of gone) {
    if (draft.kind !== "dynflow.lock.released") continue;
    const planId = fold.locks[draft.subject]?.planId ?? null;
    if (planId !== null && TELLING_LOCKS.has(draft.body.class)) ids.add(planId);
  }
  for (const record of records) {
    if (!TELLING_LOCKS.has(record.class) || isKnown(fold, record)) continue;
    const planId = toLockFacts(record)?.planId ?? null;
    if (planId !== null) ids.add(planId);
  }
  return [...ids];
}
