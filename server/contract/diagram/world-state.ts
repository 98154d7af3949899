/** In which state of its life (`world-lifecycle.ts`) a Dynflow world is; apart, as pages judge more often than they draw. */
import type { LockFold, WorldFold } from "#server/contract/fold/dynflow.ts";

export const WORLD_STATES = [
  "active",
  "client",
  "terminating",
  "not answering",
  "invalidating",
  "unreadable",
  "gone",
] as const;
export type WorldState = (typeof WORLD_STATES)[number];

/** What its record, our pings and the lock of an invalidation say together. */
export function worldState(
  world: Pick<WorldFold, "unreadable" | "executor" | "active" | "ping">,
  isInvalidated = false,
): WorldState {
  if (isInvalidated) return "invalidating";
  if (world.unreadable !== null) return "unreadable";
  if (world.ping !== null && world.ping.roundTripMs === null) return "not answering";
  if (!world.executor) return "client";
  return world.active === false ? "terminating" : "active";
}

const INVALIDATION_CLASS = "WorldInvalidationLock";
const INVALIDATION_ID = "world-invalidation:";

/** Worlds that somebody invalidates now, by the locks that are held for it. */
export function invalidatedWorlds(locks: Iterable<Pick<LockFold, "class" | "id">>): ReadonlySet<string> {
  const ids = new Set<string>();
  for (const { class: name, id } of locks) {
    if (name.endsWith(INVALIDATION_CLASS) && id.startsWith(INVALIDATION_ID)) ids.add(id.slice(INVALIDATION_ID.length));
  }
  return ids;
}
