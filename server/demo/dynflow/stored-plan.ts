/** A plan as its executor keeps it in memory: everything of its rows, to be changed and saved row by row. */
import type { Flow, HistoryEntry, PayloadValue, StepError, StepPhase } from "#server/dynflow/domain/model.ts";
import type { EpochMs } from "#server/kernel/clock.ts";

export interface StoredStep {
  readonly id: number;
  readonly phase: StepPhase;
  readonly actionId: number;
  readonly actionClass: string;
  readonly queue: string | null;
  state: string;
  startedAt: EpochMs | null;
  endedAt: EpochMs | null;
  realTimeSec: number;
  executionTimeSec: number;
  progressDone: number;
  readonly progressWeight: number;
  error: StepError | null;
  readonly children: readonly number[] | null;
}

export interface StoredAction {
  readonly id: number;
  readonly class: string;
  readonly planStepId: number;
  readonly runStepId: number | null;
  readonly finalizeStepId: number | null;
  readonly callerPlanId: string | null;
  readonly callerActionId: number | null;
  input: PayloadValue;
  /** `null` until it was saved in its run or finalize phase. */
  output: PayloadValue;
}

export interface StoredPlan {
  readonly id: string;
  label: string | null;
  state: string;
  result: string;
  startedAt: EpochMs | null;
  endedAt: EpochMs | null;
  realTimeSec: number;
  executionTimeSec: number | null;
  readonly rootPlanStepId: number;
  runFlow: Flow;
  finalizeFlow: Flow;
  history: HistoryEntry[];
  stepIds: readonly number[];
  steps: StoredStep[];
  actions: StoredAction[];
}

export interface StoredDelay {
  readonly startAt: EpochMs | null;
  readonly startBefore: EpochMs | null;
  readonly frozen: boolean;
  readonly args: PayloadValue;
}

export const STEP_CLASSES: Readonly<Record<StepPhase, string>> = {
  plan: "Dynflow::ExecutionPlan::Steps::PlanStep",
  run: "Dynflow::ExecutionPlan::Steps::RunStep",
  finalize: "Dynflow::ExecutionPlan::Steps::FinalizeStep",
};

/** Appends to the history as Ruby does, in whole seconds. */
export function remember(plan: StoredPlan, name: string, worldId: string, at: EpochMs): void {
  plan.history.push({ timeSec: Math.floor(at / 1_000), name, worldId });
}
