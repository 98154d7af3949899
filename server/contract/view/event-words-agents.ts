/** Events of agents, gateways and receivers in words. Pure; total. */
import type { AgentEventBodies } from "#server/contract/agents.ts";
import { isMasked, type JournalEvent, shownText } from "#server/contract/event.ts";
import { unreachable } from "#server/kernel/errors.ts";
import { lookOf, type Shape, type Tone } from "#server/kernel/states.ts";
import { formatAgeMs, formatCount, formatDurationMs, plural, shortId } from "./words.ts";

type AgentEvent = Extract<JournalEvent, { readonly kind: keyof AgentEventBodies }>;

interface Told {
  readonly tone: Tone;
  readonly shape: Shape;
  readonly what: string;
  readonly subject: string | undefined;
}

type Look = Pick<Told, "tone" | "shape">;
const PLAIN: Look = { tone: "idle", shape: "ring" };

/** The event as it is told. */
export function agentWords(event: AgentEvent): Told {
  const told = (what: string, look: Look = PLAIN): Told => ({ ...look, what, subject: event.subject });
  switch (event.kind) {
    case "agent.seen": {
      const { about, door, gateway } = event.body;
      const host = about?.hostname ?? null;
      const from = host === null ? "" : ` from ${host}`;
      const program = about?.program ?? null;
      return told(`seen${from} at ${gateway} by ${DOORS[door]}${program === null ? "" : `, ${program}`}`);
    }
    case "agent.state_changed": {
      const { from, to, evidence } = event.body;
      return told(`${from} → ${to}, ${evidence}`, lookOf("agent", to));
    }
    case "agent.restarted":
      return told(`restarted, boot ${shortId(event.body.to)}`, lookOf("agent", "restarted"));
    case "agent.gap": {
      const { fromSeq, toSeq } = event.body;
      const range = fromSeq === toSeq ? `number ${fromSeq}` : `numbers ${fromSeq} to ${toSeq}`;
      return told(`${plural(toSeq - fromSeq + 1, "item")} never came, ${range}`, lookOf("agent", "gap"));
    }
    case "agent.skew_changed":
      return told(skewWords(event.body.skewMs));
    case "agent.message": {
      const { type, kind, seq, body } = event.body;
      return told(`${type} ${kind}, number ${formatCount(seq)}${isMasked(body) ? ", hidden from viewers" : ""}`);
    }
    case "ingest.pipeline.changed": {
      const { types, receivers, routes } = event.body;
      return told(
        `routes ${plural(types.length, "type")} to ${plural(receivers.length, "receiver")} by ${plural(routes.length, "rule")}`,
      );
    }
    case "ingest.gateway.changed": {
      const { state, evidence } = event.body;
      return told(`gateway ${state === "up" ? "is up" : "is gone"}, ${evidence}`, lookOf("gateway", state));
    }
    case "ingest.receiver.changed": {
      const { receiver, from, to, reason } = event.body;
      const why = reason === null ? "" : `, ${shownText(reason)}`;
      return told(`receiver ${receiver} ${from ?? "–"} → ${to}${why}`, lookOf("receiver", to));
    }
    default:
      return unreachable(event);
  }
}

const DOORS: Readonly<Record<AgentEventBodies["agent.seen"]["door"], string>> = {
  http: "HTTP",
  websocket: "WebSocket",
  poa: "the older protocol",
};

/** Which way a clock is off, as a sentence's part. Received minus sent: a clock that is ahead gives less than nothing. */
export function skewWords(skewMs: number): string {
  if (Math.abs(skewMs) < SKEW_OF_NOTE_MS) return `its clock is within ${formatDurationMs(SKEW_OF_NOTE_MS)} of ours`;
  return `its clock is ${formatAgeMs(Math.abs(skewMs))} ${skewMs < 0 ? "ahead of" : "behind"} ours`;
}

/** Below this a difference of clocks cannot be told from the way. */
const SKEW_OF_NOTE_MS = 1_000;
