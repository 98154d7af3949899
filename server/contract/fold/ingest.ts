import type { AgentFacts, AgentState, PipelineFacts, ReceiverState } from "#server/contract/agents.ts";
import type { JournalEvent, Maskable } from "#server/contract/event.ts";
import type { EpochMs } from "#server/kernel/clock.ts";
import { COPYING, own, type RecordEditor } from "./record.ts";
import { reduceSource, type SourceFold, UNKNOWN_SOURCE } from "./source.ts";

export interface AgentFold extends AgentFacts {
  readonly state: AgentState;
  readonly stateSince: EpochMs;
  readonly seenSince: EpochMs;
  /** Why it is in this state. */
  readonly evidence: string;
  readonly restarts: number;
  /** Items lost on the way, of all its boots seen. */
  readonly missing: number;
  /** When items were last told as lost; `null` = never. */
  readonly missingAt: EpochMs | null;
  readonly skewMs: number | null;
}

export interface GatewayFold {
  readonly state: "up" | "gone";
  readonly since: EpochMs;
  readonly host: string;
  readonly evidence: string;
  /** Receiver id to how it stands. */
  readonly receivers: Readonly<
    Record<string, { readonly state: ReceiverState; readonly since: EpochMs; readonly reason: Maskable<string> | null }>
  >;
}

export interface IngestFold {
  readonly family: "ingest";
  readonly source: SourceFold;
  readonly agents: Readonly<Record<string, AgentFold>>;
  /** By `host:pid`. */
  readonly gateways: Readonly<Record<string, GatewayFold>>;
  readonly pipeline: PipelineFacts | null;
}

export const EMPTY_INGEST: IngestFold = {
  family: "ingest",
  source: UNKNOWN_SOURCE,
  agents: {},
  gateways: {},
  pipeline: null,
};

/** Gateways that are gone are kept to be looked at: no more than these, and none of a host on which one came up since. */
const GONE_GATEWAYS_MAX = 16;
const RECEIVERS_PER_GATEWAY_MAX = 64;

/**
 * Pure and total; an event of another kind changes nothing. Bounded by the watch, which forgets agents and refuses more
 * than it takes.
 */
export function reduceIngest(state: IngestFold, event: JournalEvent, edit: RecordEditor = COPYING): IngestFold {
  switch (event.kind) {
    case "source.state_changed":
      return { ...state, source: reduceSource(state.source, event) };
    case "agent.seen":
      return withAgent(state, event.subject, edit, seen(own(state.agents, event.subject), event));
    case "agent.state_changed":
      return event.body.to === "forgotten"
        ? { ...state, agents: edit.drop(state.agents, event.subject) }
        : changeAgent(state, event.subject, edit, (agent) => ({
            ...agent,
            state: event.body.to,
            stateSince: event.observedAt,
            evidence: event.body.evidence,
          }));
    case "agent.restarted":
      return changeAgent(state, event.subject, edit, (agent) => ({
        ...agent,
        bootId: event.body.to,
        restarts: agent.restarts + 1,
      }));
    case "agent.gap":
      return changeAgent(state, event.subject, edit, (agent) => ({
        ...agent,
        missing: agent.missing + Math.max(0, event.body.toSeq - event.body.fromSeq + 1),
        missingAt: event.observedAt,
      }));
    case "agent.skew_changed":
      return changeAgent(state, event.subject, edit, (agent) => ({ ...agent, skewMs: event.body.skewMs }));
    case "ingest.pipeline.changed":
      return { ...state, pipeline: event.body };
    case "ingest.gateway.changed":
      return { ...state, gateways: withGateway(state.gateways, event, edit) };
    case "ingest.receiver.changed":
      return { ...state, gateways: withReceiver(state.gateways, event, edit) };
    default:
      return state;
  }
}

type EventOf<K extends JournalEvent["kind"]> = Extract<JournalEvent, { readonly kind: K }>;

/** First sight, or what it says of itself now: its state stays. */
function seen(before: AgentFold | undefined, { body, observedAt }: EventOf<"agent.seen">): AgentFold {
  if (before !== undefined) return { ...before, ...body };
  return {
    ...body,
    state: "unknown",
    stateSince: observedAt,
    seenSince: observedAt,
    evidence: "seen for the first time",
    restarts: 0,
    missing: 0,
    missingAt: null,
    skewMs: null,
  };
}

const withAgent = (state: IngestFold, id: string, edit: RecordEditor, agent: AgentFold): IngestFold => ({
  ...state,
  agents: edit.put(state.agents, id, agent),
});

/** Of an agent that was never seen, or is forgotten, nothing else is kept. */
function changeAgent(
  state: IngestFold,
  id: string,
  edit: RecordEditor,
  change: (agent: AgentFold) => AgentFold,
): IngestFold {
  const agent = own(state.agents, id);
  return agent === undefined ? state : withAgent(state, id, edit, change(agent));
}

type Gateways = IngestFold["gateways"];

function withGateway(gateways: Gateways, event: EventOf<"ingest.gateway.changed">, edit: RecordEditor): Gateways {
  const { state, host, evidence } = event.body;
  const before = own(gateways, event.subject);
  const gateway = { state, since: event.observedAt, host, evidence, receivers: before?.receivers ?? {} };
  const over = goneIn(gateways).filter(([id]) => id !== event.subject);
  const replaced = state === "up" ? over.filter(([, gone]) => gone.host === host) : over.slice(GONE_GATEWAYS_MAX - 1);
  return replaced.reduce((kept, [id]) => edit.drop(kept, id), edit.put(gateways, event.subject, gateway));
}

/** The one that went last first. */
const goneIn = (gateways: Gateways): readonly (readonly [string, GatewayFold])[] =>
  Object.entries(gateways)
    .filter(([, { state }]) => state === "gone")
    .toSorted(([a, one], [b, other]) => other.since - one.since || (a < b ? -1 : 1));

function withReceiver(gateways: Gateways, event: EventOf<"ingest.receiver.changed">, edit: RecordEditor): Gateways {
  const { gateway: id, receiver, to, reason } = event.body;
  const gateway = own(gateways, id);
  if (gateway === undefined) return gateways;
  const isNew = own(gateway.receivers, receiver) === undefined;
  if (isNew && Object.keys(gateway.receivers).length >= RECEIVERS_PER_GATEWAY_MAX) return gateways;
  const receivers = edit.put(gateway.receivers, receiver, { state: to, since: event.observedAt, reason });
  return edit.put(gateways, id, { ...gateway, receivers });
}
