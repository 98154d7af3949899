/**
 * Which steps a skip takes along, and what becomes of each.
 *
 * Source: Dynflow/dynflow 2.0.0 lib/dynflow/execution_plan.rb `skip`, `steps_to_skip`; execution_plan/steps/
 * run_step.rb and finalize_step.rb `mark_to_skip`.
 */
import type { Decoded, PlanRecord, StepRow } from "./model.ts";
import { listedSteps, resultOf } from "./plan-verdict.ts";
import type { Lock } from "./records.ts";

/** One step as a skip writes it. */
export interface SkipChange {
  readonly stepId: number;
  /** The state it must still be in. */
  readonly from: string;
  /** `skipping` becomes skipped when the plan is resumed; `skipped` is at once. */
  readonly to: "skipping" | "skipped";
}

export type References = readonly { readonly actionId: number; readonly stepIds: Decoded<readonly number[]> }[];

/** What a skip would do, or every reason why it cannot be done. */
export interface SkipJudgement {
  readonly changes: readonly SkipChange[];
  readonly refusals: readonly string[];
}

type Plan = Pick<PlanRecord, "steps" | "stepIds" | "actions">;

/**
 * The ids that a skip of one step takes along, in Ruby's order: first what depends on its output, and on theirs, then the
 * step, then the finalize step of its action.
 */
export function stepsToSkip(plan: Plan, references: References, stepId: number): readonly number[] {
  const own = listedSteps(plan).filter((step) => step.phase !== "plan");
  const byId = new Map(own.map((step) => [step.id, step]));
  const dependents = dependentsOf(own, references);
  const finalizeIds = new Map(plan.actions.map((action) => [action.id, action.finalizeStepId]));

  const collected = new Set<number>();
  const met = new Set([stepId]);
  const way = [{ id: stepId, at: 0 }];
  // What depends on a step comes before it. A reference in a circle cannot be planned; should a row hold one, it ends here.
  for (let top = way.at(-1); top !== undefined; top = way.at(-1)) {
    const next = dependents.get(top.id)?.[top.at];
    if (next !== undefined) {
      top.at += 1;
      if (met.has(next)) continue;
      met.add(next);
      way.push({ id: next, at: 0 });
      continue;
    }
    way.pop();
    collected.add(top.id);
    const step = byId.get(top.id);
    const finalizeId = step?.phase === "run" ? (finalizeIds.get(step.actionId) ?? null) : null;
    if (finalizeId !== null && byId.has(finalizeId)) collected.add(finalizeId);
  }
  return [...collected];
}

/** By step id: the steps whose action's input refers to it, in the plan's order. */
function dependentsOf(own: readonly StepRow[], references: References): ReadonlyMap<number, readonly number[]> {
  const required = new Map(references.map(({ actionId, stepIds }) => [actionId, stepIds.ok ? stepIds.value : []]));
  const dependents = new Map<number, number[]>();
  for (const step of own) {
    for (const id of new Set(required.get(step.actionId))) {
      if (id === step.id) continue;
      const known = dependents.get(id);
      if (known === undefined) dependents.set(id, [step.id]);
      else known.push(step.id);
    }
  }
  return dependents;
}

/** The steps in error that can be skipped at all, in the plan's order. */
export const failedSteps = (plan: Pick<PlanRecord, "steps" | "stepIds">): readonly StepRow[] =>
  listedSteps(plan).filter((step) => step.state === "error" && step.phase !== "plan");

/** Why no step of this plan can be skipped now; empty = the plan stands as a skip needs it. */
export function skipPlanRefusals(state: string, locks: readonly Pick<Lock, "kind">[]): readonly string[] {
  const held = (kind: Lock["kind"]) => locks.some((lock) => lock.kind === kind);
  return [
    ...(state === "paused" ? [] : [`the plan is ${state}, not paused`]),
    ...(held("execution") ? ["an executor holds the plan's execution lock: it would not see what is written"] : []),
    ...(held("planning") ? ["a world is planning it"] : []),
    ...(held("inhibition") ? ["its execution is inhibited: someone asked for a halt"] : []),
  ];
}

/**
 * What skipping these steps writes. Every step of the set is checked before anything is written: Ruby raises half-way.
 */
export function judgeSkip(plan: Plan, references: References, stepIds: readonly number[]): SkipJudgement {
  const unreadable = unreadableActions(plan, references);
  const wanted = stepIds.flatMap((id) => whyNotWanted(plan, id));
  if (unreadable.length > 0 || wanted.length > 0) return { changes: [], refusals: [...wanted, ...unreadable] };
  const ids = [...new Set(stepIds.flatMap((id) => stepsToSkip(plan, references, id)))];
  const byId = new Map(plan.steps.map((step) => [step.id, step]));
  const judged = ids.map((id) => judgeStep(byId.get(id)));
  return {
    changes: judged.flatMap((each) => (typeof each === "string" ? [] : each)),
    refusals: judged.flatMap((each) => (typeof each === "string" ? each : [])),
  };
}

/** The result the plan's row gets with these changes. */
export function resultAfterSkip(
  steps: readonly { readonly id: number; readonly state: string }[],
  changes: readonly SkipChange[],
): string {
  const to = new Map(changes.map((change) => [change.stepId, change.to]));
  return resultOf(steps.map((step) => ({ state: to.get(step.id) ?? step.state })));
}

function whyNotWanted(plan: Plan, id: number): readonly string[] {
  const step = listedSteps(plan).find((each) => each.id === id);
  if (step === undefined) return [`the plan has no step ${id}`];
  if (step.phase !== "run" && step.phase !== "finalize")
    return [`step ${id} is a ${step.phase} step: it is never skipped`];
  return step.state === "error" ? [] : [`step ${id} is ${step.state}, not in error`];
}

/** An input that cannot be read may refer to a step that is skipped: then nobody knows what depends on it. */
function unreadableActions(plan: Plan, references: References): readonly string[] {
  const read = new Set(references.filter(({ stepIds }) => stepIds.ok).map(({ actionId }) => actionId));
  const needed = new Set(
    listedSteps(plan)
      .filter((step) => step.phase !== "plan")
      .map((step) => step.actionId),
  );
  return [...needed]
    .filter((actionId) => !read.has(actionId))
    .map((actionId) => `the input of action ${actionId} cannot be read: whether it depends on the step is not known`);
}

function judgeStep(step: StepRow | undefined): SkipChange | string {
  if (step === undefined) return "a step that depends on it has no row";
  const { id: stepId, phase, state: from } = step;
  if (phase === "run" && from === "error") return { stepId, from, to: "skipping" };
  if (phase === "run" && from === "pending") return { stepId, from, to: "skipped" };
  if (phase === "finalize" && (from === "pending" || from === "error")) return { stepId, from, to: "skipped" };
  return `step ${stepId} depends on it and is ${from}: it can no longer be skipped`;
}
