import type { JsonValue } from "#server/kernel/json.ts";

/** Source: Dynflow/dynflow 2.0.0 lib/dynflow/execution_plan.rb `states`. A reader tolerates others and shows them. */
export const PLAN_STATES = ["pending", "scheduled", "planning", "planned", "running", "paused", "stopped"] as const;
export type PlanState = (typeof PLAN_STATES)[number];

export const PLAN_RESULTS = ["pending", "success", "warning", "error", "cancelled"] as const;
export type PlanResult = (typeof PLAN_RESULTS)[number];

/** Source: Dynflow/dynflow 2.0.0 lib/dynflow/execution_plan/steps/abstract.rb `states`. */
export const STEP_STATES = [
  "scheduling",
  "pending",
  "running",
  "success",
  "suspended",
  "skipping",
  "skipped",
  "error",
  "cancelled",
] as const;
export type StepState = (typeof STEP_STATES)[number];

/** An instant of the database, UTC, always six fraction digits: `2026-11-22T05:45:46.600871Z`. Sorts as text. */
export type UtcMicros = string;

/** Something decoded, or why it could not be. The bytes stay where they are; only their number is told. */
export type Decoded<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly reason: string; readonly bytes: number };

/**
 * Values of payloads, JSON-safe. What JSON cannot hold is tagged:
 * `{"$time": iso}`, `{"$time_with_zone": iso}`, `{"$datetime": iso}`, `{"$date": "YYYY-MM-DD"}` (nanoseconds kept),
 * `{"$int": "18446744073709551615"}` for integers beyond 2^53, `{"$bytes": base64}` for binary,
 * `{"$ext": type, "$bytes": base64, "$reason": text}` for an ext type we do not know,
 * `{"$ref": {…}, "$text": "Step(4).output[:token]"}` for a reference to another action's output,
 * `{"$float": "NaN"}` for a float that is no finite number, `{"$map": [[key, value], …]}` for a map with keys that
 * are no text or that could be taken for one of these tags,
 * `{"$marshal": {"class": text or null, "bytes": length, "sha256": hex}}` for data of Ruby's Marshal, which is never
 * decoded. A `$date` that was not midnight in UTC has its `$instant`
 * beside it: the writer's zone, and so strictly the day, is not known.
 */
export type PayloadValue = JsonValue;

export type Flow =
  | { readonly kind: "step"; readonly stepId: number }
  | { readonly kind: "sequence"; readonly flows: readonly Flow[] }
  | { readonly kind: "concurrence"; readonly flows: readonly Flow[] };

export interface HistoryEntry {
  /** Unix seconds. */
  readonly timeSec: number;
  /** Open set: `start execution`, `pause execution`, … */
  readonly name: string;
  readonly worldId: string | null;
}

/** One row of the plan table without its blobs; `state` and `result` as stored, also when we do not know the word. */
export interface PlanHead {
  readonly id: string;
  readonly label: string | null;
  readonly state: string;
  readonly result: string;
  readonly startedAt: UtcMicros | null;
  readonly endedAt: UtcMicros | null;
  readonly realTimeSec: number | null;
  readonly executionTimeSec: number | null;
  readonly rootPlanStepId: number | null;
}

export interface StepError {
  readonly exceptionClass: string;
  readonly message: string;
  readonly backtrace: readonly string[];
}

export type StepPhase = "plan" | "run" | "finalize";

export interface StepRow {
  readonly id: number;
  readonly phase: StepPhase | "unknown";
  readonly class: string;
  readonly state: string;
  readonly actionId: number;
  readonly actionClass: string;
  readonly queue: string | null;
  readonly startedAt: UtcMicros | null;
  readonly endedAt: UtcMicros | null;
  readonly realTimeSec: number | null;
  readonly executionTimeSec: number | null;
  readonly progressDone: number | null;
  readonly progressWeight: number | null;
  readonly error: Decoded<StepError | null>;
  readonly children: Decoded<readonly number[] | null>;
}

/** An action without its payloads. */
export interface ActionHead {
  readonly id: number;
  readonly class: string;
  readonly planStepId: number | null;
  readonly runStepId: number | null;
  readonly finalizeStepId: number | null;
  readonly callerPlanId: string | null;
  readonly callerActionId: number | null;
}

export interface DelayedPlan {
  readonly startAt: UtcMicros | null;
  readonly startBefore: UtcMicros | null;
  readonly frozen: boolean;
  readonly serializer: string;
  readonly args: Decoded<PayloadValue>;
}

/** The row of a plan: what it holds beside its steps. */
export interface PlanParts {
  readonly head: PlanHead;
  readonly runFlow: Decoded<Flow>;
  readonly finalizeFlow: Decoded<Flow>;
  readonly history: Decoded<readonly HistoryEntry[]>;
  readonly stepIds: Decoded<readonly number[]>;
}

/** Everything of one plan but payloads. */
export interface PlanRecord {
  readonly head: PlanHead;
  readonly runFlow: Decoded<Flow>;
  readonly finalizeFlow: Decoded<Flow>;
  readonly history: Decoded<readonly HistoryEntry[]>;
  readonly stepIds: Decoded<readonly number[]>;
  /** In order of `stepIds`, those not listed last by id. */
  readonly steps: readonly StepRow[];
  readonly actions: readonly ActionHead[];
  readonly delayed: DelayedPlan | null;
  /** Prerequisites of this plan. */
  readonly blockedBy: readonly string[];
  /** Plans that wait for this one. */
  readonly blocks: readonly string[];
  /** Plans planned as sub-plans by an action of this one, at most 1,000. */
  readonly subPlanIds: readonly string[];
}

export interface OutputChunk {
  readonly id: number;
  readonly kind: string | null;
  readonly timestamp: UtcMicros;
  readonly chunk: Decoded<PayloadValue>;
}

export interface ActionPayload {
  readonly input: Decoded<PayloadValue>;
  /** `null` until the action was saved in its run or finalize phase. */
  readonly output: Decoded<PayloadValue>;
  readonly inputBytes: number;
  readonly outputBytes: number;
  readonly chunks: readonly OutputChunk[];
  /** True when there are more chunks than were read. */
  readonly chunksCut: boolean;
}

/** A row of `dynflow_coordinator_records`: a world or a lock, `data` decoded as it stands. */
export interface CoordinatorRecord {
  readonly class: string;
  readonly id: string;
  readonly ownerId: string | null;
  readonly data: Decoded<PayloadValue>;
}
