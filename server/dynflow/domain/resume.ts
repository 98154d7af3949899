import type { Lock } from "./records.ts";

/**
 * Why a plan cannot be resumed now, for people; empty when it can. Locks decide as much as the state: with an
 * inhibition lock an execution would even stop the plan.
 *
 * Source: Dynflow/dynflow 2.0.0 lib/dynflow/director.rb `track_execution_plan`; dispatcher/executor_dispatcher.rb
 * `perform_execution` (all refusals seen on real worlds).
 */
export function resumeRefusals(state: string, planLocks: readonly Lock[]): readonly string[] {
  const held = (kind: Lock["kind"]) => planLocks.some((lock) => lock.kind === kind);
  return [
    ...(state === "paused" || state === "planned" ? [] : [`the plan is ${state}, not paused or planned`]),
    ...(held("execution") ? ["an executor holds the plan's execution lock"] : []),
    ...(held("planning") ? ["a world is planning it"] : []),
    ...(held("inhibition") ? ["its execution is inhibited: someone asked for a halt"] : []),
  ];
}
