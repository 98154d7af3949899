import type { WaitingEnvelopes } from "./domain/envelope-view.ts";
import type { AbandonOutcome, AbandonWrite, InvalidationPair } from "./domain/invalidation.ts";
import type {
  ActionPayload,
  CoordinatorRecord,
  Decoded,
  DelayedPlan,
  PayloadValue,
  PlanHead,
  PlanParts,
  PlanRecord,
  StepRow,
  UtcMicros,
} from "./domain/model.ts";
import type { PlanOutline, StepCounts } from "./domain/plan-outline.ts";
import type { SkipChange } from "./domain/skip.ts";

/** MariaDB is `mysql` too: nothing that is asked of the two differs. */
export const DYNFLOW_DIALECTS = ["postgres", "mysql", "sqlite"] as const;
export type DynflowDialect = (typeof DYNFLOW_DIALECTS)[number];

/** What this database is and can do; read once when the source comes up and again after it was down. */
export interface DynflowCapabilities {
  readonly dialect: DynflowDialect;
  readonly schemaVersion: number;
  /** LISTEN/NOTIFY hints can be had. */
  readonly notify: boolean;
  /** A cheap counter of inserted plan rows can be had. */
  readonly insertCount: boolean;
  /** Columns of each index on the plan table that holds every row; Dynflow's own is that of the primary key alone. */
  readonly indexes: readonly (readonly string[])[];
}

/** The sort columns Dynflow itself offers, and `id`. */
export const PLAN_SORTS = [
  "startedAt",
  "endedAt",
  "label",
  "state",
  "result",
  "realTime",
  "executionTime",
  "rootPlanStepId",
  "class",
  "id",
] as const;
export type PlanSort = (typeof PLAN_SORTS)[number];

/** `contains` takes no notice of the case of letters (of ASCII at least); the others do. Never a pattern. */
export interface TextMatch {
  readonly kind: "exact" | "prefix" | "contains";
  readonly text: string;
}

/** All given parts must hold; an empty list, `null` and what is left out mean "any". */
export interface PlanFilter {
  readonly ids: readonly string[];
  readonly states: readonly string[];
  readonly results: readonly string[];
  readonly label: TextMatch | null;
  /** `startedAt` in [from, to). Plans that never started match neither bound. */
  readonly startedFrom: UtcMicros | null;
  readonly startedTo: UtcMicros | null;
  /** `endedAt` in [from, to). Plans that have not ended match neither bound. */
  readonly endedFrom?: UtcMicros | null;
  readonly endedTo?: UtcMicros | null;
  /** Class of the root action: what a scheduled plan is known by, whose label is NULL. */
  readonly rootClass?: TextMatch | null;
  /** Beginning of an id: hex digits and dashes. */
  readonly idStart?: string | null;
  /** Part of the label, of the class of the root action, or of the id (`7be1…1b80` = its beginning and end). */
  readonly anyText?: string | null;
  /** Only these plans; unlike `ids` an empty list finds none. At most 5,000. */
  readonly among?: readonly string[] | null;
  /** Sub-plans of this plan. */
  readonly callerPlanId?: string | null;
  /** Only plans that no other plan has planned. */
  readonly topLevel?: boolean;
  /** Ended after at least so long, or not ended and started before: the caller works the instant out. */
  readonly lasting?: { readonly seconds: number; readonly startedBefore: UtcMicros } | null;
  /** Whether a delayed start is kept of it. */
  readonly delayed?: boolean | null;
}

/** Where a page begins: beyond a cursor of an earlier page, after so many rows, or so that it ends with the last row. */
export type PageStart =
  | { readonly cursor: string; readonly direction: "next" | "previous" }
  | { readonly offset: number }
  | { readonly last: true };

export interface PlanQuery {
  readonly filter: PlanFilter;
  readonly sort: PlanSort;
  readonly descending: boolean;
  /** 1 to 500. */
  readonly limit: number;
  /** `null` = the first page. */
  readonly from: PageStart | null;
}

/**
 * Order: the sort column in the asked direction, NULLs always last, ties by id ascending. Cursors are opaque text
 * that hold values, not positions: a row inserted meanwhile neither repeats nor hides another.
 */
export interface PlanPage {
  readonly rows: readonly PlanListRow[];
  readonly previousCursor: string | null;
  readonly nextCursor: string | null;
}

/** A plan head, and what a list needs beside it in the same round trip. */
export interface PlanListRow extends PlanHead {
  /** Class of the root action (of the root plan step): what a scheduled plan is known by. */
  readonly rootActionClass: string | null;
}

export interface PlanCount {
  readonly state: string;
  readonly result: string;
  readonly count: number;
}

/** What a scan looks for besides its filter; all that are given must be found in a plan. */
export interface ScanNeedle {
  /** In class, message or backtrace of a step's error. */
  readonly errorText: string | null;
  /** In a key or value of an action's input, decoded. */
  readonly inputText: string | null;
  /** In the class of any action of the plan. */
  readonly actionClass: string | null;
  /** World that the execution history names. */
  readonly worldId: string | null;
}

/** Takes out what is masked for everybody. */
export interface ScanShown {
  payload(value: PayloadValue): PayloadValue;
  text(text: string): string;
}

export interface ScanQuery {
  readonly filter: PlanFilter;
  readonly needle: ScanNeedle;
  /** `next` of the slice before; `null` = from the first plan. */
  readonly from: string | null;
  /** Plans to look at, at most: 1 to 20,000. */
  readonly plans: number;
  /** Rows of steps, actions or histories to read at once, at most: fewer where they are long. */
  readonly rows: number;
  /** Inputs and errors as they may be read at all: nothing else is looked into, and nothing else is evidence. */
  readonly shown: ScanShown;
}

/** Where in a plan something was found. */
export interface ScanEvidence {
  readonly where: "error" | "input" | "action" | "history";
  /** Of the step or, in an input, of the action; `null` in a history. */
  readonly id: number | null;
  /** What stands there, cut to a line. */
  readonly text: string;
}

export interface ScanHit extends PlanListRow {
  readonly evidence: readonly ScanEvidence[];
}

export interface ScanSlice {
  readonly hits: readonly ScanHit[];
  /** Plans that are done with. */
  readonly plans: number;
  /** Rows of steps, actions and histories that were read, and the bytes that were decoded. */
  readonly rows: number;
  readonly bytes: number;
  /** Rows that could not be looked into: too long, or they do not decode. */
  readonly notLookedInto: number;
  readonly next: string | null;
}

export interface PlanCaller {
  readonly planId: string;
  readonly callerPlanId: string;
  readonly callerActionId: number | null;
}

export interface PlanFailureRow {
  readonly planId: string;
  readonly stepId: number;
  readonly actionClass: string;
  readonly exceptionClass: string;
  readonly message: string;
}

/** A plan as the follower needs it: its head and steps without payloads. */
export interface FollowedPlan {
  /**
   * Given for a plan of very many steps: `steps` are then only its root step, the failed and the moving ones, at most 500 of
   * each.
   */
  readonly counted?: StepCounts;
  readonly head: PlanHead;
  readonly rootActionClass: string | null;
  readonly steps: readonly StepRow[];
  /** Of a scheduled plan, without its arguments; `null` = it has no delay. Other plans are not asked for it. */
  readonly delay?: Omit<DelayedPlan, "args"> | null;
}

export interface RecordKey {
  readonly class: string;
  readonly id: string;
}

/** One row that tells of a plan. */
export type RawRowRef =
  | { readonly row: "plan" | "delayed"; readonly planId: string }
  | { readonly row: "step" | "action"; readonly planId: string; readonly id: number };

/** A cell as it stands in the table. Text of plain columns is cut at 2,000 characters, blobs are whole up to 8 MiB. */
export interface RawCell {
  readonly column: string;
  /** `null` = NULL, or a blob. */
  readonly text: string | null;
  readonly blob: {
    /** `null` = longer than what is read. */
    readonly bytes: Uint8Array | null;
    readonly length: number;
    /** What it is written in: text is JSON, bytes are msgpack. */
    readonly form: "json" | "msgpack";
    readonly decoded: Decoded<PayloadValue>;
  } | null;
}

export interface RawRow {
  readonly table: string;
  /** In order of their names: that of the table differs by its history. */
  readonly cells: readonly RawCell[];
}

/** Ids of steps that one action needs the output of. */
export interface ActionReferences {
  readonly actionId: number;
  readonly stepIds: Decoded<readonly number[]>;
}

export interface SubPlanCaller {
  readonly planId: string;
  readonly actionId: number;
}

/** A plan as the sub-plan of another. */
export interface ChildPlan {
  readonly id: string;
  /** Action of the calling plan; `null` = not told. */
  readonly callerActionId: number | null;
  readonly label: string | null;
  readonly rootActionClass: string | null;
  /** As stored. `null` = its row is gone, only its action tells of it. */
  readonly state: string | null;
  readonly result: string | null;
  readonly startedAt: UtcMicros | null;
  readonly endedAt: UtcMicros | null;
  readonly realTimeSec: number | null;
  readonly executionTimeSec: number | null;
  /** Its stored result is error, or it is unfinished and a step of it is in error. */
  readonly failing: boolean;
}

export interface ChildrenQuery {
  readonly planId: string;
  readonly failingOnly: boolean;
  /** 1 to 500. */
  readonly limit: number;
  /** `next` of the page before; `null` = the first page. */
  readonly after: string | null;
}

export interface ChildPage {
  readonly rows: readonly ChildPlan[];
  readonly next: string | null;
}

export type ChildCount = Pick<ChildPlan, "callerActionId" | "state" | "result"> & { readonly count: number };

export interface ChildTotal {
  readonly planId: string;
  readonly count: number;
}

/** A sub-plan and its caller, as far as a walk through the tree needs them. */
export interface PlanEdge
  extends Pick<ChildPlan, "id" | "callerActionId" | "state" | "result" | "startedAt" | "failing"> {
  readonly parentId: string;
  /** `null` also where names were not asked for. */
  readonly label: string | null;
  readonly rootActionClass: string | null;
}

export interface ActionPlace {
  readonly planId: string;
  readonly actionId: number;
}

export interface ActionStep extends ActionPlace {
  readonly stepId: number | null;
}

/** One plan waits for another. */
export interface DependencyEdge {
  readonly waiting: string;
  readonly prerequisite: string;
}

/** How plans hang together: who planned whom, who waits for whom. Part of `DynflowStore`, with its promises. */
export interface PlanLinks {
  /** Oldest start first, those that never started last, ties by id. The order of values: a cursor outlives its row. */
  children(query: ChildrenQuery): Promise<ChildPage>;
  /** All sub-plans of a plan by caller, state and result. */
  childCounts(planId: string): Promise<readonly ChildCount[]>;
  /** Of plans without sub-plans nothing is told; at most 500 ids a call. */
  childTotals(planIds: readonly string[]): Promise<readonly ChildTotal[]>;
  /** In order of caller and id, beyond `after`; at most 500 ids a call, at most 10,000 answers. */
  childEdges(
    planIds: readonly string[],
    after: Pick<PlanEdge, "parentId" | "id"> | null,
    limit: number,
    /** Names of the plans too: a read of their root steps beside. */
    named?: boolean,
  ): Promise<readonly PlanEdge[]>;
  /** Run step, else finalize step, of these actions; those that are not there are left out. At most 500 a call. */
  actionSteps(actions: readonly ActionPlace[]): Promise<readonly ActionStep[]>;
  /** Plan steps after this id in order of id, at most `limit` (5,000). Steps of a class nobody knows are not among them. */
  planSteps(planId: string, after: number | null, limit: number): Promise<readonly Pick<StepRow, "id" | "children">[]>;
  /** What these plans wait for, or what waits for them; at most 500 ids a call, at most 5,000 answers. */
  dependencies(planIds: readonly string[], direction: "waits-for" | "blocks"): Promise<readonly DependencyEdge[]>;
}

export interface LapSlice {
  /** Ids of plans in this slice of the table that are not stopped. */
  readonly unfinished: readonly string[];
  /** Where to go on; `null` = the lap is complete. */
  readonly next: string | null;
}

/**
 * Reads one Dynflow database. Never writes; every call has a time-out (2 s) and a bound and throws `OpsError`
 * `upstream-unavailable` (nobody answered), `upstream-malformed` (not a Dynflow database of a schema we read) or
 * `invalid-input` (a cursor that is none).
 */
export interface DynflowStore {
  capabilities(): Promise<DynflowCapabilities>;
  /** Keys of all coordinator records, at most 10,000. */
  recordKeys(): Promise<readonly RecordKey[]>;
  /** The records of these keys that still exist. */
  records(keys: readonly RecordKey[]): Promise<readonly CoordinatorRecord[]>;
  /** These plans, as far as they exist, by primary key; at most 500 ids a call. */
  follow(ids: readonly string[]): Promise<readonly FollowedPlan[]>;
  /** Only the heads of these plans, by primary key; at most 500 ids a call. */
  heads(ids: readonly string[]): Promise<readonly PlanHead[]>;
  /** A counter that changes when plan rows were inserted; `null` where there is none. May lag by a second. */
  insertCount(): Promise<string | null>;
  /** One slice of the rolling lap over the whole plan table, at most about `rows` rows of it. */
  lap(from: string | null, rows: number): Promise<LapSlice>;
  plans(query: PlanQuery): Promise<PlanPage>;
  counts(filter: PlanFilter): Promise<readonly PlanCount[]>;
  /**
   * Looks for text where no column holds it, in one bounded slice of the table by id; statements of it are given up after
   * 0.9 s. Goes on from `next` of the slice before. Once the signal says so, no further statement is sent.
   */
  scan(query: ScanQuery, signal?: AbortSignal): Promise<ScanSlice>;
  /** Which plans these were planned by; those that no other planned are left out. At most 500 ids a call. */
  callers(ids: readonly string[]): Promise<readonly PlanCaller[]>;
  /** The first stored error of each of these plans, by step id; at most 500 ids a call. */
  failures(ids: readonly string[]): Promise<readonly PlanFailureRow[]>;
  /** With all its steps, however many, read in parts: at most 250,000. */
  plan(id: string): Promise<PlanRecord | null>;
  /**
   * The same, but of its actions only the root's, and of a plan of 5,000 steps or more only the first, the failed and the
   * moving steps, and what all come to.
   */
  outline(id: string): Promise<PlanOutline | null>;
  /** The plan's own row: its flows, history and the ids of its steps, without any step. */
  planRow(id: string): Promise<PlanParts | null>;
  /** Steps after this id in order of id, at most `limit` (5,000). */
  stepsPart(part: {
    readonly planId: string;
    readonly after: number | null;
    readonly limit: number;
  }): Promise<readonly StepRow[]>;
  /** Input, output and a bounded number of chunks; more chunks are had by naming the last one's id. */
  action(planId: string, actionId: number, chunksAfter?: number): Promise<ActionPayload | null>;
  /** One row with every column that its table has, in the schema it is of. */
  raw(ref: RawRowRef): Promise<RawRow | null>;
  /**
   * Which steps the input of each of its actions refers to, at any depth: what a skip of one step takes along. At most as
   * many actions as a plan may have steps.
   */
  references(planId: string): Promise<readonly ActionReferences[]>;
  /** Actions of these plans that have planned sub-plans, by index; at most 500 ids a call. */
  subPlanCallers(planIds: readonly string[]): Promise<readonly SubPlanCaller[]>;
  readonly links: PlanLinks;
  /** Epoch milliseconds by the server's own clock; `null` = it is this machine's. Left out = not told. */
  serverTime?(): Promise<number | null>;
  /**
   * Milliseconds that statements of this store have taken of the database until now, erring upwards: seen from our side,
   * less the way there and back. Left out = not measured.
   */
  spentMs?(): number;
  /** Envelopes that wait: counted by receiver, and the first `limit` (200) by id, of all or of one receiver. */
  envelopes(receiverId: string | null, limit: number): Promise<WaitingEnvelopes>;
  /**
   * Hints that something was sent to one of these worlds; never complete, never a promise. Calls `onHint` with the
   * world's id. Ends when the returned function is called or the connection is lost (then `onLost` is called once).
   */
  hints(
    worldIds: readonly string[],
    onHint: (worldId: string) => void,
    onLost: (cause: unknown) => void,
  ): Promise<() => Promise<void>>;
  close(): Promise<void>;
}

export interface EnvelopeHandle {
  readonly rowId: number;
}

/** A write that was made whole, or not at all and why: something it rests on had moved. */
export type WriteOutcome = { readonly applied: true } | { readonly applied: false; readonly reason: string };

/** What a skip writes. */
export interface SkipWrite {
  readonly planId: string;
  readonly changes: readonly SkipChange[];
  /** The plan's `step_ids`: the steps that its result is computed from. */
  readonly listedStepIds: readonly number[];
}

/** What cancelling a scheduled plan writes and sends. */
export interface ScheduledCancelWrite {
  readonly planId: string;
  readonly rootStepId: number;
  /** The encoded ExecutionInhibitionLock of the plan. */
  readonly inhibition: Uint8Array;
  readonly executorId: string;
  /** The encoded Halt for that executor. */
  readonly halt: Uint8Array;
}

/** What has to hold of a plan in the very transaction that sends, or nothing is sent. */
export interface SendGuard {
  readonly planId: string;
  readonly state: string;
  /** The world that has to hold its ExecutionLock; `null` = nobody may execute, plan or inhibit it. */
  readonly executorId: string | null;
  /** Steps that have to be able to take an event: running or suspended. */
  readonly openStepIds: readonly number[];
  /**
   * The encoded ExecutionInhibitionLock that is put up along with a Halt. One that is held refuses it, unless it is the
   * leftover of an earlier halt that is to be taken over.
   */
  readonly inhibit: { readonly data: Uint8Array; readonly takeOver: boolean } | null;
}

/** Stored whole, or not at all and why. */
export type SendOutcome =
  | { readonly applied: true; readonly handles: readonly EnvelopeHandle[] }
  | { readonly applied: false; readonly reason: string };

/**
 * The writes of an invalidation, each one transaction, each harmless when it is made again. All of them but
 * `begin` hold our WorldInvalidationLock while they write and throw `OpsError` `conflict` when it is not ours any more.
 */
export interface InvalidationWrites {
  /** Takes the WorldInvalidationLock. `heldBy` = the owner id of whoever is at it already; ours is taken again. */
  begin(pair: InvalidationPair): Promise<{ readonly begun: true } | { readonly begun: false; readonly heldBy: string }>;
  /** Execution and planning locks that the dead world holds now, at most 10,000. */
  heldLocks(deadWorldId: string): Promise<readonly CoordinatorRecord[]>;
  /** Fails what ran of one plan, gives it the state that follows, removes its lock, and has somebody go on where it can. */
  abandon(write: AbandonWrite): Promise<AbandonOutcome>;
  /** Sets `active` of an executor's record to false; a record that is gone, or cannot be read, is left alone. */
  deactivate(pair: InvalidationPair): Promise<void>;
  /** Deletes inhibition locks of plans that are stopped, of whomever; answers how many. */
  pruneInhibitions(pair: InvalidationPair): Promise<number>;
  /**
   * Deletes the dead world's inbox, everything it owns and its record, and last our lock. Not done while it holds an
   * execution or planning lock: it has taken one meanwhile.
   */
  finish(
    pair: InvalidationPair,
  ): Promise<{ readonly finished: true; readonly envelopes: number } | { readonly finished: false }>;
  /** Gives our lock back, with nothing else done; nothing when it is not ours. */
  giveUp(pair: InvalidationPair): Promise<void>;
}

/**
 * The coordinator records and envelopes of our own client world in one Dynflow database, and the few writes to plans that
 * no message can ask for. The only port through which Worldline writes to Dynflow. Envelopes are bytes that the codec has
 * validated.
 */
export interface DynflowMailbox {
  /** Inserts our world's record, or puts it back when it was deleted. `data` is the encoded record. */
  register(world: { readonly id: string; readonly class: string; readonly data: Uint8Array }): Promise<void>;
  registered(worldId: string): Promise<boolean>;
  /** Inserts one envelope and notifies its receiver in one transaction. */
  send(receiverId: string, data: Uint8Array): Promise<EnvelopeHandle>;
  /**
   * Marks steps of a paused plan as skipped or to be skipped, and its row with the result that follows. One transaction,
   * in which nobody can begin to execute the plan; refused when the plan is not paused, is held by a lock, or one step is
   * not in the state it is expected in.
   */
  skip(write: SkipWrite): Promise<WriteOutcome>;
  /** Keeps the poller of delayed plans away from a plan, or lets it come again; false = nothing was to be changed. */
  freeze(planId: string, frozen: boolean): Promise<boolean>;
  /**
   * Marks the root step of a scheduled plan as cancelled, inhibits its execution and has an executor halt it, all in one
   * transaction in which nobody can begin to plan it. Refused when it is not scheduled, not frozen, or held by a lock.
   */
  cancelScheduled(
    write: ScheduledCancelWrite,
  ): Promise<{ readonly applied: true; readonly handle: EnvelopeHandle } | Extract<WriteOutcome, { applied: false }>>;
  /** Reads again what the messages rest on and stores them for one receiver, in one transaction with the plan's row held. */
  sendGuarded(guard: SendGuard, receiverId: string, envelopes: readonly Uint8Array[]): Promise<SendOutcome>;
  /** Takes a Halt back that nobody has read, and, where it put one up, its inhibition lock with it; false = it was read. */
  withdrawHalt(halt: EnvelopeHandle & { readonly planId: string; readonly releases: boolean }): Promise<boolean>;
  /** Deletes the inhibition lock of a plan whose halt has ended: nobody else does. True = it was there. */
  releaseInhibition(planId: string): Promise<boolean>;
  /** Deletes an envelope that was not yet taken: true = withdrawn, false = it had been delivered. */
  withdraw(handle: EnvelopeHandle): Promise<boolean>;
  /**
   * Takes all envelopes of this receiver, in order, in one transaction, which waits for `beforeGone`: what that keeps is
   * kept before the rows are gone. When it rejects, nothing was taken.
   */
  pull(
    worldId: string,
    beforeGone?: (envelopes: readonly Uint8Array[]) => Promise<void>,
  ): Promise<readonly Uint8Array[]>;
  /** Calls back on each notification for this world; on a dialect without NOTIFY it never does. */
  listen(worldId: string, onNotify: () => void, onLost: (cause: unknown) => void): Promise<() => Promise<void>>;
  /** The writes by which a dead world is invalidated. */
  readonly invalidation: InvalidationWrites;
  /** Deletes our locks, our record and our inbox. */
  leave(worldId: string): Promise<void>;
  close(): Promise<void>;
}
