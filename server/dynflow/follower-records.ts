/** Coordinator records as the fold keeps them. */
import type { LockFacts, WorldFacts } from "#server/contract/event.ts";
import type { CoordinatorRecord } from "./domain/model.ts";
import { lockOf, planLockId, worldOf } from "./domain/records.ts";

/** What a world's record says; `null` when the record is no world. One that did not decode says why. */
export function toWorldFacts(record: CoordinatorRecord): WorldFacts | null {
  const world = worldOf(record);
  if (world === null) return null;
  const executor = world.kind === "executor";
  const unreadable = unreadableOf(record);
  return {
    class: record.class,
    executor,
    active: executor && unreadable === null ? world.state === "active" : null,
    hostname: world.hostname,
    pid: world.pid,
    queues: Object.fromEntries(
      world.queues.flatMap(({ name, poolSize }) => (poolSize === null ? [] : [[name, poolSize]])),
    ),
    lastSeenText: world.lastSeenText,
    unreadable,
  };
}

/** What a lock's record says; `null` when the record is a world. Without a field for it, its plan is read from its id. */
export function toLockFacts(record: CoordinatorRecord): LockFacts | null {
  const lock = lockOf(record);
  if (lock === null) return null;
  return {
    class: lock.class,
    id: lock.id,
    ownerId: lock.ownerId,
    planId: lock.planId ?? planIdOf(lock.id),
    worldId: lock.worldId,
    clientWorldId: lock.clientWorldId,
    requestId: lock.requestId,
    unreadable: unreadableOf(record),
  };
}

const PLAN_PREFIX = planLockId("");
const planIdOf = (id: string): string | null => (id.startsWith(PLAN_PREFIX) ? id.slice(PLAN_PREFIX.length) : null);

function unreadableOf(record: CoordinatorRecord): string | null {
  if (!record.data.ok) return record.data.reason;
  const { value } = record.data;
  return typeof value === "object" && value !== null && !Array.isArray(value) ? null : "the record is no map";
}
