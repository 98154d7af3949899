/**
 * Plans: from a tree of actions to the rows that planning leaves behind.
 *
 * Ids as Ruby gives them: one count for all steps of a plan in the order in which planning meets them; an action's plan
 * step, then whatever it plans, in the order in which it plans it.
 */
import type { Flow } from "#server/dynflow/domain/model.ts";
import type { EpochMs } from "#server/kernel/clock.ts";
import type { JsonObject } from "#server/kernel/json.ts";
import type { StoredAction, StoredPlan, StoredStep } from "./stored-plan.ts";

export interface ActionSpec {
  readonly class: string;
  readonly input?: JsonObject;
  /** It has a run step, in this queue. */
  readonly run?: { readonly queue?: string; readonly weight?: number };
  readonly finalize?: boolean;
  /** What it plans besides itself, before (default) or after its own steps, and how the run steps follow each other. */
  readonly children?: readonly ActionSpec[];
  readonly childrenRun?: "one after another" | "together";
  readonly ownStepsFirst?: boolean;
  /** Keys of its input that take their value from the output of the action planned just before it: key to key. */
  readonly fromPrevious?: Readonly<Record<string, string>>;
}

export interface PlanSpec {
  readonly root: ActionSpec;
  /** Default: the class of the root action. */
  readonly label?: string;
  readonly caller?: { readonly planId: string; readonly actionId: number };
}

const DEFAULT_QUEUE = "default";
const PLAN_STEP_SEC = 0.002;

/** A plan in state planned, as it stands when planning has succeeded at `at`. */
export function planOf(planId: string, spec: PlanSpec, at: EpochMs): StoredPlan {
  const planning = createPlanning(planId, spec, at);
  const root = planning.plan(spec.root, null);
  return {
    id: planId,
    label: spec.label ?? spec.root.class,
    state: "planned",
    result: "pending",
    startedAt: at,
    endedAt: null,
    realTimeSec: 0,
    executionTimeSec: null,
    rootPlanStepId: root.planStepId,
    runFlow: simplified(root.flow) ?? { kind: "concurrence", flows: [] },
    finalizeFlow: { kind: "sequence", flows: planning.finalizeSteps.map(atom) },
    history: [],
    stepIds: planning.steps.map((step) => step.id),
    steps: planning.steps,
    actions: planning.actions,
  };
}

/** A plan in state scheduled: there is only its root action with its plan step, and neither label nor start. */
export function scheduledPlanOf(planId: string, actionClass: string, at: EpochMs, worldId: string): StoredPlan {
  const planned = planOf(planId, { root: { class: actionClass } }, at);
  const unplanned = { state: "pending", startedAt: null, endedAt: null, realTimeSec: 0, executionTimeSec: 0 };
  return {
    ...planned,
    label: null,
    state: "scheduled",
    startedAt: null,
    history: [{ timeSec: Math.floor(at / 1_000), name: "delay", worldId }],
    steps: planned.steps.map((step) => ({ ...step, ...unplanned, progressDone: 0 })),
  };
}

interface Planned {
  readonly actionId: number;
  readonly planStepId: number;
  readonly runStepId: number | null;
  readonly flow: Flow;
}

const atom = (stepId: number): Flow => ({ kind: "step", stepId });

function createPlanning(planId: string, spec: PlanSpec, at: EpochMs) {
  const steps: StoredStep[] = [];
  const actions: StoredAction[] = [];
  const finalizeSteps: number[] = [];

  function addStep(step: Pick<StoredStep, "phase" | "actionId" | "actionClass" | "queue" | "progressWeight">): number {
    const id = steps.length + 1;
    const planned = step.phase === "plan";
    steps.push({
      ...step,
      id,
      state: planned ? "success" : "pending",
      startedAt: planned ? at : null,
      endedAt: planned ? at : null,
      realTimeSec: planned ? PLAN_STEP_SEC : 0,
      executionTimeSec: planned ? PLAN_STEP_SEC : 0,
      progressDone: planned ? 1 : 0,
      error: null,
      children: planned ? [] : null,
    });
    return id;
  }

  /** `plan_self`: a run step and a finalize step, as far as the action has such methods. */
  function addOwnSteps(action: ActionSpec, actionId: number): Pick<StoredAction, "runStepId" | "finalizeStepId"> {
    const common = { actionId, actionClass: action.class, queue: action.run?.queue ?? DEFAULT_QUEUE };
    const weight = action.run?.weight ?? 1;
    const runStepId = action.run === undefined ? null : addStep({ ...common, phase: "run", progressWeight: weight });
    if (action.finalize !== true) return { runStepId, finalizeStepId: null };
    const finalizeStepId = addStep({ ...common, phase: "finalize", progressWeight: 1 });
    finalizeSteps.push(finalizeStepId);
    return { runStepId, finalizeStepId };
  }

  function planChildren(action: ActionSpec): readonly Planned[] {
    const planned: Planned[] = [];
    for (const child of action.children ?? []) planned.push(plan(child, planned.at(-1) ?? null));
    return planned;
  }

  function plan(action: ActionSpec, previous: Planned | null): Planned {
    const actionId = actions.length + 1;
    const isRoot = actionId === 1;
    const planStepId = addStep({
      phase: "plan",
      actionId,
      actionClass: action.class,
      queue: null,
      progressWeight: 0,
    });
    const row: StoredAction = {
      id: actionId,
      class: action.class,
      planStepId,
      runStepId: null,
      finalizeStepId: null,
      callerPlanId: isRoot ? (spec.caller?.planId ?? null) : null,
      callerActionId: isRoot ? (spec.caller?.actionId ?? null) : null,
      input: { ...action.input, ...referencesOf(planId, action, previous) },
      output: null,
    };
    actions.push(row);
    const first = action.ownStepsFirst === true ? addOwnSteps(action, actionId) : null;
    const children = planChildren(action);
    const own = first ?? addOwnSteps(action, actionId);
    actions[actionId - 1] = { ...row, ...own };
    const step = steps[planStepId - 1];
    if (step !== undefined) steps[planStepId - 1] = { ...step, children: children.map((child) => child.planStepId) };
    return { actionId, planStepId, runStepId: own.runStepId, flow: flowOf(action, own.runStepId, children) };
  }

  return { steps, actions, finalizeSteps, plan };
}

function flowOf(action: ActionSpec, runStepId: number | null, children: readonly Planned[]): Flow {
  const below: Flow = {
    kind: action.childrenRun === "together" ? "concurrence" : "sequence",
    flows: children.map((child) => child.flow),
  };
  const own: readonly Flow[] = runStepId === null ? [] : [atom(runStepId)];
  return { kind: "sequence", flows: action.ownStepsFirst === true ? [...own, below] : [below, ...own] };
}

/** Empty parts vanish, a composed flow of one part is that part, a sequence in a sequence is one. */
function simplified(flow: Flow): Flow | null {
  if (flow.kind === "step") return flow;
  const parts = flow.flows.flatMap((part) => {
    const simple = simplified(part);
    if (simple === null) return [];
    return simple.kind !== "step" && simple.kind === flow.kind ? simple.flows : [simple];
  });
  if (parts.length === 0) return null;
  return parts.length === 1 ? (parts[0] ?? null) : { kind: flow.kind, flows: parts };
}

/** Source: Dynflow/dynflow 2.0.0 lib/dynflow/execution_plan/output_reference.rb `to_hash`. */
function referencesOf(planId: string, action: ActionSpec, previous: Planned | null): JsonObject {
  if (previous === null || previous.runStepId === null) return {};
  const { runStepId: stepId, actionId } = previous;
  return Object.fromEntries(
    Object.entries(action.fromPrevious ?? {}).map(([key, outputKey]) => [
      key,
      {
        $ref: {
          class: "Dynflow::ExecutionPlan::OutputReference",
          execution_plan_id: planId,
          step_id: stepId,
          action_id: actionId,
          subkeys: [outputKey],
        },
        $text: `Step(${stepId}).output[:${outputKey}]`,
      },
    ]),
  );
}
