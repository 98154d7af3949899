/** What stands beside the titles of a plan's parts, and which of them say nothing of it. Pure. */
import { stepIdsOf } from "#server/contract/view/plan-flow.ts";
import type { Tab, TabCount } from "./plan-tabs.tsx";
import type { HistoryOutput, PlanOutput, StepView } from "./types.ts";

/** As many linked plans as the head of a plan names. */
const LINKED_MAX = 1_000;

const linked = (ids: readonly string[]): TabCount => (ids.length >= LINKED_MAX ? { atLeast: ids.length } : ids.length);

/**
 * @param steps `undefined` = not read, or not all of them yet: what rests on them is not counted
 * @param past what the database tells of as it is now is not counted then
 */
export function tabCounts(
  plan: PlanOutput,
  steps: readonly StepView[] | undefined,
  history: HistoryOutput | undefined,
  past: boolean,
): Readonly<Partial<Record<Tab, TabCount>>> {
  return {
    steps: plan.stepCount,
    "plan-phase": steps === undefined ? null : steps.filter(({ phase }) => phase === "plan").length,
    finalize: "kind" in plan.finalizeFlow ? stepIdsOf(plan.finalizeFlow).length : null,
    "sub-plans": past ? null : linked(plan.subPlanIds),
    dependencies: past ? null : linked([...plan.blockedBy, ...plan.blocks]),
    history: history === undefined || history.unreadable !== null ? null : history.entries.length,
    locks: plan.locks.length,
  };
}

/** A delay says something while it may still hold the plan up, and of one whose row was left behind. */
export const hiddenTabs = (plan: PlanOutput): ReadonlySet<Tab> =>
  new Set(plan.state === "scheduled" || plan.delayed !== null ? [] : ["delayed"]);
