/**
 * Which steps a cancel may be sent to. The database does not say which classes are cancellable, and a suspended step whose
 * class is not is destroyed by a cancel (seen): so a class is taken for cancellable only when its action has sub-plans, or
 * when the source's configuration names it.
 *
 * Source: Dynflow/dynflow 2.0.0 lib/dynflow/action/with_sub_plans.rb (includes Cancellable), execution_plan/steps/
 * run_step.rb `cancellable?`, execution_plan.rb `cancel`.
 */
import type { PlanRecord, StepRow } from "./model.ts";
import { listedSteps } from "./plan-verdict.ts";
import type { Lock } from "./records.ts";

export interface CancelStep {
  readonly stepId: number;
  readonly state: string;
  readonly actionClass: string;
  /** `null` = nothing says that its class can be cancelled: a cancel may destroy it. */
  readonly cancellable: "sub-plans" | "configured" | null;
}

/** `Actions::*` begins so, anything else is the whole name. */
export const matchesClass = (pattern: string, name: string): boolean =>
  pattern.endsWith("*") ? name.startsWith(pattern.slice(0, -1)) : name === pattern;

const EVENT_STATES: ReadonlySet<string> = new Set(["running", "suspended"]);

/** Every step that could take an event, in the plan's order. */
export function cancelSteps(
  plan: { readonly steps: readonly StepRow[]; readonly stepIds?: PlanRecord["stepIds"] },
  known: { readonly subPlanActions: ReadonlySet<number>; readonly cancellable: readonly string[] },
): readonly CancelStep[] {
  const steps = plan.stepIds === undefined ? plan.steps : listedSteps({ steps: plan.steps, stepIds: plan.stepIds });
  return steps
    .filter((step) => step.phase === "run" && EVENT_STATES.has(step.state))
    .map(({ id: stepId, state, actionId, actionClass }) => ({
      stepId,
      state,
      actionClass,
      cancellable: known.subPlanActions.has(actionId)
        ? "sub-plans"
        : known.cancellable.some((pattern) => matchesClass(pattern, actionClass))
          ? "configured"
          : null,
    }));
}

/** Why this one step can take no event; empty = it can, as far as the step decides. */
export function stepRefusals(plan: Pick<PlanRecord, "steps" | "stepIds">, stepId: number): readonly string[] {
  const step = listedSteps(plan).find((each) => each.id === stepId);
  if (step === undefined) return [`the plan has no step ${stepId}`];
  if (step.phase !== "run") return [`step ${stepId} is a ${step.phase} step: only run steps take events`];
  return EVENT_STATES.has(step.state) ? [] : [`step ${stepId} is ${step.state}, not running or suspended`];
}

/** Why no cancel can be sent to the steps of this plan; empty = it can. `steps` are those it would go to. */
export function cancelRefusals(
  state: string,
  locks: readonly Pick<Lock, "kind" | "worldId">[],
  steps: readonly CancelStep[],
): readonly string[] {
  const execution = locks.find((lock) => lock.kind === "execution");
  if (state === "scheduled") {
    return locks.some((lock) => lock.kind === "planning") ? ["a world is planning it"] : [];
  }
  return [
    ...(state === "running" ? [] : [`the plan is ${state}, not running or scheduled`]),
    ...(state === "running" && (execution === undefined || execution.worldId === null)
      ? ["no executor holds its lock: nobody executes it who could be told"]
      : []),
    ...(state === "running" && steps.length === 0 ? ["no step of it can take a cancel now"] : []),
  ];
}

/** Why a scheduled plan cannot be cancelled; empty = it can. */
export function scheduledRefusals(plan: Pick<PlanRecord, "head" | "steps" | "delayed">): readonly string[] {
  const root = plan.steps.find((step) => step.id === plan.head.rootPlanStepId);
  return [
    ...(root === undefined ? ["it has no root plan step"] : []),
    ...(root !== undefined && root.state !== "pending" && root.state !== "cancelled"
      ? [`its root plan step is ${root.state}, not pending`]
      : []),
    ...(plan.delayed === null ? ["it has no delay any more: nothing keeps a planner away from it"] : []),
  ];
}
