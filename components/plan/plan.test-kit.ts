/** A plan as the procedures answer it, for tests: three steps beside each other, one of which failed. */
import type { FlowTree } from "#server/contract/view/plan-flow.ts";
import type { ActionOutput, PlanOutput, StepView } from "./types.ts";

export const PLAN_ID = "7be1c0de-41f3-4f0a-9a52-5d0c6c3f1b80";
const AS_OF = "2026-11-22T06:52:13.000Z";

export const step = (id: number, over: Partial<StepView> = {}): StepView => ({
  id,
  phase: "run",
  class: "Dynflow::ExecutionPlan::Steps::RunStep",
  state: "success",
  actionId: id,
  actionClass: `Actions::Pulp3::Step${id}`,
  queue: "default",
  startedAt: "2026-11-22T06:14:04.000000Z",
  endedAt: "2026-11-22T06:14:06.000000Z",
  realTimeSec: 2,
  executionTimeSec: 2,
  progressDone: 1,
  progressWeight: 1,
  exceptionClass: null,
  unreadable: null,
  ...over,
});

const at = (stepId: number): FlowTree => ({ kind: "step", stepId });

export const STEPS: readonly StepView[] = [
  step(1, { phase: "plan", actionClass: "Actions::Katello::ContentView::Publish" }),
  step(3),
  step(17, { state: "error", exceptionClass: "Katello::Errors::Pulp3Error", progressDone: 0.5 }),
  step(19, { state: "error", exceptionClass: "Other::Error" }),
  step(30, { state: "pending", startedAt: null, endedAt: null, realTimeSec: 0, executionTimeSec: 0 }),
];

export const plan = (over: Partial<PlanOutput> = {}): PlanOutput => ({
  asOf: AS_OF,
  faults: [],
  id: PLAN_ID,
  label: "Actions::Katello::ContentView::Publish",
  rootActionClass: "Actions::Katello::ContentView::Publish",
  state: "paused",
  result: "error",
  storedResult: "error",
  valid: true,
  invalidReason: null,
  startedAt: "2026-11-22T06:14:03.000000Z",
  endedAt: null,
  realTimeSec: null,
  executionTimeSec: 133,
  progress: 0.58,
  runFlow: { kind: "sequence", flows: [{ kind: "concurrence", flows: [at(3), at(17), at(19)] }, at(30)] },
  finalizeFlow: { kind: "sequence", flows: [] },
  stepCount: STEPS.length,
  firstFailedStepId: 17,
  delayed: null,
  blockedBy: [],
  blocks: [],
  subPlanIds: [],
  caller: null,
  locks: [],
  resume: { possible: true, reasons: [] },
  ...over,
});

export const action = (over: Partial<ActionOutput> = {}): ActionOutput => ({
  asOf: AS_OF,
  faults: [],
  step: STEPS[2] ?? step(17),
  error: {
    exceptionClass: "Katello::Errors::Pulp3Error",
    message: "[Errno 28] No space left on device",
    backtrace: ["app/lib/actions/pulp3/a.rb:54:in `run'", "/usr/share/gems/gems/dynflow-2.0.0/lib/dynflow/action.rb:1"],
  },
  input: { value: { repository_id: 118, token: "canary" } },
  output: { value: {} },
  inputBytes: 412,
  outputBytes: 1,
  chunks: [],
  chunksCut: false,
  ...over,
});

/** The answers that the plan page asks for. */
export const answers = (over: Partial<PlanOutput> = {}, stepAction: Partial<ActionOutput> = {}) => ({
  "dynflow.plans.get": () => plan(over),
  "dynflow.plans.steps": () => ({ asOf: AS_OF, faults: [], steps: STEPS, unlistedStepIds: [] }),
  "dynflow.plans.history": () => ({
    asOf: AS_OF,
    faults: [],
    entries: [{ at: "2026-11-22T06:14:05.000Z", name: "start execution", worldId: null }],
    unreadable: null,
  }),
  "dynflow.plans.action": (input: unknown) => {
    const { stepId } = input as { stepId: number };
    return action({ step: STEPS.find(({ id }) => id === stepId) ?? step(stepId), ...stepAction });
  },
});
