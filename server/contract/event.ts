/**
 * The event of the journal: what was seen changed, or what an operator did. Everything a screen shows live is a fold
 * over these. JSON-safe; 64-bit numbers are decimal text; instants are epoch milliseconds.
 */

import type { AgentEventBodies } from "#server/contract/agents.ts";
import type { AlertEventBodies } from "#server/contract/alerts.ts";
import { LIFECYCLE_STATES, type LifecycleState } from "#server/contract/diagram/lifecycle-states.ts";
import type { DrainStep } from "#server/contract/drain.ts";
import type { HafEventBodies } from "#server/contract/haf.ts";
import type { ReaderFacts } from "#server/contract/readers.ts";
import type { ApprovalFacts, DecisionFacts } from "#server/contract/safety.ts";
import type { EpochMs } from "#server/kernel/clock.ts";
import type { DecimalText, JsonValue } from "#server/kernel/json.ts";

/** `dna:<source id>`, `dynflow:<source id>`, `haf:<source id>`, `ingest:<source id>`, `operator` or `console`. */
export type StreamName = string;

export const OPERATOR_STREAM: StreamName = "operator";
export const CONSOLE_STREAM: StreamName = "console";
export const dnaStream = (sourceId: string): StreamName => `dna:${sourceId}`;
export const dynflowStream = (sourceId: string): StreamName => `dynflow:${sourceId}`;
export const hafStream = (sourceId: string): StreamName => `haf:${sourceId}`;
export const ingestStream = (sourceId: string): StreamName => `ingest:${sourceId}`;

/** The part before the colon: which reducer folds the stream. */
export const STREAM_FAMILIES = ["dna", "dynflow", "haf", "ingest", "operator", "console"] as const;
export type StreamFamily = (typeof STREAM_FAMILIES)[number];

export function familyOf(stream: StreamName): StreamFamily | null {
  const head = stream.split(":", 1)[0];
  return STREAM_FAMILIES.find((family) => family === head) ?? null;
}

/** Stands in for what this audience may not read. */
export interface Masked {
  readonly masked: true;
}
export type Maskable<T> = T | Masked;
export const MASKED: Masked = { masked: true };
export const isMasked = (value: unknown): value is Masked =>
  typeof value === "object" && value !== null && "masked" in value && value.masked === true;

/** The text, or that it is hidden. */
export const shownText = (text: Maskable<string>): string => (isMasked(text) ? "hidden from viewers" : text);

export interface EventActor {
  readonly user: string;
  readonly role: "viewer" | "operator" | "admin";
  /** Peer address; masked for viewers. */
  readonly address: Maskable<string>;
  readonly reason: string;
}

export type SourceHealth = "starting" | "up" | "down";

/** The states of the frozen table in `contract/diagram/dna-lifecycle`. */
export const INCARNATION_STATES = LIFECYCLE_STATES;
export type IncarnationState = LifecycleState;
export const INCARNATION_FLAGS = ["zombie", "superseded", "name_conflict"] as const;
export type IncarnationFlag = (typeof INCARNATION_FLAGS)[number];

export interface DatabaseHostFacts {
  readonly address: string;
  readonly dataCenter: string;
  readonly rack: string;
  readonly hostId: string;
  readonly version: string;
  readonly up: boolean | null;
}

/** How many keys of one type one incarnation owned when a census walked the table. */
export interface CensusCount {
  readonly incarnationId: string;
  readonly namespace: string;
  readonly moduleId: number;
  readonly keys: number;
}

/** What a census found of one type, whoever owns it. */
export interface CensusTypeFacts {
  readonly namespace: string;
  readonly moduleId: number;
  readonly rows: number;
}

/** `not-known`: what it takes to judge is missing, e.g. access to the nodes. */
export const HEALTH_LEVELS = ["critical", "warning", "not-known", "ok"] as const;
export type HealthLevel = (typeof HEALTH_LEVELS)[number];

/** A key of the register. */
export interface ActorFacts {
  readonly namespace: string;
  readonly moduleId: number;
  readonly name: string;
}

/** What the register says of a key. No incarnation and nothing unreadable: nobody owns it. */
export interface OwnerFacts {
  /** `<created_at ms>:<id>`. */
  readonly incarnation: string | null;
  /** By the claimer's clock. */
  readonly claimedAt: EpochMs | null;
  /** Why its row could not be made sense of. */
  readonly unreadable: string | null;
}

/**
 * How the console stands with the machine of a node. `none`: nothing is known, it was not asked yet or is not asked any
 * more.
 */
export const BEAM_STATES = ["none", "connected", "unreachable", "refused"] as const;
export type BeamState = (typeof BEAM_STATES)[number];

/** Where an instance of a key runs. */
export interface InstanceFacts {
  readonly node: string;
  /** `<created_at ms>:<id>`; `null` = the node did not tell who it is. */
  readonly incarnation: string | null;
}

export interface PlanFailure {
  readonly stepId: number;
  readonly actionClass: string;
  readonly exceptionClass: string;
  readonly message: Maskable<string>;
  /**
   * The same for messages that differ only in ids and numbers: tells kinds of failures apart for those who may not read
   * them. Left out by older versions of the console.
   */
  readonly gist?: string;
}

/** What keeps a scheduled plan waiting; `null` = its row is gone, so nothing will ever start it. */
export interface PlanDelay {
  readonly startAt: string | null;
  readonly startBefore: string | null;
  readonly frozen: boolean;
}

/** What the fold knows of an unfinished plan; `steps` is `null` for plans of more than 2,000 steps. */
export interface PlanFacts {
  readonly label: string | null;
  readonly state: string;
  readonly result: string;
  readonly rootActionClass: string | null;
  readonly startedAt: string | null;
  readonly endedAt: string | null;
  readonly steps: Readonly<Record<string, string>> | null;
  readonly stepCount: number;
  readonly failure: PlanFailure | null;
  /** Only of a scheduled plan; left out of all others, and by older versions of the console. */
  readonly delay?: PlanDelay | null;
}

export interface WorldFacts {
  readonly class: string;
  readonly executor: boolean;
  /** `null` for client worlds, which have no such flag. */
  readonly active: boolean | null;
  readonly hostname: string | null;
  readonly pid: number | null;
  /** Queue name to pool size. */
  readonly queues: Readonly<Record<string, number>>;
  /** As written by the world, local time without a zone: a hint only. */
  readonly lastSeenText: string | null;
  /** Why the record could not be read; the rest is empty then. */
  readonly unreadable: string | null;
}

export interface LockFacts {
  readonly class: string;
  readonly id: string;
  readonly ownerId: string | null;
  readonly planId: string | null;
  readonly worldId: string | null;
  readonly clientWorldId: string | null;
  readonly requestId: string | null;
  readonly unreadable: string | null;
}

/** What a command is, in words of its procedure: `dynflow.plans.resume`, `dna.failover.start`, `session.login`, … */
export interface OperationFacts {
  readonly action: string;
  /** Stream of the source that is touched, or `null`. */
  readonly stream: StreamName | null;
  readonly target: string;
  /** What the operator saw, as sent. */
  readonly expected: JsonValue;
  /** What was found, what came back: for people. It may quote an upstream's error, so it is masked for viewers. */
  readonly found: Maskable<string> | null;
  /** What the upstream itself said, whole, where `found` has only the gist; masked for viewers likewise. */
  readonly upstream?: Maskable<string>;
}

/** Somebody has taken a finding on: it is silent for everybody until then, or until it gets worse. */
export interface AcknowledgementFacts {
  /** Id of the finding. */
  readonly finding: string;
  readonly stream: StreamName;
  /** As it was when it was taken on. */
  readonly severity: "failed" | "attention";
  readonly count: number;
  readonly until: EpochMs;
}

export const JOB_STATES = ["running", "waiting", "paused", "done", "failed", "stopped", "cancelled"] as const;
export type JobState = (typeof JOB_STATES)[number];

/** Per-target outcomes of a job, counted. `moved` = somebody else's by now, left alone. */
export interface JobCounts {
  readonly total: number;
  readonly applied: number;
  readonly moved: number;
  readonly failed: number;
  readonly unknown: number;
}

/** Kinds of bulk work. */
export const JOB_KINDS = [
  "dna.failover",
  "dna.actors.stop",
  "dna.census",
  "dynflow.plans.resume",
  "dynflow.plans.skip",
  "dynflow.plans.cancel",
  "dynflow.plans.abort",
  "dynflow.plans.halt",
  "dynflow.worlds.invalidate",
] as const;
export type JobKindName = (typeof JOB_KINDS)[number];

export interface JobFacts {
  readonly kind: JobKindName;
  readonly title: string;
  readonly stream: StreamName;
  readonly target: string;
  readonly state: JobState;
  /** Why it is in this state, in words. It may quote an upstream's error, so it is masked for viewers. */
  readonly note: Maskable<string> | null;
  readonly counts: JobCounts;
  readonly createdAt: EpochMs;
  readonly requestedBy: string;
  /** Id of the `op.requested` event. */
  readonly requestId: string;
  /** The job whose failed targets this one tries again. */
  readonly retryOf?: string;
}

/** The body of each kind. A kind that is not listed is kept and shown, and changes no state. */
export interface EventBodies extends HafEventBodies, AgentEventBodies, AlertEventBodies {
  "source.state_changed": {
    readonly from: SourceHealth | null;
    readonly to: SourceHealth;
    readonly reason: string | null;
  };
  "dna.node.seen": {
    readonly cluster: string;
    readonly node: string;
    readonly createdAt: EpochMs;
    readonly nodeId: DecimalText;
  };
  "dna.node.forgotten": { readonly cluster: string; readonly evidence: string };
  "dna.node.flag_changed": {
    readonly cluster: string;
    readonly flag: IncarnationFlag;
    readonly set: boolean;
    readonly evidence: string;
  };
  "dna.incarnation.state_changed": {
    readonly cluster: string;
    readonly from: IncarnationState | null;
    readonly to: IncarnationState;
    readonly evidence: string;
    /** Silence counted by us when it changed. */
    readonly silentMs: number;
  };
  /** The subject is the BEAM name: links go to addresses. */
  "dna.beam.changed": {
    readonly cluster: string;
    readonly node: string;
    readonly state: BeamState;
    readonly reason: string | null;
    /** Which incarnation it says it is; `null` = it has not said so since it was connected. */
    readonly identity: string | null;
  };
  /** Instances of a node ended all but at once, under the same incarnation: a partition's supervisor gave up. */
  "dna.node.count_fell": {
    readonly cluster: string;
    readonly node: string;
    readonly before: number;
    readonly after: number;
    /** Between the two counts. */
    readonly withinMs: number;
  };
  "dna.row.unreadable": { readonly cluster: string; readonly reason: string | null };
  "dna.database.changed": {
    readonly name: string;
    readonly product: string;
    readonly hosts: readonly DatabaseHostFacts[];
  };
  "dna.census.finished": {
    readonly startedAt: EpochMs;
    readonly finishedAt: EpochMs;
    readonly rows: number;
    readonly unreadableRows: number;
    /** `null` = of every incarnation; else only this one was counted. */
    readonly incarnationId: string | null;
    readonly counts: readonly CensusCount[];
    /** Of a census of everybody: rows by type. Left out by older versions of the console. */
    readonly types?: readonly CensusTypeFacts[];
    /** Keys of owners that are not among `counts`, of which only so many are kept; left out = none. */
    readonly otherKeys?: number;
  };
  /** The subject is the check. Told when its level changes, or what it is about. */
  "dna.health.changed": {
    readonly from: HealthLevel | null;
    readonly to: HealthLevel;
    readonly evidence: string;
    /** Names of what it is about, sorted: nodes, clusters, types, data centres. */
    readonly about: readonly string[];
  };
  /** First sight of a key that somebody looks at: it is read on for as long, and some minutes after. */
  "dna.actor.seen": ActorFacts & {
    readonly owner: OwnerFacts;
    /** The last instant at which it had been read before, where reading it was interrupted; else `null`. */
    readonly notKnownFrom: EpochMs | null;
  };
  "dna.actor.owner_changed": ActorFacts & {
    readonly from: OwnerFacts;
    readonly to: OwnerFacts;
    /** The last instant at which the old owner was read: who owned the key between it and this event is not known. */
    readonly notKnownFrom: EpochMs;
  };
  /** A job of this console has released it: applied at the database, so the key had no owner at that moment. */
  "dna.actor.released": ActorFacts & { readonly owner: string; readonly jobId: string };
  /** A job of this console has given it to another node: applied at the database, so it owned the key at that moment. */
  "dna.actor.claimed": ActorFacts & {
    readonly owner: string;
    readonly to: string;
    readonly claimedAt: EpochMs;
    readonly jobId: string;
  };
  /** What a job of this console has done since it last said so to the keys of the subject, for whoever counted them before. */
  "dna.census.adjusted": {
    readonly jobId: string;
    readonly changes: readonly {
      /** Whom the keys were given to; `null` = released. */
      readonly to: string | null;
      readonly namespace: string;
      readonly moduleId: number;
      readonly keys: number;
    }[];
  };
  /** It is not read any more: from `lastReadAt` on nothing is known of it. */
  "dna.actor.unwatched": ActorFacts & { readonly lastReadAt: EpochMs; readonly reason: string };
  /** Instances of one key were seen to run at the same time on several nodes: each writes its storage. */
  "dna.actor.doubled": ActorFacts & {
    /** At least two, in the order of their nodes' names. */
    readonly instances: readonly InstanceFacts[];
    readonly evidence: string;
  };
  /** At most one instance of it is left, or, as the reason says, it is not known any more. */
  "dna.actor.undoubled": ActorFacts & { readonly reason: string };
  "dynflow.plan.created": PlanFacts;
  "dynflow.plan.state_changed": { readonly from: string; readonly plan: PlanFacts };
  "dynflow.plan.result_changed": { readonly from: string; readonly plan: PlanFacts };
  "dynflow.plan.changed": { readonly plan: PlanFacts };
  "dynflow.plan.gone": { readonly from: string };
  "dynflow.step.state_changed": {
    readonly planId: string;
    readonly stepId: number;
    readonly from: string | null;
    readonly to: string;
    readonly actionClass: string;
  };
  "dynflow.world.registered": WorldFacts;
  "dynflow.world.changed": WorldFacts;
  "dynflow.world.gone": { readonly class: string };
  "dynflow.world.pong": { readonly roundTripMs: number };
  "dynflow.world.ping_timeout": { readonly waitedMs: number };
  "dynflow.lock.acquired": LockFacts;
  "dynflow.lock.released": { readonly class: string; readonly id: string };
  /** An envelope for our own world (the subject) that we could not decode: taken from the table and kept. */
  "dynflow.envelope.undecodable": {
    readonly reason: string;
    readonly bytes: number;
    readonly sha256: string;
    /** Its first 64 bytes in hex; masked for viewers. */
    readonly head: Maskable<string>;
  };
  "op.requested": OperationFacts;
  "op.executed": OperationFacts;
  "op.failed": OperationFacts;
  "op.denied": OperationFacts;
  "op.unknown": OperationFacts;
  "op.verified": OperationFacts;
  "op.unverified": OperationFacts;
  /** The operator's request is what caused it. */
  "attention.acknowledged": AcknowledgementFacts;
  "attention.released": { readonly finding: string; readonly stream: StreamName };
  /** One step of a drain is done, or left out. */
  "dna.drain.step": {
    readonly stream: StreamName;
    readonly incarnation: string;
    readonly node: string;
    readonly step: DrainStep;
    readonly outcome: "done" | "skipped";
    /** What it rested on, in our own words: what a node said stays with the operation. */
    readonly evidence: string | null;
  };
  "dna.drain.abandoned": { readonly stream: StreamName; readonly incarnation: string; readonly node: string };
  /** The brake for everything is on, or off again. */
  "safety.read_only": { readonly on: boolean };
  /** Its id is that of the approval. */
  "approval.asked": ApprovalFacts;
  "approval.decided": DecisionFacts;
  /** Journalled along with the request that it let through. */
  "approval.used": { readonly approvalId: string; readonly stream: StreamName };
  "job.created": JobFacts;
  "job.state_changed": { readonly from: JobState; readonly job: JobFacts };
  "console.started": {
    readonly version: string;
    readonly demo: boolean;
    /** Of several consoles on one journal the one that began to write it, as `host:pid`. */
    readonly by?: string;
  };
  "console.stopped": { readonly reason: string };
  /** A part of the console that acts on its own, the subject, failed, goes on, or was parked. */
  "console.reader.changed": ReaderFacts & { readonly stream: StreamName | null };
  /** Whole segments of the journal were dropped: `age` = kept long enough, `size` = the journal was too large, `count` = of too many events. */
  "console.retention_applied": {
    /** The streams share chains: what operators did is kept apart from what was observed. */
    readonly chain: "observed" | "operator";
    readonly streams: readonly StreamName[];
    /** Nothing of this chain observed before is kept. */
    readonly droppedBefore: EpochMs;
    readonly events: number;
    readonly bytes: number;
    readonly why: "age" | "size" | "count";
  };
  /** The wall clock was set back: events are stamped no earlier than those before them until it has caught up. */
  "console.clock_stepped": {
    /** Where it would have stood. */
    readonly from: EpochMs;
    /** Where it stood instead. */
    readonly to: EpochMs;
  };
}
export type EventKind = keyof EventBodies;

interface EventEnvelope {
  /** Unique; the producer's idempotency key if it has one, else a ULID. */
  readonly id: string;
  readonly stream: StreamName;
  /** Gapless within the stream, from 1, decimal text. */
  readonly seq: DecimalText;
  /** What it is about: incarnation, actor (`actorSubject`), plan, world, lock, app, agent, job or source id. */
  readonly subject: string;
  /** The source's clock, as far as it tells. */
  readonly occurredAt: EpochMs;
  /** Our clock. */
  readonly observedAt: EpochMs;
  /** Made by the console itself (a judgement, an inferred step), not read. */
  readonly synthetic: boolean;
  /** Id of the event this follows from, e.g. the operator's request. */
  readonly causedBy: string | null;
  readonly actor: EventActor | null;
}

/** One event with the body of its kind. */
export type JournalEvent = {
  [K in EventKind]: EventEnvelope & { readonly kind: K; readonly body: EventBodies[K] };
}[EventKind];

/** An event as a producer hands it over: stream, number and observation time are given on append. */
export type EventDraft = {
  [K in EventKind]: {
    readonly kind: K;
    readonly body: EventBodies[K];
    readonly subject: string;
    readonly occurredAt: EpochMs;
    readonly id?: string;
    readonly synthetic?: boolean;
    readonly causedBy?: string | null;
    readonly actor?: EventActor | null;
  };
}[EventKind];
