import { STEP_STATES, type StepPhase, type StepState } from "./model.ts";

type Transitions = Readonly<Partial<Record<StepState, readonly StepState[]>>>;

const frozen = (table: Transitions): Transitions => {
  for (const targets of Object.values(table)) Object.freeze(targets);
  return Object.freeze(table);
};

/**
 * The life of a step by its phase. A state that is no key cannot occur in that phase.
 *
 * Source: Dynflow/dynflow 2.0.0 lib/dynflow/execution_plan/steps/plan_step.rb, run_step.rb, finalize_step.rb
 * (`state_transitions` of each).
 */
export const STEP_TRANSITIONS: Readonly<Record<StepPhase, Transitions>> = Object.freeze({
  plan: frozen({
    scheduling: ["pending", "error", "cancelled"],
    pending: ["running", "error", "cancelled"],
    running: ["success", "error", "cancelled"],
    success: [],
    suspended: [],
    skipped: [],
    cancelled: [],
    error: [],
  }),
  run: frozen({
    pending: ["running", "skipped", "error"],
    running: ["success", "error", "suspended"],
    success: ["suspended"],
    suspended: ["running", "error"],
    skipping: ["error", "skipped"],
    skipped: [],
    error: ["skipping", "running"],
  }),
  finalize: frozen({
    pending: ["running", "skipped"],
    running: ["success", "error"],
    success: ["pending"],
    suspended: [],
    skipped: [],
    error: ["pending", "skipped"],
  }),
});

const KNOWN: ReadonlySet<string> = new Set(STEP_STATES);

/** False for a word that this release of the console does not know. */
export const isStepState = (state: string): state is StepState => KNOWN.has(state);

/** As `isPlanTransition`: direct moves only, `null` when a state is unknown in this phase. */
export function isStepTransition(phase: StepPhase, from: string, to: string): boolean | null {
  if (!isStepState(from) || !isStepState(to)) return null;
  const targets = STEP_TRANSITIONS[phase][from];
  if (targets === undefined || STEP_TRANSITIONS[phase][to] === undefined) return null;
  return targets.includes(to);
}
