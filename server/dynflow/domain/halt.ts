/**
 * When a plan can be halted, and what is left of it: a halt stops the plan and nothing else. Its steps stay as they are,
 * nothing is rescued or undone, and a step that is really busy goes on to its end.
 *
 * Source: Dynflow/dynflow 2.0.0 lib/dynflow/world.rb `halt`; director.rb `halt_execution`, `halt_inactive`; what was seen
 * of real worlds.
 */
import type { PlanRecord, StepRow } from "./model.ts";
import { listedSteps } from "./plan-verdict.ts";
import type { Lock } from "./records.ts";

/** Why a plan cannot be halted now; empty = it can. A delay of `undefined` is not known. */
export function haltRefusals(
  state: string,
  locks: readonly Pick<Lock, "kind" | "worldId">[],
  delayed: PlanRecord["delayed"] | undefined,
): readonly string[] {
  const held = (kind: Lock["kind"]) => locks.find((lock) => lock.kind === kind);
  const execution = held("execution");
  return [
    ...(state === "stopped" ? ["the plan is stopped already: a halt would only leave its lock behind"] : []),
    ...(state === "scheduled" && delayed !== null
      ? ["the plan waits for its time: cancel it, which keeps planners away first"]
      : []),
    ...(held("planning") === undefined ? [] : ["a world is planning it, and would go on"]),
    ...(execution !== undefined && execution.worldId === null
      ? ["its execution lock does not say which executor holds it: nobody knows whom to tell"]
      : []),
  ];
}

/** Why a halt would repeat an earlier one, which takes a word of the operator; `null` = it would not. */
export const haltedBefore = (locks: readonly Pick<Lock, "kind">[]): string | null =>
  locks.some((lock) => lock.kind === "inhibition")
    ? "a halt of it was asked for before and has not ended: its inhibition lock is still there"
    : null;

/** Steps that a halt leaves unfinished, in the plan's order. */
export const leftBehind = (plan: Pick<PlanRecord, "steps" | "stepIds">): readonly StepRow[] =>
  listedSteps(plan).filter((step) => !ENDED.has(step.state));

const ENDED: ReadonlySet<string> = new Set(["success", "skipped", "cancelled"]);
