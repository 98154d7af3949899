import { PLAN_MACHINE, toPlanLifecycleState } from "#server/contract/diagram/plan-lifecycle.ts";
import { type Diagram, type DiagramMarks, NO_MARKS } from "./diagram.ts";
import { machineDiagram } from "./machine-diagram.ts";
import { transitionKey } from "./state-diagram.ts";

/** The life of a Dynflow plan. */
export const PLAN_DIAGRAM: Diagram = machineDiagram(PLAN_MACHINE);

/**
 * Where a plan is and which ways it certainly went, from its state and the names in its execution history
 * (`start execution`, `pause execution`, …). What the history does not say is not marked.
 */
export function planMarks(state: string, history: readonly string[]): DiagramMarks {
  const now = toPlanLifecycleState(state);
  if (now === null) return NO_MARKS;
  const happened = (name: string): number => history.filter((entry) => entry === name).length;
  const starts = happened("start execution");
  const delayed = happened("delay") > 0;
  const wentOn = now === "planning" || now === "planned" || now === "running" || now === "paused" || starts > 0;
  const live = [
    ...(delayed ? [["pending", "scheduled"] as const] : []),
    ...(wentOn ? [[delayed ? "scheduled" : "pending", "planning"] as const] : []),
    ...(starts > 0 || now === "planned" ? [["planning", "planned"] as const] : []),
    ...(starts > 0 ? [["planned", "running"] as const] : []),
    ...(happened("pause execution") > 0 ? [["running", "paused"] as const] : []),
    ...(starts > 1 ? [["paused", "running"] as const] : []),
    ...(now === "stopped" && history.at(-1) === "finish execution" ? [["running", "stopped"] as const] : []),
    ...(now === "stopped" && delayed && starts === 0 && GIVEN_UP.some((name) => happened(name) > 0)
      ? [["scheduled", "stopped"] as const]
      : []),
  ];
  const passed = [...new Set(live.flat())].filter((key) => key !== now);
  return { now: [now], passed, live: live.map(([from, to]) => transitionKey(from, to)), notes: {} };
}
const GIVEN_UP = ["Delayed task cancelled", "timeout", "failed-dependency"];
