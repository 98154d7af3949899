import { canonicalJson } from "#server/contract/canonical.ts";
import type { EventDraft, LockFacts, WorldFacts } from "#server/contract/event.ts";
import { type DynflowFold, lockKey } from "#server/contract/fold/dynflow.ts";
import type { EpochMs } from "#server/kernel/clock.ts";
import type { CoordinatorRecord } from "./domain/model.ts";
import { isWorldClass } from "./domain/records.ts";
import { toLockFacts, toWorldFacts } from "./follower-records.ts";
import type { RecordKey } from "./ports.ts";

/** Records are told apart by class and id together, worlds by id. */
export function isKnown(fold: DynflowFold, key: RecordKey): boolean {
  if (!isWorldClass(key.class)) return fold.locks[lockKey(key)] !== undefined;
  return fold.worlds[key.id]?.class === key.class;
}

/** Drafts for everything of the fold that has no record any more. `keys` must be all keys there are. */
export function vanishedDrafts(fold: DynflowFold, keys: readonly RecordKey[], now: EpochMs): EventDraft[] {
  const present = new Set(keys.map(lockKey));
  const worlds = Object.entries(fold.worlds).filter(([id, world]) => !present.has(lockKey({ class: world.class, id })));
  const locks = Object.values(fold.locks).filter((lock) => !present.has(lockKey(lock)));
  return [
    ...locks.map((lock) => released(lock, now)),
    ...worlds.map(
      ([id, world]): EventDraft => ({
        kind: "dynflow.world.gone",
        subject: id,
        occurredAt: now,
        body: { class: world.class },
      }),
    ),
  ];
}

export interface RecordDiffOptions {
  readonly now: EpochMs;
  /** `last_seen` changes with every heartbeat; alone, it is told only when this is set. */
  readonly lastSeenDue: boolean;
}

/** Drafts for one record that was read: new, changed, or taken again by another; none when it is as known. */
export function recordDrafts(fold: DynflowFold, record: CoordinatorRecord, options: RecordDiffOptions): EventDraft[] {
  const world = toWorldFacts(record);
  if (world !== null) return worldDrafts(fold, record.id, world, options);
  const lock = toLockFacts(record);
  return lock === null ? [] : lockDrafts(fold, lock, options.now);
}

function worldDrafts(fold: DynflowFold, id: string, facts: WorldFacts, options: RecordDiffOptions): EventDraft[] {
  const known = fold.worlds[id];
  const draft = { subject: id, occurredAt: options.now, body: facts };
  if (known === undefined || known.class !== facts.class) return [{ kind: "dynflow.world.registered", ...draft }];
  const { seenSince: _since, ping: _ping, ...before } = known;
  const lastSeenText = options.lastSeenDue ? facts.lastSeenText : before.lastSeenText;
  const same = canonicalJson(before) === canonicalJson({ ...facts, lastSeenText });
  return same ? [] : [{ kind: "dynflow.world.changed", ...draft }];
}

function lockDrafts(fold: DynflowFold, facts: LockFacts, now: EpochMs): EventDraft[] {
  const known = fold.locks[lockKey(facts)];
  const acquired: EventDraft = {
    kind: "dynflow.lock.acquired",
    subject: lockKey(facts),
    occurredAt: now,
    body: facts,
  };
  if (known === undefined) return [acquired];
  const { seenSince: _since, ...before } = known;
  return canonicalJson(before) === canonicalJson(facts) ? [] : [released(known, now), acquired];
}

const released = (lock: RecordKey, now: EpochMs): EventDraft => ({
  kind: "dynflow.lock.released",
  subject: lockKey(lock),
  occurredAt: now,
  body: { class: lock.class, id: lock.id },
});
