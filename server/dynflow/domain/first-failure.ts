/** Where a failed plan failed first: the step a person wants to see before any other. */
import { flowStepIds, pathToStep } from "./flow-tree.ts";
import type { Decoded, Flow, PlanRecord, StepPhase, StepRow } from "./model.ts";
import { listedSteps } from "./plan-verdict.ts";

export interface FailedStep {
  readonly stepId: number;
  readonly phase: StepPhase;
  /**
   * The way to it. Run and finalize: indices from the root of that flow on. Plan: ids of the plan steps from the root
   * step down to it, itself last.
   */
  readonly path: readonly number[];
}

/**
 * The first step in state `error`: in planning the innermost one (its ancestors fail with it), then by order of the
 * run flow, then of the finalize flow. `null` when no listed step failed.
 */
export function firstFailedStep(
  plan: Pick<PlanRecord, "stepIds" | "steps" | "runFlow" | "finalizeFlow">,
): FailedStep | null {
  const steps = listedSteps(plan);
  return (
    failedPlanStep(steps) ??
    failedFlowStep(steps, plan.runFlow, "run") ??
    failedFlowStep(steps, plan.finalizeFlow, "finalize")
  );
}

const childrenOf = (step: StepRow): readonly number[] => (step.children.ok ? (step.children.value ?? []) : []);

function failedPlanStep(steps: readonly StepRow[]): FailedStep | null {
  const planSteps = steps.filter((step) => step.phase === "plan");
  const failed = new Set(planSteps.filter((step) => step.state === "error").map((step) => step.id));
  const innermost = planSteps.find((step) => failed.has(step.id) && !childrenOf(step).some((id) => failed.has(id)));
  if (innermost === undefined) return null;
  return { stepId: innermost.id, phase: "plan", path: planPath(planSteps, innermost.id) };
}

/** From the root plan step down; stops where the chain of parents breaks or runs in a circle. */
function planPath(planSteps: readonly StepRow[], stepId: number): readonly number[] {
  const parents = new Map<number, number>();
  for (const step of planSteps) for (const child of childrenOf(step)) parents.set(child, step.id);
  const path = new Set([stepId]);
  for (let parent = parents.get(stepId); parent !== undefined && !path.has(parent); parent = parents.get(parent)) {
    path.add(parent);
  }
  return [...path].toReversed();
}

function failedFlowStep(steps: readonly StepRow[], flow: Decoded<Flow>, phase: "run" | "finalize"): FailedStep | null {
  if (!flow.ok) return null;
  const failed = new Set(steps.filter((step) => step.state === "error").map((step) => step.id));
  const stepId = flowStepIds(flow.value).find((id) => failed.has(id));
  if (stepId === undefined) return null;
  return { stepId, phase, path: pathToStep(flow.value, stepId) ?? [] };
}
