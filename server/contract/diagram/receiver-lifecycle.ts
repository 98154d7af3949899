/** The life of a receiver of what agents send, as its queue and its last batch tell it. */
import { RECEIVER_STATES, type ReceiverState } from "#server/contract/agents.ts";
import { type Machine, machine, ownSource, ways } from "./machine.ts";

export const RECEIVER_MACHINE: Machine<ReceiverState> = machine({
  kind: "receiver",
  group: "Agents",
  name: "receiver",
  title: "Life of a receiver",
  system: "receiver",
  states: RECEIVER_STATES,
  means: {
    ok: "it takes what comes, and its queue empties",
    lagging: "its queue does not empty: what comes waits longer than it should",
    failing: "its last batch failed and is tried again; others are not held up by it",
    full: "nothing more fits into its queue: it holds its senders back, or drops, as it is configured",
    stopped: "it was taken out of the configuration, or its gateway has ended",
  },
  transitions: ways<ReceiverState>([
    ["ok", "lagging", "over 5 s behind"],
    ["ok", "failing", "a batch failed"],
    ["ok", "full", "nothing more fits"],
    ["lagging", "ok", "caught up"],
    ["lagging", "failing", "a batch failed"],
    ["lagging", "full", "nothing more fits"],
    ["failing", "ok", "a batch went through"],
    ["failing", "lagging", "goes through, behind"],
    ["failing", "full", "nothing more fits"],
    ["full", "ok", "empty again"],
    ["full", "lagging", "room again, behind"],
    ["full", "failing", "room again, it fails"],
    ["ok", "stopped", "taken out"],
    ["lagging", "stopped", "taken out"],
    ["failing", "stopped", "taken out"],
    ["full", "stopped", "taken out"],
  ]),
  first: ["ok"],
  last: ["stopped"],
  direction: "TB",
  sources: [ownSource("server/ingest/domain/receiver-state.ts")],
});
