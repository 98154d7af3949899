import type {
  ActionPayload,
  CoordinatorRecord,
  Decoded,
  DelayedPlan,
  PlanHead,
  PlanRecord,
  StepRow,
  UtcMicros,
} from "./domain/model.ts";
import type { SkipChange } from "./domain/skip.ts";

/** What this database is and can do; read once when the source comes up and again after it was down. */
export interface DynflowCapabilities {
  readonly dialect: "postgres" | "sqlite";
  readonly schemaVersion: number;
  /** LISTEN/NOTIFY hints can be had. */
  readonly notify: boolean;
  /** A cheap counter of inserted plan rows can be had. */
  readonly insertCount: boolean;
}

/** The sort columns Dynflow itself offers (`dynflow.md` 4.1), and `id`. */
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

/** All given parts must hold; an empty list means "any". Comparison of label is exact or by prefix, never a pattern. */
export interface PlanFilter {
  readonly ids: readonly string[];
  readonly states: readonly string[];
  readonly results: readonly string[];
  readonly label: { readonly kind: "exact" | "prefix"; readonly text: string } | null;
  /** `startedAt` in [from, to). Plans that never started match neither bound. */
  readonly startedFrom: UtcMicros | null;
  readonly startedTo: UtcMicros | null;
}

export interface PlanQuery {
  readonly filter: PlanFilter;
  readonly sort: PlanSort;
  readonly descending: boolean;
  /** 1 to 500. */
  readonly limit: number;
  /** A cursor of an earlier page and the way to go from it; `null` = the first page. */
  readonly from: { readonly cursor: string; readonly direction: "next" | "previous" } | null;
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

/** A plan as the follower needs it: its head and steps without payloads. */
export interface FollowedPlan {
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

/** Ids of steps that one action needs the output of. */
export interface ActionReferences {
  readonly actionId: number;
  readonly stepIds: Decoded<readonly number[]>;
}

export interface SubPlanCaller {
  readonly planId: string;
  readonly actionId: number;
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
  plan(id: string): Promise<PlanRecord | null>;
  /** Input, output and a bounded number of chunks; more chunks are had by naming the last one's id. */
  action(planId: string, actionId: number, chunksAfter?: number): Promise<ActionPayload | null>;
  /**
   * Which steps the input of each of its actions refers to, at any depth: what a skip of one step takes along. At most as
   * many actions as a plan may have steps.
   */
  references(planId: string): Promise<readonly ActionReferences[]>;
  /** Actions of these plans that have planned sub-plans, by index; at most 500 ids a call. */
  subPlanCallers(planIds: readonly string[]): Promise<readonly SubPlanCaller[]>;
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

/** What a skip writes (`dynflow.md` 9.2). */
export interface SkipWrite {
  readonly planId: string;
  readonly changes: readonly SkipChange[];
  /** The plan's `step_ids`: the steps that its result is computed from. */
  readonly listedStepIds: readonly number[];
}

/** What cancelling a scheduled plan writes and sends (`dynflow.md` 9.4). */
export interface ScheduledCancelWrite {
  readonly planId: string;
  readonly rootStepId: number;
  /** The encoded ExecutionInhibitionLock of the plan. */
  readonly inhibition: Uint8Array;
  readonly executorId: string;
  /** The encoded Halt for that executor. */
  readonly halt: Uint8Array;
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
  /** Inserts several for one receiver in one transaction: all or none. */
  sendAll(receiverId: string, envelopes: readonly Uint8Array[]): Promise<readonly EnvelopeHandle[]>;
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
  /** Deletes an envelope that was not yet taken: true = withdrawn, false = it had been delivered. */
  withdraw(handle: EnvelopeHandle): Promise<boolean>;
  /** Takes all envelopes of this receiver, in order, in one transaction. */
  pull(worldId: string): Promise<readonly Uint8Array[]>;
  /** Calls back on each notification for this world; on a dialect without NOTIFY it never does. */
  listen(worldId: string, onNotify: () => void, onLost: (cause: unknown) => void): Promise<() => Promise<void>>;
  /** Deletes our locks, our record and our inbox. */
  leave(worldId: string): Promise<void>;
  close(): Promise<void>;
}
