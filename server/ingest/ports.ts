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
import type { SeenRange } from "./domain/sequence-window.ts";

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
  /** Numbers of items that the door has refused for their shape: they have come, and are no gap. */
  readonly refusedSeqs?: readonly number[];
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

/** What the intake has counted of one agent's boot: totals of this boot since it was first heard here. */
export interface AgentCounts {
  readonly agentId: string;
  readonly bootId: string;
  readonly accepted: number;
  readonly duplicates: number;
  readonly rejected: number;
  /** Numbers that have not come as of now; falls when one comes late. */
  readonly missing: number;
  /** Ranges of numbers that are found not to have come: each is told once. At most 20 a call. */
  readonly gaps: readonly { readonly from: number; readonly to: number }[];
  /** Which numbers have come here: what is missing at another gateway may be among them. */
  readonly seen?: SeenRange;
}

/**
 * Whether agents live. Every accepted call is a sign; nothing here blocks a door. Made by `createAgentWatch`
 * (`agent-watch.ts`), which tells with each beat the gateway's own `GatewayFigures` (`agent-figures.ts`): the process
 * that writes the journal records gateways, receivers and routes from them, and nobody else does.
 */
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

/** Where items wait on disk for the receivers that must not lose any. */
export interface SpoolEntry {
  /** Each gets its own copy to settle. */
  readonly receivers: readonly string[];
  /** Of one agent and boot, taken at one instant. */
  readonly items: readonly Envelope[];
}

/** Which numbers of a boot have come, as text (`domain/sequence-window.ts`). */
export interface SeenNumbers {
  readonly agentId: string;
  readonly bootId: string;
  readonly window: string;
}

export interface SpooledChunk {
  /** Rises in the order in which they were taken. */
  readonly id: number;
  readonly items: readonly Envelope[];
}

/** What waits for one receiver. */
export interface SpoolBacklog {
  readonly receiver: string;
  readonly items: number;
  readonly oldestAt: EpochMs | null;
}

export interface DeadLetter {
  readonly id: string;
  readonly receiver: string;
  readonly at: EpochMs;
  readonly reason: string;
  readonly envelope: Envelope;
}

/**
 * Every write is durable (fsynced) when it is answered. Rejects with `OpsError` `upstream-unavailable` when that is not
 * certain: of a write that ran out of time the whole may still be there.
 */
export interface Spool {
  /** All or none of it, with the numbers seen. */
  append(entries: readonly SpoolEntry[], seen: SeenNumbers, at: EpochMs): Promise<void>;
  /** What waits for a receiver behind `after` (exclusive), in order: as many chunks as hold `items`, at least one. */
  next(receiver: string, after: number, items: number): Promise<readonly SpooledChunk[]>;
  /** The receiver is done with everything up to and with this chunk. */
  settle(receiver: string, upTo: number): Promise<void>;
  /** What a receiver will not take. Bounded: the oldest go first. */
  bury(receiver: string, reason: string, at: EpochMs, items: readonly Envelope[]): Promise<void>;
  /** Newest first. */
  letters(query: {
    readonly receiver: string | null;
    readonly before: string | null;
    readonly limit: number;
  }): Promise<readonly DeadLetter[]>;
  /** From memory, as of the last answer. */
  backlog(receiver: string): SpoolBacklog;
  backlogs(): readonly SpoolBacklog[];
  /** Numbers seen of every boot that is remembered. */
  seen(): Promise<readonly SeenNumbers[]>;
  forget(agentId: string): Promise<void>;
  close(): Promise<void>;
}

/** Points of one agent and type within a span of its own times. */
export interface PointQuery {
  readonly agentId: string;
  readonly type: string;
  readonly kind: string | null;
  /** Both inclusive; at most 31 days. */
  readonly from: EpochMs;
  readonly to: EpochMs;
  /** Newest first, 1 to 5,000. */
  readonly limit: number;
}

/** A table of everything that was measured (`metric_points`). The same envelope any number of times is one row. */
export interface MetricStore {
  /** Resolves when all of them are durable; on a rejection any part of them may be. */
  write(points: readonly Envelope[], signal: AbortSignal): Promise<void>;
  read(query: PointQuery): Promise<readonly Envelope[]>;
  /**
   * Drops some of what was received longer ago than is kept, where the store does not do so by itself; whatever time
   * agents say that it was. True = more of it is left.
   */
  expire(now: EpochMs): Promise<boolean>;
  close(): Promise<void>;
}

/** Whose session a token is. */
export interface SessionPass {
  /** `jti` of the token. */
  readonly tokenId: string;
  /** Who opened it; empty = whoever is on this machine. */
  readonly user: string;
  readonly scope: IngestScope;
  readonly expiresAt: EpochMs;
}

export type IngestCredentials =
  | { readonly kind: "none" }
  | { readonly kind: "basic"; readonly user: string; readonly password: string }
  | { readonly kind: "bearer"; readonly token: string };

export type OpenedSession =
  | { readonly kind: "opened"; readonly token: string; readonly pass: SessionPass }
  /** Nobody whom it knows. */
  | { readonly kind: "stranger" }
  /** Known, and not for this agent. */
  | { readonly kind: "not-allowed" };

export type CheckedToken =
  | { readonly kind: "sound"; readonly pass: SessionPass }
  | { readonly kind: "expired" }
  /** No token of ours, or one that was ended. */
  | { readonly kind: "none" };

/** Who may send as which agent. */
export interface SessionDesk {
  /**
   * @param agentId the one that the token is for; `null` = all of its user's: in the older protocol alone
   * @throws OpsError `limit-exceeded` when too many log in at the same time
   */
  open(credentials: IngestCredentials, agentId: string | null): Promise<OpenedSession>;
  check(token: string): Promise<CheckedToken>;
  /** From memory: whether a pass that was sound is so still. */
  inForce(pass: SessionPass): boolean;
  /** Ends a token: here at once, on every gateway within a second. */
  end(pass: SessionPass): void;
}

export interface SessionClaims {
  readonly pass: SessionPass;
  /** `ingest`, or `poa` for tokens of the older protocol: neither counts at the doors of the other. */
  readonly audience: "ingest" | "poa";
}

/** Makes and reads signed tokens. */
export interface TokenMint {
  sign(claims: SessionClaims): Promise<string>;
  /** Signature, issuer, audience and times; nothing is known of revocations here. */
  read(token: string, audience: SessionClaims["audience"]): Promise<CheckedToken>;
}

/** Hashes passwords, slowly. */
export interface PasswordHasher {
  hash(password: string): Promise<string>;
  /**
   * In a time that does not tell how much of it fits.
   *
   * @throws OpsError `limit-exceeded` when too many ask at the same time: nothing is known of this one then
   */
  matches(password: string, hash: string): Promise<boolean>;
}

/** Small records that every gateway and the command line see: users, ended tokens. */
export interface AccountRecords {
  /** Changes whenever a record has changed; cheap. */
  version(): Promise<string>;
  list(namespace: string): Promise<readonly { readonly key: string; readonly value: string }[]>;
  /** Durable once it resolves; `null` deletes. */
  putAll(namespace: string, entries: readonly { readonly key: string; readonly value: string | null }[]): Promise<void>;
  close(): Promise<void>;
}

/** Somebody who may open sessions, as it is kept. */
export interface Account {
  readonly name: string;
  readonly hash: string;
  readonly scope: IngestScope;
  readonly active: boolean;
  readonly createdAt: EpochMs;
}
