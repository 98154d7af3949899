/**
 * The life of a Dynflow world as its coordinator record and this console's own pings tell it. Frozen; every screen takes
 * the state of a world from `worldState` (`world-state.ts`).
 *
 * Source: Dynflow/dynflow 2.0.0 lib/dynflow/coordinator.rb (its record), world/invalidation.rb (who takes it away).
 */
import { dynflowSource, type Machine, machine, ownSource, ways } from "./machine.ts";
import { WORLD_STATES, type WorldState } from "./world-state.ts";

export const WORLD_MACHINE: Machine<WorldState> = /* @__PURE__ */ machine({
  kind: "world",
  group: "Dynflow",
  name: "world",
  title: "Life of a world",
  system: "world",
  states: WORLD_STATES,
  means: {
    active: "an executor: it is registered and takes plans",
    client: "registered without an executor: it sends requests and runs nothing",
    terminating: "its record says that it is ending: it takes no more plans, and still answers pings",
    "not answering": "our last ping got no answer in time; it may be busy or gone",
    invalidating: "another world is taking it away: its plans are stopped or handed on, its locks deleted",
    unreadable: "its record cannot be read by this console",
    gone: "its record is deleted: it left by itself, or was invalidated",
  },
  transitions: /* @__PURE__ */ ways<WorldState>([
    ["active", "terminating", "told to end"],
    ["active", "not answering", "no pong"],
    ["not answering", "active", "pong"],
    ["client", "not answering", "no pong"],
    ["not answering", "client", "pong"],
    ["terminating", "not answering", "no pong"],
    ["not answering", "invalidating", "somebody invalidates it"],
    ["active", "invalidating", "somebody invalidates it"],
    ["client", "invalidating", "somebody invalidates it"],
    ["terminating", "invalidating", "somebody invalidates it"],
    ["invalidating", "gone", "record deleted"],
    ["terminating", "gone", "left"],
    ["client", "gone", "left"],
    ["unreadable", "gone", "record deleted"],
  ]),
  first: ["active", "client", "unreadable"],
  last: ["gone"],
  direction: "TB",
  sources: [
    /* @__PURE__ */ dynflowSource("lib/dynflow/coordinator.rb, lib/dynflow/world/invalidation.rb"),
    /* @__PURE__ */ ownSource("server/contract/diagram/world-lifecycle.ts, from records, locks and our own pings"),
  ],
});
