/**
 * The life of a step by its phase for the screens: the same transitions that `server/dynflow/domain/step-states.ts` judges by
 * (a test compares them), with the words of each arrow.
 *
 * Source: Dynflow/dynflow 2.0.0 lib/dynflow/execution_plan/steps/plan_step.rb, run_step.rb, finalize_step.rb
 * `state_transitions`.
 */
import { dynflowSource, type Machine, machine, type Transition, ways } from "./machine.ts";

export const STEP_PHASES = ["plan", "run", "finalize"] as const;
export type StepPhaseName = (typeof STEP_PHASES)[number];

/** In the order in which a step usually meets them. States without a way in or out are not drawn. */
export const STEP_LIFECYCLES: Readonly<Record<StepPhaseName, readonly Transition[]>> = Object.freeze({
  plan: ways([
    ["scheduling", "pending", "scheduled"],
    ["scheduling", "error", "could not be scheduled"],
    ["scheduling", "cancelled", "cancelled"],
    ["pending", "running", "is planned"],
    ["pending", "error", "too late, or given up"],
    ["pending", "cancelled", "cancelled"],
    ["running", "success", "planned"],
    ["running", "error", "planning failed"],
    ["running", "cancelled", "cancelled"],
  ]),
  run: ways([
    ["pending", "running", "a worker took it"],
    ["pending", "skipped", "skipped with another"],
    ["pending", "error", "failed before it ran"],
    ["running", "success", "done"],
    ["running", "error", "raised"],
    ["running", "suspended", "waits for an event"],
    ["success", "suspended", "suspended after all"],
    ["suspended", "running", "an event came"],
    ["suspended", "error", "lost its waiting"],
    ["error", "running", "resumed"],
    ["error", "skipping", "somebody skips it"],
    ["skipping", "skipped", "skipped"],
    ["skipping", "error", "its skip failed"],
  ]),
  finalize: ways([
    ["pending", "running", "everything has run"],
    ["pending", "skipped", "skipped with its run"],
    ["running", "success", "done"],
    ["running", "error", "raised"],
    ["success", "pending", "finalized again"],
    ["error", "pending", "resumed"],
    ["error", "skipped", "skipped"],
  ]),
});

/** States of a phase that are drawn, in the order in which its ways name them. */
export const stepLifecycleStates = (phase: StepPhaseName): readonly string[] => [
  ...new Set(STEP_LIFECYCLES[phase].flatMap(({ from, to }) => [from, to])),
];

/** What each state says, for people. */
export const STEP_STATE_LABELS: Readonly<Record<string, string>> = Object.freeze({
  scheduling: "is being put off to a later time",
  pending: "waits for its turn",
  running: "a worker is inside its code now",
  success: "done, and its outcome is kept",
  suspended: "has let go of its worker and waits for an event",
  skipping: "somebody skips it; its action may still do something about that",
  skipped: "passed over: what comes after it goes on without it",
  error: "raised an error; its plan pauses when nothing else is left to run",
  cancelled: "cancelled before it was done",
});

const ENDS: Readonly<Record<StepPhaseName, readonly [first: string, last: readonly string[], file: string]>> = {
  plan: ["scheduling", ["success", "error", "cancelled"], "plan_step.rb"],
  run: ["pending", ["success", "skipped"], "run_step.rb"],
  finalize: ["pending", ["success", "skipped"], "finalize_step.rb"],
};

function stepMachine(phase: StepPhaseName): Machine {
  const [first, last, file] = ENDS[phase];
  const states = stepLifecycleStates(phase);
  return machine({
    kind: `step-${phase}`,
    group: "Dynflow",
    name: `${phase} step`,
    title: `Life of a ${phase} step`,
    system: "step",
    states,
    means: Object.fromEntries(states.map((state) => [state, STEP_STATE_LABELS[state] ?? ""])),
    transitions: STEP_LIFECYCLES[phase],
    first: [first],
    last,
    sources: [dynflowSource(`lib/dynflow/execution_plan/steps/${file} state_transitions`)],
  });
}

/** The life of a step as one table, by its phase. */
export const STEP_MACHINES: Readonly<Record<StepPhaseName, Machine>> = Object.freeze({
  plan: stepMachine("plan"),
  run: stepMachine("run"),
  finalize: stepMachine("finalize"),
});

export const toStepPhase = (phase: string): StepPhaseName | null =>
  STEP_PHASES.find((known) => known === phase) ?? null;
