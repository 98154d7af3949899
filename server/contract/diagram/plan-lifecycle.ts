/**
 * The life of a plan for the screens: the same transitions that `server/dynflow/domain/plan-states.ts` judges by (a
 * test compares them), with the words of each arrow.
 *
 * Source: Dynflow/dynflow 2.0.0 lib/dynflow/execution_plan.rb `state_transitions`.
 */
import { dynflowSource, type Machine, machine, type Transition, ways } from "./machine.ts";

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

/** In the order in which a plan usually meets them. */
export const PLAN_LIFECYCLE: readonly Transition<PlanLifecycleState>[] = ways<PlanLifecycleState>([
  ["pending", "planning", "triggered"],
  ["pending", "scheduled", "delayed"],
  ["pending", "stopped", "given up"],
  ["scheduled", "planning", "its time came"],
  ["scheduled", "stopped", "cancelled, too late"],
  ["planning", "planned", "planned"],
  ["planning", "stopped", "planning failed"],
  ["planned", "running", "an executor took it"],
  ["planned", "stopped", "halted"],
  ["running", "paused", "a step failed"],
  ["running", "stopped", "finished"],
  ["paused", "running", "resumed"],
  ["paused", "stopped", "halted"],
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

/** The life of a plan as one table. */
export const PLAN_MACHINE: Machine<PlanLifecycleState> = machine({
  kind: "plan",
  group: "Dynflow",
  name: "plan",
  title: "Life of a plan",
  system: "plan",
  states: PLAN_LIFECYCLE_STATES,
  means: PLAN_STATE_LABELS,
  transitions: PLAN_LIFECYCLE,
  first: ["pending"],
  last: ["stopped"],
  sources: [dynflowSource("lib/dynflow/execution_plan.rb state_transitions")],
});

/** `null` for a word of a release that we do not know: nothing is marked then. */
export const toPlanLifecycleState = (state: string): PlanLifecycleState | null =>
  PLAN_LIFECYCLE_STATES.find((known) => known === state) ?? null;
