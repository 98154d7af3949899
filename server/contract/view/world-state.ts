import type { WorldFold } from "#server/contract/fold/dynflow.ts";

/** What is known of a world, as a word of the state language (`STATES.world`). */
export function worldState(world: Pick<WorldFold, "unreadable" | "executor" | "active" | "ping">): string {
  if (world.unreadable !== null) return "unreadable";
  if (world.ping !== null && world.ping.roundTripMs === null) return "no pong";
  if (!world.executor) return "client";
  if (world.active === false) return "terminating";
  return world.active === true ? "active" : "not asked";
}
