/**
 * The seams of the gateway: doors (HTTP, WebSocket, the older protocol) hand batches to the `Intake`, which checks,
 * drops what it had before, and hands on to receivers; every accepted call is a sign of life for the `AgentWatch`.
 */
import type {
  AgentAbout,
  IngestDoor,
  PipelineFacts,
  ReceiverOverflow,
  ReceiverState,
  ReceiverUse,
} from "#server/contract/agents.ts";
import type { EpochMs } from "#server/kernel/clock.ts";
import type { JsonObject } from "#server/kernel/json.ts";

/** One measurement as an agent sent it, checked for its shape alone. */
export interface Item {
  /** From 1, one more for each item of a boot. */
  readonly seq: number;
  /** By the agent's clock. */
  readonly at: EpochMs;
  readonly type: string;
  readonly kind: string;
  readonly body: JsonObject;
}

/** The same as it goes to receivers. */
export interface Envelope extends Item {
  readonly agentId: string;
  readonly bootId: string;
  readonly receivedAt: EpochMs;
}

/** What a token allows. */
export interface IngestScope {
  /** Whole agent ids, or beginnings that end in `*`. */
  readonly agents: readonly string[];
  /** Types; empty = all. */
  readonly types: readonly string[];
}

export interface Batch {
  readonly agentId: string;
  readonly bootId: string;
  readonly door: IngestDoor;
  readonly scope: IngestScope;
  readonly items: readonly Item[];
  readonly receivedAt: EpochMs;
}

export interface RejectedItem {
  readonly seq: number;
  readonly code: "unknown-type" | "unknown-kind" | "not-allowed" | "invalid-body" | "no-route";
  /** Where in the item, such as `body.cpu_load`. */
  readonly path: string;
}

/**
 * `taken`: every accepted item is durable in each `block` receiver of its route and queued for the others; what was had
 * before is counted as duplicate. `full`: nothing was taken, and the agent waits. `unavailable`: nothing was taken.
 */
export type IntakeAnswer =
  | {
      readonly kind: "taken";
      readonly accepted: number;
      readonly duplicates: number;
      readonly rejected: readonly RejectedItem[];
      /** Items that the gateway takes at once just now. */
      readonly credit: number;
    }
  | { readonly kind: "full"; readonly retryAfterMs: number }
  | { readonly kind: "unavailable"; readonly reason: string };

export interface Intake {
  take(batch: Batch): Promise<IntakeAnswer>;
  /** Items that would be taken now; 0 = wait. */
  credit(): number;
  /** Calls back when credit comes back after it was 0; returns the way to stop. */
  onCredit(listener: () => void): () => void;
  pipeline(): PipelineFacts;
}

export interface Sign {
  readonly agentId: string;
  readonly bootId: string;
  readonly door: IngestDoor;
  readonly peer: string;
  readonly receivedAt: EpochMs;
  /** By the agent's clock, where the call tells it. */
  readonly sentAt: EpochMs | null;
  readonly roundTripMs: number | null;
  /** Set where the call says who it is. */
  readonly about?: AgentAbout | null;
}

/** What the intake has counted of one agent's boot. */
export interface AgentCounts {
  readonly agentId: string;
  readonly bootId: string;
  readonly accepted: number;
  readonly duplicates: number;
  readonly rejected: number;
  /** Ranges of numbers that never came, at most 20 a call. */
  readonly gaps: readonly { readonly from: number; readonly to: number }[];
}

/** Whether agents live. Every accepted call is a sign; nothing here blocks a door. */
export interface AgentWatch {
  sign(sign: Sign): void;
  bye(sign: Sign, reason: string | null): void;
  counted(counts: AgentCounts): void;
  /** For how long an agent may be silent. */
  readonly inactiveAfterMs: number;
  readonly pingEveryMs: number;
}

export interface AgentChange {
  readonly agentId: string;
  readonly from: string;
  readonly to: string;
  readonly at: EpochMs;
}

/** A receiver as a plug-in. It is called by one at a time, always with a list. */
export interface Receiver {
  /** Rejects: the same list comes again after a while, and in the end goes to the dead letters. */
  receive(batch: readonly Envelope[], signal: AbortSignal): Promise<void>;
  agentChanged(change: AgentChange): Promise<void>;
  flush(): Promise<void>;
  close(): Promise<void>;
}

/** A receiver with its queue, as the screens tell it. */
export interface ReceiverHealth {
  readonly id: string;
  readonly use: ReceiverUse;
  readonly overflow: ReceiverOverflow;
  readonly state: ReceiverState;
  readonly reason: string | null;
  readonly queued: number;
  readonly capacity: number;
  readonly lagMs: number;
  readonly delivered: number;
  readonly dropped: number;
  readonly deadLettered: number;
}
