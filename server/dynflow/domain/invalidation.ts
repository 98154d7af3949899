/**
 * What becomes of a plan whose world is invalidated, as the invalidating world writes it.
 *
 * Source: Dynflow/dynflow 2.0.0 lib/dynflow/world/invalidation.rb; execution_plan.rb `update_state`,
 * `compute_execution_time`, `result`; execution_plan/steps/error.rb `new`. Seen: fixtures of 1.5.0.
 */
import type { EpochMs } from "#server/kernel/clock.ts";
import type { HistoryEntry, PlanRecord, PlanResult, StepError } from "./model.ts";
import { judgePlan, listedSteps, resultOf } from "./plan-verdict.ts";

/** What the dead world was doing with a plan: by which of its locks it is known. */
export type AbandonedLock = "planning" | "execution";

/** What the invalidator leaves behind, and what happens next by itself. */
export const PLAN_FATES = [
  /** It has an error: it waits for somebody to resume it. */
  "paused-with-error",
  /** Without error: another executor is asked to go on, in the name of whoever had asked first. */
  "taken-over",
  /** Without error, and nobody there to go on: the next executor that starts resumes it. */
  "waits-for-executor",
  /** Planned completely: an executor is asked to execute it. */
  "planned-and-executed",
  /** Planned completely, and nobody there to execute it: the next executor that starts does. */
  "planned-and-waits",
  /** It was not planned completely: it is stopped for good. */
  "stopped",
  /** It is missing, or Ruby could not load it: only its locks are removed. */
  "only-unlocked",
] as const;
export type PlanFate = (typeof PLAN_FATES)[number];

/** What is written to one plan. Everything else of it stays as it is. */
export interface Abandonment {
  /** Steps that were running: they get the error, nothing else of them changes. */
  readonly failedStepIds: readonly number[];
  readonly state: string;
  readonly result: PlanResult;
  /** The whole history afterwards. */
  readonly history: readonly HistoryEntry[];
  /** Set when the plan comes to its end by this. */
  readonly ended: {
    readonly at: EpochMs;
    readonly realTimeSec: number | null;
    readonly executionTimeSec: number;
  } | null;
  /** A plan that pauses or stops gives up its singleton locks; one that stops its inhibition, too. */
  readonly releases: { readonly singleton: boolean; readonly inhibition: boolean };
  /** An executor is to be asked to execute it, if there is one. */
  readonly goesOn: boolean;
}

/** `null` = the plan cannot be loaded, and only its locks are removed; the reason is for people. */
export type AbandonmentOrNot =
  | { readonly loadable: true; readonly abandonment: Abandonment }
  | { readonly loadable: false; readonly reason: string };

/** What a step is left with when the process that ran it was killed. */
export const abnormalTermination = (backtrace: readonly string[]): StepError => ({
  exceptionClass: "StandardError",
  message: "Abnormal termination (previous state: running)",
  backtrace,
});

export interface Invalidation {
  readonly deadWorldId: string;
  readonly invalidatorId: string;
  readonly now: EpochMs;
}

/** What is written to a plan that the dead world held this lock of. */
export function abandon(plan: PlanRecord, lock: AbandonedLock, invalidation: Invalidation): AbandonmentOrNot {
  const verdict = judgePlan(plan);
  if (!verdict.valid) return { loadable: false, reason: verdict.reason };
  const abandonment = lock === "planning" ? abandonPlanning(plan, invalidation) : abandonExecution(plan, invalidation);
  return { loadable: true, abandonment };
}

/** Only listed steps exist to Ruby. */
function failRunning(plan: PlanRecord) {
  const steps = listedSteps(plan);
  const failedStepIds = steps.filter((step) => step.state === "running").map((step) => step.id);
  const failed = new Set(failedStepIds);
  const after = steps.map((step) => (failed.has(step.id) ? { ...step, state: "error" } : step));
  return { failedStepIds, after, result: resultOf(after) };
}

const historyOf = (plan: PlanRecord): readonly HistoryEntry[] => (plan.history.ok ? plan.history.value : []);
const entry = (name: string, worldId: string, now: EpochMs): HistoryEntry => ({
  timeSec: Math.floor(now / 1_000),
  name,
  worldId,
});

function abandonPlanning(plan: PlanRecord, { invalidatorId, now }: Invalidation): Abandonment {
  const { failedStepIds, after, result } = failRunning(plan);
  const planSteps = after.filter((step) => step.phase === "plan");
  const isPlanned = planSteps.length > 0 && planSteps.every((step) => step.state === "success");
  const state = isPlanned ? "planned" : "stopped";
  const stops = !isPlanned && plan.head.state !== "stopped";
  const history = historyOf(plan);
  return {
    failedStepIds,
    state,
    result,
    history: stops ? [...history, entry("finish execution", invalidatorId, now)] : history,
    ended: stops ? endOf(plan, now) : null,
    releases: { singleton: stops, inhibition: stops },
    goesOn: isPlanned,
  };
}

function abandonExecution(plan: PlanRecord, { deadWorldId, now }: Invalidation): Abandonment {
  const { failedStepIds, result } = failRunning(plan);
  const pauses = plan.head.state === "running";
  return {
    failedStepIds,
    state: pauses ? "paused" : plan.head.state,
    result,
    history: [...historyOf(plan), entry("terminate execution", deadWorldId, now)],
    ended: null,
    releases: { singleton: pauses, inhibition: false },
    // Which rescue strategy its actions have, only their classes know: with an error it is left to people.
    goesOn: result !== "error",
  };
}

function endOf(plan: PlanRecord, at: EpochMs): Abandonment["ended"] {
  const startedAt = plan.head.startedAt === null ? Number.NaN : Date.parse(plan.head.startedAt);
  return {
    at,
    realTimeSec: Number.isFinite(startedAt) ? (at - startedAt) / 1_000 : null,
    executionTimeSec: listedSteps(plan).reduce((sum, step) => sum + (step.executionTimeSec ?? 0), 0),
  };
}

/** What becomes of it, given that an executor can be asked or not. */
export function fateOf(outcome: AbandonmentOrNot, lock: AbandonedLock, canExecute: boolean): PlanFate {
  if (!outcome.loadable) return "only-unlocked";
  const { goesOn } = outcome.abandonment;
  if (lock === "planning") {
    if (!goesOn) return "stopped";
    return canExecute ? "planned-and-executed" : "planned-and-waits";
  }
  if (!goesOn) return "paused-with-error";
  return canExecute ? "taken-over" : "waits-for-executor";
}

const FATE_WORDS: Readonly<Record<PlanFate, string>> = {
  "paused-with-error": "paused with an error: it waits for a person",
  "taken-over": "another executor was asked to go on with it",
  "waits-for-executor": "paused without error: no executor answered, the next one that starts resumes it",
  "planned-and-executed": "it was planned completely: an executor was asked to execute it",
  "planned-and-waits": "it was planned completely: no executor answered, the next one that starts executes it",
  stopped: "stopped: it was not planned completely",
  "only-unlocked": "only its locks were removed",
};

export const fateWords = (fate: PlanFate): string => FATE_WORDS[fate];

/** How a database holds serialized values: msgpack from schema 22 on, JSON text before. */
export type BlobForm = "msgpack" | "json";

/** The two worlds of an invalidation. */
export interface InvalidationPair {
  readonly deadWorldId: string;
  /** Our own, registered world. */
  readonly invalidatorId: string;
}

export interface AbandonWrite extends InvalidationPair {
  readonly planId: string;
  readonly lock: AbandonedLock;
  readonly now: EpochMs;
  /** What is written beside the error of its steps, in the place of the backtrace that Ruby would leave. */
  readonly backtrace: readonly string[];
  /** Whom to ask to go on, should it come to that, and the encoded Execution for it; `null` = nobody. */
  readonly execution: { readonly executorId: string; readonly envelope: Uint8Array } | null;
}

export type AbandonOutcome =
  | {
      readonly applied: true;
      readonly fate: PlanFate;
      readonly failedStepIds: readonly number[];
      /** Why only its locks were removed. */
      readonly reason: string | null;
    }
  | {
      readonly applied: false;
      /** `lock-gone`: somebody else did it, or its world released it. `refused`: it must not be written. */
      readonly why: "lock-gone" | "refused";
      readonly reason: string;
    };
