/**
 * What Ruby says of a plan once it has loaded it, computed from the rows alone.
 *
 * Source: Dynflow/dynflow 2.0.0 lib/dynflow/execution_plan.rb `new_from_hash`, `steps_from_hash`, `result`,
 * `progress`, `compute_execution_time`; execution_plan/steps/abstract.rb `progress_done`, `progress_weight`.
 */
import { flowStepIds } from "./flow-tree.ts";
import type { PlanRecord, PlanResult, StepRow } from "./model.ts";

/** The word Ruby shows for the result of a plan that it cannot load. */
export const INVALID_RESULT = "N/A";

export type PlanVerdict =
  | {
      readonly valid: true;
      /** Recomputed from the steps, as Ruby does for display; the stored one can lag while the plan runs. */
      readonly result: PlanResult;
      /** 0 to 1. */
      readonly progress: number;
      /** Sum over the steps, in seconds: what the stored value will be once the plan stops. */
      readonly executionTimeSec: number;
    }
  | { readonly valid: false; readonly result: typeof INVALID_RESULT; readonly reason: string };

/** The verdict on a plan with all its steps. */
export function judgePlan(plan: PlanRecord): PlanVerdict {
  const fault = planFault(plan);
  if (fault !== null) return { valid: false, result: INVALID_RESULT, reason: fault };
  const steps = listedSteps(plan);
  return {
    valid: true,
    result: resultOf(steps),
    progress: progressOf(plan, steps),
    executionTimeSec: steps.reduce((sum, step) => sum + (step.executionTimeSec ?? 0), 0),
  };
}

/** Why Ruby could not load the plan; `null` when it can, as far as rows tell (classes may be missing all the same). */
function planFault(plan: PlanRecord): string | null {
  for (const part of [plan.stepIds, plan.runFlow, plan.finalizeFlow, plan.history]) {
    if (!part.ok) return part.reason;
  }
  const missing = missingStepIds(plan);
  if (missing.length === 0) return null;
  const more = missing.length > MISSING_NAMED_MAX ? ` and ${missing.length - MISSING_NAMED_MAX} more` : "";
  return `the plan lists steps that do not exist: ${missing.slice(0, MISSING_NAMED_MAX).join(", ")}${more}`;
}

/** A list that was cut off could miss them all. */
const MISSING_NAMED_MAX = 20;

/** Whether these steps are those of the list, in its order, which is that of their ids: so they are in nearly every plan. */
export const areAsListed = (ids: readonly number[], steps: readonly StepRow[]): boolean =>
  ids.length === steps.length &&
  ids.every((id, index) => id === steps[index]?.id && (index === 0 || id > (ids[index - 1] ?? id)));

/** Ids in `step_ids` without a row: Ruby's `DataConsistencyError`. The reverse, rows that are not listed, is legal. */
export function missingStepIds(plan: Pick<PlanRecord, "stepIds" | "steps">): readonly number[] {
  if (!plan.stepIds.ok || areAsListed(plan.stepIds.value, plan.steps)) return [];
  const present = new Set(plan.steps.map((step) => step.id));
  return plan.stepIds.value.filter((id) => !present.has(id));
}

/** The steps that count, in the order of `step_ids`. */
export function listedSteps(plan: Pick<PlanRecord, "stepIds" | "steps">): readonly StepRow[] {
  if (!plan.stepIds.ok) return [];
  if (areAsListed(plan.stepIds.value, plan.steps)) return plan.steps;
  const byId = new Map(plan.steps.map((step) => [step.id, step]));
  return plan.stepIds.value.flatMap((id) => byId.get(id) ?? []);
}

/** The result of these steps, in Ruby's order of precedence. No steps at all = success. */
export function resultOf(steps: readonly Pick<StepRow, "state">[]): PlanResult {
  const any = (...states: readonly string[]) => steps.some((step) => states.includes(step.state));
  if (any("cancelled")) return "cancelled";
  if (any("error")) return "error";
  if (any("skipping", "skipped")) return "warning";
  return steps.every((step) => step.state === "success") ? "success" : "pending";
}

/** How much of a step is done, 0 to 1: certain by its state in some, else as stored. */
export function progressDoneOf(step: Pick<StepRow, "state" | "phase" | "progressDone">): number {
  if (step.state === "success" || step.state === "skipped") return 1;
  if (step.state === "pending" || step.phase === "plan") return 0;
  return step.progressDone ?? 0;
}

const BEFORE_RUN: ReadonlySet<string> = new Set(["pending", "planning", "scheduled"]);

function progressOf(plan: PlanRecord, steps: readonly StepRow[]): number {
  if (BEFORE_RUN.has(plan.head.state)) return 0;
  const byId = new Map(steps.map((step) => [step.id, step]));
  let done = 0;
  let total = 0;
  for (const flow of [plan.runFlow, plan.finalizeFlow]) {
    for (const id of flow.ok ? flowStepIds(flow.value) : []) {
      const step = byId.get(id);
      if (step === undefined) continue;
      const weight = step.progressWeight ?? 0;
      done += progressDoneOf(step) * weight;
      total += weight;
    }
  }
  return total > 0 ? done / total : 1;
}
