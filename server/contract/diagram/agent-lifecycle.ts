/** The life of an agent as the gateway sees it, by its signs of life alone: drawn from the ways that its judge goes by. */
import { AGENT_STATE_MEANS, AGENT_STATES, AGENT_WAYS, type AgentState } from "#server/contract/agents.ts";
import { type Machine, machine, ownSource, ways } from "./machine.ts";

export const AGENT_MACHINE: Machine<AgentState> = machine({
  kind: "agent",
  group: "Agents",
  name: "agent",
  title: "Life of an agent",
  system: "agent",
  states: AGENT_STATES,
  means: AGENT_STATE_MEANS,
  transitions: ways<AgentState>(AGENT_WAYS),
  first: ["unknown"],
  last: ["forgotten"],
  direction: "TB",
  sources: [ownSource("server/contract/agents.ts, server/ingest/domain/agent-judgement.ts")],
});
