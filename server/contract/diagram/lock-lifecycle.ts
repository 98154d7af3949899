/**
 * The life of a lock of Dynflow's coordinator. Frozen; every screen takes the state of a lock from `lockState` here.
 *
 * Source: Dynflow/dynflow 2.0.0 lib/dynflow/coordinator.rb (classes of locks, owners), lib/dynflow/world/invalidation.rb.
 */
import { dynflowSource, type Machine, machine, ownSource, ways } from "./machine.ts";

export const LOCK_STATES = ["planning", "held", "singleton", "inhibition", "orphaned", "released"] as const;
export type LockState = (typeof LOCK_STATES)[number];

export const LOCK_MACHINE: Machine<LockState> = machine({
  kind: "lock",
  group: "Dynflow",
  name: "lock",
  title: "Life of a lock",
  system: "lock",
  states: LOCK_STATES,
  means: {
    planning: "a world lays out the steps of the plan",
    held: "a world executes the plan, or has a part that only one world may have at a time",
    singleton: "a plan keeps others of its class from running, until it stops or pauses",
    inhibition: "a plan is being halted and must not be executed meanwhile",
    orphaned: "the world that holds it has no record any more: nobody goes on with what it guards",
    released: "its record is deleted",
  },
  transitions: ways<LockState>([
    ["planning", "released", "planned, or failed"],
    ["held", "released", "run ended"],
    ["singleton", "released", "plan stopped or paused"],
    ["inhibition", "released", "plan stopped"],
    ["planning", "orphaned", "its world is gone"],
    ["held", "orphaned", "its world is gone"],
    ["orphaned", "released", "the next executor cleans up"],
  ]),
  first: ["planning", "held", "singleton", "inhibition"],
  last: ["released"],
  sources: [
    dynflowSource("lib/dynflow/coordinator.rb, lib/dynflow/world/invalidation.rb"),
    ownSource("server/contract/diagram/lock-lifecycle.ts, from the lock's class and the worlds there are"),
  ],
});

/** The state of a lock that is there, from its class and whether the world that holds it still has a record. */
export function lockState({
  class: name,
  orphaned,
}: {
  readonly class: string;
  readonly orphaned: boolean;
}): Exclude<LockState, "released"> {
  if (orphaned) return "orphaned";
  if (name.endsWith("PlanningLock")) return "planning";
  if (name.endsWith("ExecutionInhibitionLock")) return "inhibition";
  return name.endsWith("SingletonActionLock") ? "singleton" : "held";
}
