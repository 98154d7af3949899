import type { AgentFacts, AgentState, PipelineFacts, ReceiverState } from "#server/contract/agents.ts";
import type { JournalEvent, Maskable } from "#server/contract/event.ts";
import type { EpochMs } from "#server/kernel/clock.ts";
import { COPYING, type RecordEditor } from "./record.ts";
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
  readonly skewMs: number | null;
}

export interface GatewayFold {
  readonly state: "up" | "gone";
  readonly since: EpochMs;
  readonly host: string;
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

/** Pure and total; an event of another kind changes nothing. */
export function reduceIngest(state: IngestFold, event: JournalEvent, _edit: RecordEditor = COPYING): IngestFold {
  switch (event.kind) {
    case "source.state_changed":
      return { ...state, source: reduceSource(state.source, event) };
    default:
      return state;
  }
}
