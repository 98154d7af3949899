/** Plans as they stand after something befell them: finished in the past, or stuck. */
import type { Random } from "#server/demo/dna/random.ts";
import type { Flow, StepError } from "#server/dynflow/domain/model.ts";
import { resultOf } from "#server/dynflow/domain/plan-verdict.ts";
import { type EpochMs, epochMs } from "#server/kernel/clock.ts";
import type { DemoBehaviour } from "./demo-behaviour.ts";
import { failureOf } from "./failures.ts";
import { conclude, withValues } from "./plan-run.ts";
import { type PlanSpec, planOf, scheduledPlanOf } from "./planner.ts";
import { remember, type StoredPlan, type StoredStep } from "./stored-plan.ts";

export type PastOutcome = "success" | "warning" | "error" | "cancelled" | "paused";

export interface PastPlan {
  readonly id: string;
  readonly spec: PlanSpec;
  readonly at: EpochMs;
  readonly worldId: string;
  readonly outcome: PastOutcome;
}

/** The rows of a plan that was started at `at` and came to this end. */
export function pastPlan(past: PastPlan, behaviour: DemoBehaviour, random: Random): StoredPlan {
  switch (past.outcome) {
    case "cancelled":
      return cancelledBeforeItsTime(past);
    case "error":
      return failedInPlanning(past, random);
    case "success":
    case "warning":
    case "paused":
      return executed(past, behaviour, random);
  }
}

/** Source: what Dynflow 2.0.0 leaves of a scheduled plan that was cancelled (fixtures/dynflow/v25.sqlite). */
function cancelledBeforeItsTime({ id, spec, at, worldId }: PastPlan): StoredPlan {
  const plan = scheduledPlanOf(id, spec.root.class, at, worldId);
  for (const step of plan.steps) step.state = "cancelled";
  const cancelledAt = epochMs(at + 60_000);
  remember(plan, "Delayed task cancelled", worldId, cancelledAt);
  conclude(plan, cancelledAt);
  return plan;
}

function failedInPlanning({ id, spec, at, worldId }: PastPlan, random: Random): StoredPlan {
  const plan = planOf(id, { ...spec, root: { class: spec.root.class, input: spec.root.input ?? {} } }, at);
  for (const step of plan.steps) {
    step.state = "error";
    step.error = {
      ...failureOf("planning", random),
      backtrace: [`app/lib/actions.rb:${30 + random.below(40)}:in \`plan'`],
    };
    step.progressDone = 0;
  }
  const end = epochMs(at + 40);
  remember(plan, "finish execution", worldId, end);
  conclude(plan, end);
  return plan;
}

function executed(past: PastPlan, behaviour: DemoBehaviour, random: Random): StoredPlan {
  const plan = planOf(past.id, past.spec, past.at);
  remember(plan, "start execution", past.worldId, past.at);
  const order = [...stepIdsOf(plan.runFlow), ...stepIdsOf(plan.finalizeFlow)];
  const runSteps = plan.steps.filter((step) => step.phase === "run");
  const failing = past.outcome === "success" ? null : (runSteps[random.below(runSteps.length)] ?? null);
  let now = past.at;
  for (const stepId of order) {
    const step = plan.steps.find((candidate) => candidate.id === stepId);
    if (step === undefined) continue;
    const tookMs = behaviour.usualMs(step.actionClass, random);
    const action = plan.actions.find((candidate) => candidate.id === step.actionId);
    if (action !== undefined) action.input = withValues(action.input, plan);
    const failure = step === failing ? failureOf(step.actionClass, random) : null;
    ranFor(step, now, tookMs, failure);
    now = epochMs(now + tookMs);
    if (failure !== null && past.outcome === "paused") return paused(plan, past.worldId, now);
    if (failure !== null) step.state = "skipped";
    if (action !== undefined && failure === null) action.output = behaviour.outputOf(action.class, plan.id);
  }
  remember(plan, "finish execution", past.worldId, now);
  conclude(plan, now);
  return plan;
}

function ranFor(step: StoredStep, from: EpochMs, tookMs: number, error: StepError | null): void {
  step.startedAt = from;
  step.endedAt = epochMs(from + tookMs);
  step.realTimeSec = tookMs / 1_000;
  step.executionTimeSec = tookMs / 4_000;
  step.error = error;
  step.state = error === null ? "success" : "error";
  step.progressDone = error === null ? 1 : 0;
}

function paused(plan: StoredPlan, worldId: string, at: EpochMs): StoredPlan {
  remember(plan, "pause execution", worldId, at);
  plan.state = "paused";
  plan.result = resultOf(plan.steps);
  return plan;
}

const stepIdsOf = (flow: Flow): readonly number[] =>
  flow.kind === "step" ? [flow.stepId] : flow.flows.flatMap(stepIdsOf);
