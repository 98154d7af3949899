/** A plan as of an instant of the past: its structure as stored now, its states from the fold of then. Pure. */
import { parseInstant } from "#components/ui/format.ts";
import { NOT_LIVE } from "#components/ui/instants.ts";
import { type DynflowFold, lockKey, type PlanFold } from "#server/contract/fold/dynflow.ts";
import { type EpochMs, toIso } from "#server/kernel/clock.ts";
import type { HistoryOutput, LockView, PlanOutput, StepView } from "./types.ts";

/**
 * `unfinished`: the fold of then has it. `stopped`: it had stopped by then, and stopped plans do not change. `not-seen`: it
 * had not begun, or nobody had seen it. `not-known`: of its source nothing is known then.
 */
export type Standing = "unfinished" | "stopped" | "not-seen" | "not-known";

export interface PlanNow {
  readonly plan: PlanOutput;
  readonly steps: readonly StepView[] | undefined;
  readonly history: HistoryOutput | undefined;
}

export interface PlanThen extends PlanNow {
  readonly standing: Standing;
}

/** @param fold of its source then; `null` = not known */
export function planAt(now: PlanNow, fold: DynflowFold | null, at: EpochMs): PlanThen {
  const { plan, steps } = now;
  const history = now.history === undefined ? undefined : historyAt(now.history, at);
  if (fold === null) return { ...now, history, standing: "not-known" };
  const then = Object.hasOwn(fold.plans, plan.id) ? fold.plans[plan.id] : undefined;
  if (then === undefined) {
    const ended = parseInstant(plan.endedAt);
    const stopped = plan.state === "stopped" && ended !== null && ended <= at;
    return { ...now, history, standing: stopped ? "stopped" : "not-seen" };
  }
  const stepsThen = steps?.flatMap((step) => stepAt(step, then, at));
  return {
    standing: "unfinished",
    steps: stepsThen,
    history,
    plan: {
      ...plan,
      asOf: toIso(at),
      faults: [],
      state: then.state,
      result: then.result,
      storedResult: then.result,
      startedAt: then.startedAt,
      endedAt: then.endedAt,
      realTimeSec: null,
      executionTimeSec: null,
      progress: progressOf(then, stepsThen),
      stepCount: then.stepCount,
      firstFailedStepId: then.failure?.stepId ?? null,
      // What held it up was not kept.
      delayed: null,
      blockedBy: [],
      blocks: [],
      locks: locksAt(fold, plan.id),
      resume: { possible: false, reasons: [NOT_LIVE] },
    },
  };
}

const historyAt = (history: HistoryOutput, at: number): HistoryOutput => ({
  ...history,
  entries: history.entries.filter((entry) => (parseInstant(entry.at) ?? 0) <= at),
});

const NOT_BEGUN: ReadonlySet<string> = new Set(["pending", "scheduled"]);
const OVER: ReadonlySet<string> = new Set(["success", "skipped", "error", "cancelled"]);

/** None when it was not planned yet. Times of later tries are left out: those of then are not kept. */
function stepAt(step: StepView, plan: PlanFold, at: number): readonly StepView[] {
  const state = plan.steps === null ? "unknown" : plan.steps[String(step.id)];
  if (state === undefined) return [];
  const within = (text: string | null) => {
    const instant = parseInstant(text);
    return instant !== null && instant <= at ? text : null;
  };
  const startedAt = NOT_BEGUN.has(state) ? null : within(step.startedAt);
  const endedAt = OVER.has(state) ? within(step.endedAt) : null;
  const same = endedAt !== null && state === step.state;
  return [
    {
      ...step,
      state,
      startedAt,
      endedAt,
      realTimeSec: same ? step.realTimeSec : null,
      executionTimeSec: same ? step.executionTimeSec : null,
      progressDone: same ? step.progressDone : null,
      exceptionClass: state !== "error" ? null : same ? step.exceptionClass : exceptionOf(plan, step.id),
    },
  ];
}

const exceptionOf = ({ failure }: PlanFold, stepId: number): string | null =>
  failure?.stepId === stepId ? failure.exceptionClass : null;

/** How many of its steps were over: their weights and their own progress are not kept. */
function progressOf({ steps }: PlanFold, listed: readonly StepView[] | undefined): number {
  const planned = new Set(listed?.filter(({ phase }) => phase === "plan").map(({ id }) => String(id)));
  const states = Object.entries(steps ?? {}).flatMap(([id, state]) => (planned.has(id) ? [] : [state]));
  return states.length === 0
    ? 0
    : states.filter((state) => state === "success" || state === "skipped").length / states.length;
}

/** The locks that spoke of it then. */
function locksAt(fold: DynflowFold, planId: string): LockView[] {
  return Object.values(fold.locks)
    .filter((lock) => lock.planId === planId || lockKey(lock).includes(planId))
    .map(({ seenSince, ...lock }) => ({
      ...lock,
      seenSince: toIso(seenSince),
      orphaned: lock.worldId !== null && !Object.hasOwn(fold.worlds, lock.worldId),
    }));
}
