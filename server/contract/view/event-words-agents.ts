/** Events of agents, gateways and receivers in words. Pure; total. */
import type { AgentEventBodies } from "#server/contract/agents.ts";
import type { JournalEvent } from "#server/contract/event.ts";
import { lookOf, type Shape, type Tone } from "#server/kernel/states.ts";

type AgentEvent = Extract<JournalEvent, { readonly kind: keyof AgentEventBodies }>;

interface Told {
  readonly tone: Tone;
  readonly shape: Shape;
  readonly what: string;
  readonly subject: string | undefined;
}

const PLAIN = { tone: "idle", shape: "ring" } as const;

/** The event as it is told. */
export function agentWords(event: AgentEvent): Told {
  const told = (what: string, look: Pick<Told, "tone" | "shape"> = PLAIN): Told => ({
    ...look,
    what,
    subject: event.subject,
  });
  switch (event.kind) {
    case "agent.state_changed": {
      const { from, to, evidence } = event.body;
      return told(`${from} → ${to}, ${evidence}`, lookOf("agent", to));
    }
    default:
      return told(event.kind.replaceAll(/[._]/g, " "));
  }
}
