/**
 * Whether a scheduled plan can be started ahead of its time. An executor that is asked to plan it looks at `start_before`
 * and at failed prerequisites, and ends the plan for them; it looks neither at prerequisites that are not finished nor at
 * whether the delay is frozen: that is left to whoever asks.
 *
 * Source: Dynflow/dynflow 2.0.0 lib/dynflow/dispatcher/executor_dispatcher.rb `perform_planning`, delayed_plan.rb `plan`.
 */
import { type DelayFacts, prerequisiteStanding } from "./ready.ts";

export interface StartJudgement {
  /** Why it cannot be started now; empty = it can. */
  readonly refusals: readonly string[];
  /** What keeps it waiting and would be overridden: to be confirmed. */
  readonly overrides: readonly string[];
}

export function judgeStartNow(facts: Omit<DelayFacts, "poller">): StartJudgement {
  const { state, delayed, planning, now, prerequisites } = facts;
  if (state !== "scheduled") return refused(`the plan is ${state}, not scheduled`);
  if (planning) return refused("a world is planning it already");
  if (delayed === null) return refused("its delay is gone: an executor would accept, and do nothing");
  const { startBefore, frozen } = delayed;
  if (startBefore !== null && startBefore <= now) {
    return refused("the time by which it had to start has passed: an executor would stop it with an error");
  }
  const failed = prerequisites.filter((one) => prerequisiteStanding(one) === "failed");
  if (startBefore === null && failed.length > 0) {
    const [first] = failed;
    return refused(`its prerequisite ${first?.planId} failed: an executor would stop it with an error`);
  }
  const waits = prerequisites.filter((one) => prerequisiteStanding(one) === "waits");
  return {
    refusals: [],
    overrides: [
      ...(frozen ? ["its delay is frozen: somebody wanted it not to start"] : []),
      ...waits.map(
        ({ planId, state: word }) => `its prerequisite ${planId} is ${word}: it would start before that has ended`,
      ),
    ],
  };
}

const refused = (reason: string): StartJudgement => ({ refusals: [reason], overrides: [] });
