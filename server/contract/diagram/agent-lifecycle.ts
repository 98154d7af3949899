/** The life of an agent as the gateway sees it: by its signs of life alone. Frozen. */
import { AGENT_STATES, type AgentState } from "#server/contract/agents.ts";
import { type Machine, machine, ownSource, ways } from "./machine.ts";

export const AGENT_MACHINE: Machine<AgentState> = machine({
  kind: "agent",
  group: "Agents",
  name: "agent",
  title: "Life of an agent",
  system: "agent",
  states: AGENT_STATES,
  means: {
    unknown: "not judged: no gateway watches it at present, or it was just taken over",
    active: "a sign of life came within its time; any call that was accepted is one",
    late: "its last sign of life is older than it should be, and not old enough to call it inactive",
    inactive: "silent for longer than it may be: it, its host or the way to us is down",
    left: "it said that it was leaving",
    forgotten: "silent for so long that it is not listed any more",
  },
  transitions: ways<AgentState>([
    ["unknown", "active", "sign of life"],
    ["active", "late", "a ping is missed"],
    ["late", "active", "sign of life"],
    ["late", "inactive", "silent too long"],
    ["inactive", "active", "sign of life"],
    ["inactive", "forgotten", "silent for a day"],
    ["active", "left", "said goodbye"],
    ["left", "active", "came back"],
    ["left", "forgotten", "gone for a day"],
  ]),
  first: ["unknown", "active"],
  last: ["forgotten"],
  sources: [ownSource("server/ingest, by the signs of life at its doors")],
});
