/**
 * The life of a plan for the screens: the same transitions that `server/dynflow/domain/plan-states.ts` judges by (a
 * test compares them), with the words of each arrow.
 *
 * Source: Dynflow/dynflow 2.0.0 lib/dynflow/execution_plan.rb `state_transitions`.
 */
export const PLAN_LIFECYCLE_STATES = [
  "pending",
  "scheduled",
  "planning",
  "planned",
  "running",
  "paused",
  "stopped",
] as const;
export type PlanLifecycleState = (typeof PLAN_LIFECYCLE_STATES)[number];

export interface PlanTransition {
  readonly from: PlanLifecycleState;
  readonly to: PlanLifecycleState;
  /** What happens on this way; short, for the arrow. */
  readonly label: string;
}

/** In the order in which a plan usually meets them. */
export const PLAN_LIFECYCLE: readonly PlanTransition[] = Object.freeze([
  { from: "pending", to: "planning", label: "triggered" },
  { from: "pending", to: "scheduled", label: "delayed" },
  { from: "pending", to: "stopped", label: "given up" },
  { from: "scheduled", to: "planning", label: "its time came" },
  { from: "scheduled", to: "stopped", label: "cancelled, too late" },
  { from: "planning", to: "planned", label: "planned" },
  { from: "planning", to: "stopped", label: "planning failed" },
  { from: "planned", to: "running", label: "an executor took it" },
  { from: "planned", to: "stopped", label: "halted" },
  { from: "running", to: "paused", label: "a step failed" },
  { from: "running", to: "stopped", label: "finished" },
  { from: "paused", to: "running", label: "resumed" },
  { from: "paused", to: "stopped", label: "halted" },
]);

/** What each state says, for people. */
export const PLAN_STATE_LABELS: Readonly<Record<PlanLifecycleState, string>> = Object.freeze({
  pending: "created, not planned yet",
  scheduled: "waits for its time or for other plans",
  planning: "its steps are being laid out",
  planned: "waits for an executor",
  running: "an executor runs its steps",
  paused: "stopped at an error, goes on when resumed",
  stopped: "over: nothing of it runs again",
});

/** `null` for a word of a release that we do not know: nothing is marked then. */
export const toPlanLifecycleState = (state: string): PlanLifecycleState | null =>
  PLAN_LIFECYCLE_STATES.find((known) => known === state) ?? null;
