/** Worlds and locks of all sources as lines, worst first. Pure. */
import { isExecutionLock } from "#components/plan/lock-words.ts";
import { lockState } from "#server/contract/diagram/lock-lifecycle.ts";
import { invalidatedWorlds, worldState } from "#server/contract/diagram/world-state.ts";
import type { DynflowFold, LockFold, WorldFold } from "#server/contract/fold/dynflow.ts";
import { lookOf, TONES_WORST_FIRST } from "#server/kernel/states.ts";

export interface WorldLine {
  readonly source: string;
  readonly id: string;
  readonly world: WorldFold;
  /** In the words of the state language. */
  readonly word: string;
  readonly locks: number;
  /** Plans it runs now: execution locks. */
  readonly plans: number;
  /** Its part of all plans that are run in its source, 0 to 1; `null` = none is run. */
  readonly share: number | null;
  /** What it does besides, by the locks it holds. */
  readonly roles: readonly string[];
  /** This console's own client world. */
  readonly ours: boolean;
}

export interface LockLine {
  readonly source: string;
  readonly lock: LockFold;
  readonly word: string;
}

interface Source {
  readonly id: string;
  readonly fold: DynflowFold;
}

export function worldLines(sources: readonly Source[], own: ReadonlyMap<string, string | null>): readonly WorldLine[] {
  const lines = sources.flatMap(({ id: source, fold }) => {
    const locks = Object.values(fold.locks);
    const invalidated = invalidatedWorlds(locks);
    const running = locks.filter((lock) => isExecutionLock(lock.class)).length;
    return Object.entries(fold.worlds).map(([id, world]): WorldLine => {
      const held = locks.filter((lock) => lock.worldId === id);
      const plans = held.filter((lock) => isExecutionLock(lock.class)).length;
      return {
        source,
        id,
        world,
        word: worldState(world, invalidated.has(id)),
        locks: held.length,
        plans,
        share: running === 0 ? null : plans / running,
        roles: held.flatMap((lock) => roleOfLock(lock.class) ?? []),
        ours: own.get(source) === id,
      };
    });
  });
  return lines.sort(
    (a, b) =>
      Number(b.world.executor) - Number(a.world.executor) ||
      rank(a.word) - rank(b.word) ||
      compare(a.source, b.source) ||
      compare(a.world.hostname ?? "", b.world.hostname ?? "") ||
      compare(a.id, b.id),
  );
}

const rank = (word: string): number => TONES_WORST_FIRST.indexOf(lookOf("world", word).tone);
const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

/** Locks, those whose world is gone first, then the oldest. */
export function lockLines(sources: readonly Source[]): readonly LockLine[] {
  return sources
    .flatMap(({ id: source, fold }) =>
      Object.values(fold.locks).map((lock): LockLine => {
        const orphaned = lock.worldId !== null && !Object.hasOwn(fold.worlds, lock.worldId);
        return { source, lock, word: lockState({ class: lock.class, orphaned }) };
      }),
    )
    .sort(
      (a, b) => Number(b.word === "orphaned") - Number(a.word === "orphaned") || a.lock.seenSince - b.lock.seenSince,
    );
}

/** `default 5, hosts 2`. */
export const queueText = (queues: Readonly<Record<string, number>>): string =>
  Object.entries(queues)
    .map(([name, size]) => `${name} ${size}`)
    .join(", ");

const ROLES: Readonly<Record<string, string>> = {
  "delayed-executor": "starts delayed plans",
  "plan-cleaner": "cleans up old plans",
  "auto-execute": "is starting up: resumes what nobody holds",
};

/** What a world does besides running plans, by the lock it holds. */
export const roleText = (role: string): string => ROLES[role] ?? role;

/** The same from the class of the lock; `null` = it is no such lock. */
export function roleOfLock(name: string): string | null {
  const role = LOCK_ROLES.find(([end]) => name.endsWith(`::${end}`))?.[1];
  return role === undefined ? null : role;
}
const LOCK_ROLES = [
  ["DelayedExecutorLock", "delayed-executor"],
  ["ExecutionPlanCleanerLock", "plan-cleaner"],
  ["AutoExecuteLock", "auto-execute"],
] as const;
