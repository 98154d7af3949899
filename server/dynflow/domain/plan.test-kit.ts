/** Plans for tests: everything that is not named is as plain as can be. */
import type { PlanRecord, StepRow } from "./model.ts";

export const step = (id: number, state: string, more: Partial<StepRow> = {}): StepRow => ({
  id,
  phase: "run",
  class: "Dynflow::ExecutionPlan::Steps::RunStep",
  state,
  actionId: 1,
  actionClass: "Lab::Echo",
  queue: "default",
  startedAt: null,
  endedAt: null,
  realTimeSec: null,
  executionTimeSec: null,
  progressDone: null,
  progressWeight: 1,
  error: { ok: true, value: null },
  children: { ok: true, value: null },
  ...more,
});

export const planStep = (id: number, state: string, children: readonly number[] = []): StepRow =>
  step(id, state, { phase: "plan", queue: null, progressWeight: 0, children: { ok: true, value: children } });

export const plan = (steps: readonly StepRow[], more: Partial<PlanRecord> = {}): PlanRecord => ({
  head: {
    id: "0f2d9bf1-7d44-4d00-8579-d748d1a9c850",
    label: "Lab::Echo",
    state: "running",
    result: "pending",
    startedAt: null,
    endedAt: null,
    realTimeSec: 0,
    executionTimeSec: null,
    rootPlanStepId: 1,
  },
  runFlow: { ok: true, value: { kind: "concurrence", flows: [] } },
  finalizeFlow: { ok: true, value: { kind: "sequence", flows: [] } },
  history: { ok: true, value: [] },
  stepIds: { ok: true, value: steps.map((each) => each.id) },
  steps,
  actions: [],
  delayed: null,
  blockedBy: [],
  blocks: [],
  subPlanIds: [],
  ...more,
});
