/** What is said of agents and of the gateway that takes in what they send: facts for events and fold. JSON-safe. */
import type { Maskable } from "#server/contract/event.ts";
import type { EpochMs } from "#server/kernel/clock.ts";
import type { JsonValue } from "#server/kernel/json.ts";

/** `forgotten` is the end: such an agent leaves the fold. */
export const AGENT_STATES = ["unknown", "active", "late", "inactive", "left", "forgotten"] as const;
export type AgentState = (typeof AGENT_STATES)[number];

type AgentWay = readonly [from: AgentState, to: AgentState, label: string];
const agentWay = (from: AgentState, to: AgentState, label: string): AgentWay =>
  Object.freeze([from, to, label] as const);

/** Every way from a state to another: the judge goes by these and by no others, the diagram is drawn from them. */
export const AGENT_WAYS: readonly AgentWay[] = Object.freeze([
  agentWay("unknown", "active", "sign of life"),
  agentWay("unknown", "inactive", "never heard again"),
  agentWay("unknown", "left", "bye"),
  agentWay("active", "late", "missed a ping"),
  agentWay("active", "left", "bye"),
  agentWay("late", "active", "sign of life"),
  agentWay("late", "inactive", "silent too long"),
  agentWay("late", "left", "bye"),
  agentWay("inactive", "active", "sign of life"),
  agentWay("inactive", "left", "bye"),
  agentWay("inactive", "forgotten", "a day without a sign"),
  agentWay("left", "active", "sign of life"),
  agentWay("left", "forgotten", "a day without a sign"),
]);

/** What each state says, for people. */
export const AGENT_STATE_MEANS: Readonly<Record<AgentState, string>> = Object.freeze({
  unknown: "seen, and not judged yet",
  active: "its last sign of life is younger than two pings",
  late: "one ping and a little more has passed without a sign",
  inactive: "silent for longer than it may be: somebody should look",
  left: "it said bye: nobody has to look",
  forgotten: "silent for so long that it is not listed any more",
});

/** Why a gateway is gone that was told to stop. */
export const GATEWAY_STOPPED = "it was told to stop";

/** By which door an agent comes in. */
export const INGEST_DOORS = ["http", "websocket", "poa"] as const;
export type IngestDoor = (typeof INGEST_DOORS)[number];

/** What an agent says of itself when it opens a session; all of it is a claim. */
export interface AgentAbout {
  readonly hostname: string | null;
  /** Addresses of its host, at most 16; masked for viewers. */
  readonly addresses: Maskable<readonly string[]>;
  /** Program and version. */
  readonly program: string | null;
}

export interface AgentFacts {
  readonly about: AgentAbout | null;
  readonly door: IngestDoor;
  /** Peer address at the gateway; masked for viewers. */
  readonly peer: Maskable<string>;
  readonly bootId: string;
  /** Which gateway heard it last, as `host:pid`. */
  readonly gateway: string;
}

/** Kinds of receivers there are. */
export const RECEIVER_USES = [
  "live-view",
  "event-log",
  "scylla-table",
  "sqlite-table",
  "webhook",
  "prometheus",
] as const;
export type ReceiverUse = (typeof RECEIVER_USES)[number];

export const RECEIVER_OVERFLOWS = ["block", "keep-latest", "drop-oldest"] as const;
export type ReceiverOverflow = (typeof RECEIVER_OVERFLOWS)[number];

/** `lagging`: its queue does not empty. `failing`: its last batch failed and is tried again. `full`: nothing more fits. */
export const RECEIVER_STATES = ["ok", "lagging", "failing", "full", "stopped"] as const;
export type ReceiverState = (typeof RECEIVER_STATES)[number];

/** What is configured: types to receivers. */
export interface PipelineFacts {
  readonly types: readonly { readonly type: string; readonly kinds: readonly string[] }[];
  readonly receivers: readonly {
    readonly id: string;
    readonly use: ReceiverUse;
    readonly overflow: ReceiverOverflow;
    readonly capacity: number;
  }[];
  /** Empty `kinds` = every kind of the types. */
  readonly routes: readonly {
    readonly types: readonly string[];
    readonly kinds: readonly string[];
    readonly to: readonly string[];
  }[];
  readonly inactiveAfterMs: number;
  /** The doors of older agents are open. */
  readonly poa: boolean;
}

/** Bodies of the events of the stream of agents. The subject is the agent, the gateway or `<gateway>/<receiver>`. */
export interface AgentEventBodies {
  /** First sight of an agent, or it says something else of itself. */
  "agent.seen": AgentFacts;
  /** Exactly one for each change. */
  "agent.state_changed": {
    readonly from: AgentState;
    readonly to: AgentState;
    readonly evidence: string;
    /** Since its last sign of life when it changed. */
    readonly silentMs: number;
    readonly bootId: string | null;
  };
  "agent.restarted": { readonly from: string; readonly to: string };
  /** Items that it numbered and that never came. */
  "agent.gap": {
    readonly bootId: string;
    readonly fromSeq: number;
    readonly toSeq: number;
  };
  /** Its clock and ours have drifted apart, or together again, by more than told before. */
  "agent.skew_changed": { readonly skewMs: number };
  /** What a route has sent to the journal. */
  "agent.message": {
    readonly bootId: string;
    readonly seq: number;
    readonly type: string;
    readonly kind: string;
    readonly at: EpochMs;
    /** Masked for viewers. */
    readonly body: Maskable<JsonValue>;
  };
  "ingest.pipeline.changed": PipelineFacts;
  "ingest.gateway.changed": { readonly state: "up" | "gone"; readonly host: string; readonly evidence: string };
  "ingest.receiver.changed": {
    readonly gateway: string;
    readonly receiver: string;
    readonly from: ReceiverState | null;
    readonly to: ReceiverState;
    readonly reason: Maskable<string> | null;
  };
}

/** High-rate values of the gateways: whole in each sample. */
export interface IngestSample {
  readonly agents: Readonly<Record<string, AgentSample>>;
  /** By `<gateway>/<receiver>`. */
  readonly receivers: Readonly<Record<string, ReceiverSample>>;
  /** By `<gateway>/<door>`. */
  readonly doors: Readonly<Record<string, { readonly perSecond: number; readonly refusedPerSecond: number }>>;
  readonly types: Readonly<Record<string, { readonly perSecond: number }>>;
}

export interface AgentSample {
  readonly lastAt: EpochMs;
  readonly perSecond: number;
  /** Received minus sent by its own clock, median of 20; `null` = not known. */
  readonly skewMs: number | null;
  readonly roundTripMs: number | null;
  /** Of this boot. */
  readonly gaps: number;
  readonly duplicates: number;
  readonly rejected: number;
}

export interface ReceiverSample {
  readonly queued: number;
  readonly capacity: number;
  readonly perSecond: number;
  /** Age of the oldest item that waits. */
  readonly lagMs: number;
  readonly dropped: number;
  readonly deadLettered: number;
}
