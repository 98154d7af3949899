/**
 * The life of a step by its phase for the screens: the same transitions that `server/dynflow/domain/step-states.ts` judges by
 * (a test compares them), with the words of each arrow.
 *
 * Source: Dynflow/dynflow 2.0.0 lib/dynflow/execution_plan/steps/plan_step.rb, run_step.rb, finalize_step.rb
 * `state_transitions`.
 */
export const STEP_PHASES = ["plan", "run", "finalize"] as const;
export type StepPhaseName = (typeof STEP_PHASES)[number];

export interface StepTransition {
  readonly from: string;
  readonly to: string;
  /** What happens on this way; short, for the arrow. */
  readonly label: string;
}

const way = (from: string, to: string, label: string): StepTransition => Object.freeze({ from, to, label });

/** In the order in which a step usually meets them. States without a way in or out are not drawn. */
export const STEP_LIFECYCLES: Readonly<Record<StepPhaseName, readonly StepTransition[]>> = Object.freeze({
  plan: Object.freeze([
    way("scheduling", "pending", "scheduled"),
    way("scheduling", "error", "could not be scheduled"),
    way("scheduling", "cancelled", "cancelled"),
    way("pending", "running", "is planned"),
    way("pending", "error", "too late, or given up"),
    way("pending", "cancelled", "cancelled"),
    way("running", "success", "planned"),
    way("running", "error", "planning failed"),
    way("running", "cancelled", "cancelled"),
  ]),
  run: Object.freeze([
    way("pending", "running", "a worker took it"),
    way("pending", "skipped", "skipped with another"),
    way("pending", "error", "failed before it ran"),
    way("running", "success", "done"),
    way("running", "error", "raised"),
    way("running", "suspended", "waits for an event"),
    way("success", "suspended", "suspended after all"),
    way("suspended", "running", "an event came"),
    way("suspended", "error", "lost its waiting"),
    way("error", "running", "resumed"),
    way("error", "skipping", "somebody skips it"),
    way("skipping", "skipped", "skipped"),
    way("skipping", "error", "its skip failed"),
  ]),
  finalize: Object.freeze([
    way("pending", "running", "everything has run"),
    way("pending", "skipped", "skipped with its run"),
    way("running", "success", "done"),
    way("running", "error", "raised"),
    way("success", "pending", "finalized again"),
    way("error", "pending", "resumed"),
    way("error", "skipped", "skipped"),
  ]),
});

/** States of a phase that are drawn, in the order in which its ways name them. */
export const stepLifecycleStates = (phase: StepPhaseName): readonly string[] => [
  ...new Set(STEP_LIFECYCLES[phase].flatMap(({ from, to }) => [from, to])),
];

export const toStepPhase = (phase: string): StepPhaseName | null =>
  STEP_PHASES.find((known) => known === phase) ?? null;
