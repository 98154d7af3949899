import { PLAN_STATES, type PlanState } from "./model.ts";

/**
 * The life of a plan, as Dynflow itself enforces it. Diagrams are drawn from this table.
 *
 * Source: Dynflow/dynflow 2.0.0 lib/dynflow/execution_plan.rb `state_transitions`. Two changes made from outside do
 * not go through it: an invalidation may force `running` to `paused`, and a halt may force any state to `stopped`.
 */
export const PLAN_TRANSITIONS: Readonly<Record<PlanState, readonly PlanState[]>> = Object.freeze({
  pending: Object.freeze<PlanState[]>(["stopped", "scheduled", "planning"]),
  scheduled: Object.freeze<PlanState[]>(["planning", "stopped"]),
  planning: Object.freeze<PlanState[]>(["planned", "stopped"]),
  planned: Object.freeze<PlanState[]>(["running", "stopped"]),
  running: Object.freeze<PlanState[]>(["paused", "stopped"]),
  paused: Object.freeze<PlanState[]>(["running", "stopped"]),
  stopped: Object.freeze<PlanState[]>([]),
});

const KNOWN: ReadonlySet<string> = new Set(PLAN_STATES);

/** False for a word that this release of the console does not know: such a plan is shown as it stands. */
export const isPlanState = (state: string): state is PlanState => KNOWN.has(state);

/** A stopped plan never changes again. Plans in unknown states count as unfinished: they are watched. */
export const isFinished = (state: string): boolean => state === "stopped";

/**
 * Whether Dynflow moves a plan from one state to the other in one step. A reader that polls can miss states in
 * between, so `false` means "not directly", never "impossible". `null` when one of the states is unknown.
 */
export function isPlanTransition(from: string, to: string): boolean | null {
  if (!isPlanState(from) || !isPlanState(to)) return null;
  return PLAN_TRANSITIONS[from].includes(to);
}
