/**
 * What can be said of a plan of very many steps without all of them in hand: the same as `judgePlan` says, from counts by
 * class and state. Where counts cannot tell, that is said, and the steps have to be read.
 */
import type { PlanRecord, StepPhase } from "./model.ts";
import { judgePlan, type PlanVerdict, resultOf } from "./plan-verdict.ts";

/** Steps of one class in one state. */
export interface StepGroup {
  /** NULL in rows that keep everything in their record. */
  readonly class: string | null;
  readonly state: string;
  readonly steps: number;
  /** Rows whose record counts instead of their columns. */
  readonly records: number;
  readonly firstId: number;
  readonly lastId: number;
  readonly executionTimeSec: number;
  readonly weight: number;
  /** Sum of progress times weight. */
  readonly doneWeight: number;
}

/** A plan, with all its steps or with the first, the failed and the moving ones; of its actions the root's may be all. */
export interface PlanOutline {
  readonly plan: PlanRecord;
  /** `null` = `plan` has all steps. */
  readonly tally: StepTally | null;
}

/** What a plan comes to by counts alone. */
export interface StepCounts {
  readonly stepCount: number;
  /** 0 to 1. */
  readonly progress: number;
}

/** `null` when counts cannot tell: rows with records of their own, or classes nobody knows. */
export function countsOf(planState: string, groups: readonly StepGroup[]): StepCounts | null {
  if (groups.some((group) => group.records > 0 || !PHASES.has(group.class ?? ""))) return null;
  return {
    stepCount: groups.reduce((sum, group) => sum + group.steps, 0),
    progress: progressOf(planState, groups),
  };
}

export interface StepTally {
  readonly stepCount: number;
  /** By state, over all phases. */
  readonly states: readonly { readonly state: string; readonly steps: number }[];
  readonly verdict: PlanVerdict;
}

const PHASES: ReadonlyMap<string, StepPhase> = new Map([
  ["Dynflow::ExecutionPlan::Steps::PlanStep", "plan"],
  ["Dynflow::ExecutionPlan::Steps::RunStep", "run"],
  ["Dynflow::ExecutionPlan::Steps::FinalizeStep", "finalize"],
]);

/**
 * The verdict from counts; `null` when they do not suffice: rows with records of their own, classes nobody knows, or
 * `step_ids` that are not exactly the ids of the rows.
 */
export function tallyOf(plan: PlanRecord, groups: readonly StepGroup[]): StepTally | null {
  for (const part of [plan.stepIds, plan.runFlow, plan.finalizeFlow, plan.history]) if (!part.ok) return null;
  if (!plan.stepIds.ok) return null;
  const counts = countsOf(plan.head.state, groups);
  if (counts === null) return null;
  const { stepCount, progress } = counts;
  const firstId = groups.reduce((least, group) => Math.min(least, group.firstId), Number.POSITIVE_INFINITY);
  const lastId = groups.reduce((most, group) => Math.max(most, group.lastId), Number.NEGATIVE_INFINITY);
  const consecutive = lastId - firstId + 1 === stepCount;
  if (!consecutive || !isExactly(plan.stepIds.value, firstId, stepCount)) return null;
  return {
    stepCount,
    states: [...Map.groupBy(groups, (group) => group.state)].map(([state, same]) => ({
      state,
      steps: same.reduce((sum, group) => sum + group.steps, 0),
    })),
    verdict: {
      valid: true,
      result: resultOf(groups),
      progress,
      executionTimeSec: groups.reduce((sum, group) => sum + group.executionTimeSec, 0),
    },
  };
}

/** Whether the ids are these consecutive ones, each once, in any order. */
function isExactly(ids: readonly number[], firstId: number, count: number): boolean {
  if (ids.length !== count) return false;
  const seen = new Uint8Array(count);
  for (const id of ids) {
    const at = id - firstId;
    if (at < 0 || at >= count || seen[at] === 1) return false;
    seen[at] = 1;
  }
  return true;
}

const BEFORE_RUN: ReadonlySet<string> = new Set(["pending", "planning", "scheduled"]);

/** As `judgePlan`: every run and finalize step stands in a flow. */
function progressOf(planState: string, groups: readonly StepGroup[]): number {
  if (BEFORE_RUN.has(planState)) return 0;
  let done = 0;
  let total = 0;
  for (const group of groups) {
    if (PHASES.get(group.class ?? "") === "plan") continue;
    total += group.weight;
    if (group.state === "success" || group.state === "skipped") done += group.weight;
    else if (group.state !== "pending") done += group.doneWeight;
  }
  return total > 0 ? done / total : 1;
}

/** The verdict on a plan, whichever way it was read. */
export const judgeOutline = ({ plan, tally }: PlanOutline): PlanVerdict =>
  tally === null ? judgePlan(plan) : tally.verdict;

/** How many steps it has. */
export const stepCountOf = ({ plan, tally }: PlanOutline): number => tally?.stepCount ?? plan.steps.length;
