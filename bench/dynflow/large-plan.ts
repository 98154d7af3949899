/** One plan of very many steps as Dynflow 2.0 would store it: the same for the same size and shape, whoever asks. */

import type { StoredAction, StoredPlan, StoredStep } from "#server/demo/dynflow/stored-plan.ts";
import type { Flow, StepError } from "#server/dynflow/domain/model.ts";
import { epochMs } from "#server/kernel/clock.ts";

/**
 * `wide`: one concurrence of steps of few classes. `branches`: a concurrence of sequences of ten. `long`: one sequence.
 * `mixed`: stages one after the other, each of concurrent branches of several lengths and classes.
 */
export const LARGE_SHAPES = ["wide", "branches", "long", "mixed"] as const;
export type LargeShape = (typeof LARGE_SHAPES)[number];

export interface LargePlanOptions {
  readonly id: string;
  /** Rows of steps in all: about half of them plan steps. */
  readonly steps: number;
  readonly shape: LargeShape;
  /** How many run steps failed, spread evenly; with any the plan is paused. */
  readonly failed?: number;
  /** 0 to 1: from here on the run flow was not reached. */
  readonly reached?: number;
}

const CLASSES = [
  "Actions::Katello::Repository::Sync",
  "Actions::Pulp3::Repository::CreatePublication",
  "Actions::Pulp3::Repository::RefreshDistribution",
  "Actions::Katello::Repository::IndexContent",
  "Actions::Katello::Applicability::Host::Generate",
] as const;
const ROOT_CLASS = "Actions::Katello::ContentView::Publish";
const STARTED_AT = Date.parse("2026-11-22T06:14:03.000Z");
const BRANCH_STEPS = 10;
const STAGE_STEPS = 2_000;
const WORLD = "7be1f00d-0000-4000-8000-000000001b80";
const WORKERS = 25;
const FAILURE: StepError = {
  exceptionClass: "Katello::Errors::Pulp3Error",
  message: "[Errno 28] No space left on device",
  backtrace: ["app/lib/actions/pulp3/abstract_async_task.rb:54:in `check_for_errors'"],
};

/** Numbers that look random and are the same in each run. */
function createSpread(): (below: number) => number {
  let state = 20_261_122;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state % below;
  };
}

/** Class of the nth run step, so that neighbours of a branch differ and branches are alike. */
const classOf = (shape: LargeShape, index: number): string => {
  const place = shape === "wide" ? Math.floor(index / STAGE_STEPS) : (index % BRANCH_STEPS) >> 1;
  return CLASSES[place % CLASSES.length] ?? ROOT_CLASS;
};

export function largePlan(options: LargePlanOptions): StoredPlan {
  const { id, shape, failed = 0, reached = failed > 0 ? 0.8 : 1 } = options;
  const runs = Math.max(1, Math.floor((options.steps - 1) / 2));
  const spread = createSpread();
  const steps: StoredStep[] = [];
  const actions: StoredAction[] = [];
  const runIds = Array.from({ length: runs }, (_, index) => 3 + index * 2);
  const planIds = runIds.map((runId) => runId - 1);
  const failedEvery = failed === 0 ? Number.POSITIVE_INFINITY : Math.floor((runs * reached) / failed);
  steps.push(planStep(1, 1, ROOT_CLASS, planIds));
  actions.push(action(1, ROOT_CLASS, 1, null));
  const freeAt = new Float64Array(WORKERS).fill(STARTED_AT + 1_000);
  for (const [index, runId] of runIds.entries()) {
    const name = classOf(shape, index);
    const actionId = index + 2;
    steps.push(planStep(runId - 1, actionId, name, []));
    const began = index < runs * reached;
    const worker = index % WORKERS;
    const startedAt = freeAt[worker] ?? STARTED_AT;
    const tookMs = 20 + spread(180);
    if (began) freeAt[worker] = startedAt + tookMs + spread(8);
    const isFailed = began && index % failedEvery === failedEvery - 1;
    steps.push({
      id: runId,
      phase: "run",
      actionId,
      actionClass: name,
      queue: index % 7 === 0 ? "hosts_queue" : "default",
      state: !began ? "pending" : isFailed ? "error" : "success",
      startedAt: began ? epochMs(startedAt) : null,
      endedAt: began ? epochMs(startedAt + tookMs) : null,
      realTimeSec: began ? tookMs / 1_000 : 0,
      executionTimeSec: began ? (tookMs - spread(10)) / 1_000 : 0,
      progressDone: began && !isFailed ? 1 : 0,
      progressWeight: 1,
      error: isFailed ? FAILURE : null,
      children: null,
    });
    actions.push(action(actionId, name, runId - 1, runId));
  }
  const endedAt = freeAt.reduce((latest, at) => Math.max(latest, at), STARTED_AT);
  const stopped = failed === 0 && reached >= 1;
  return {
    id,
    label: ROOT_CLASS,
    state: stopped ? "stopped" : "paused",
    result: failed > 0 ? "error" : stopped ? "success" : "pending",
    startedAt: epochMs(STARTED_AT),
    endedAt: stopped ? epochMs(endedAt) : null,
    realTimeSec: stopped ? (endedAt - STARTED_AT) / 1_000 : 0,
    executionTimeSec: stopped ? steps.reduce((sum, step) => sum + step.executionTimeSec, 0) : null,
    rootPlanStepId: 1,
    runFlow: flowOf(shape, runIds),
    finalizeFlow: { kind: "sequence", flows: [] },
    history: [
      { timeSec: Math.floor(STARTED_AT / 1_000) + 1, name: "start execution", worldId: WORLD },
      {
        timeSec: Math.floor(endedAt / 1_000),
        name: stopped ? "finish execution" : "pause execution",
        worldId: WORLD,
      },
    ],
    stepIds: steps.map((step) => step.id),
    steps,
    actions,
  };
}

function planStep(id: number, actionId: number, actionClass: string, children: readonly number[]): StoredStep {
  return {
    id,
    phase: "plan",
    actionId,
    actionClass,
    queue: null,
    state: "success",
    startedAt: epochMs(STARTED_AT),
    endedAt: epochMs(STARTED_AT + 5),
    realTimeSec: 0.005,
    executionTimeSec: 0.005,
    progressDone: 0,
    progressWeight: 0,
    error: null,
    children,
  };
}

const action = (id: number, name: string, planStepId: number, runStepId: number | null): StoredAction => ({
  id,
  class: name,
  planStepId,
  runStepId,
  finalizeStepId: null,
  callerPlanId: null,
  callerActionId: id === 1 ? null : 1,
  input: { repository_id: id },
  output: {},
});

const step = (stepId: number): Flow => ({ kind: "step", stepId });
const sequence = (flows: readonly Flow[]): Flow => ({ kind: "sequence", flows });
const concurrence = (flows: readonly Flow[]): Flow => ({ kind: "concurrence", flows });

function partsOf<T>(items: readonly T[], size: number): readonly (readonly T[])[] {
  return Array.from({ length: Math.ceil(items.length / size) }, (_, at) => items.slice(at * size, (at + 1) * size));
}

function flowOf(shape: LargeShape, ids: readonly number[]): Flow {
  const branches = (part: readonly number[], size: number) =>
    concurrence(partsOf(part, size).map((branch) => sequence(branch.map(step))));
  switch (shape) {
    case "wide":
      return concurrence(ids.map(step));
    case "long":
      return sequence(ids.map(step));
    case "branches":
      return branches(ids, BRANCH_STEPS);
    case "mixed":
      return sequence(partsOf(ids, STAGE_STEPS).map((stage, at) => branches(stage, 1 + (at % BRANCH_STEPS))));
  }
}
