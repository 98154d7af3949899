import type { SourceHealth } from "#server/contract/event.ts";
import type { PlanRecord } from "./domain/model.ts";
import { protocolOf, type RequestType } from "./domain/protocol.ts";
import type { DynflowCapabilities } from "./ports.ts";

/** What decides whether anything may be sent to a database at all. */
export interface ActingConditions {
  readonly capabilities: DynflowCapabilities | null;
  readonly health: SourceHealth;
  /** As configured; `null` = decided by the schema. */
  readonly release: string | null;
  /** The embedded demo, whose SQLite file nobody else depends on. */
  readonly demo: boolean;
  /** Our own record is in place. */
  readonly registered: boolean;
}

/**
 * Why nothing, or not this message, can be sent at present, most lasting reason first; `null` = it can. Where schema and
 * configured release contradict each other, nothing is sent at all.
 */
export function actingRefusal(conditions: ActingConditions, needs: RequestType | null = null): string | null {
  const { capabilities, health, release, demo, registered } = conditions;
  if (capabilities === null) return "The database has not answered yet";
  const { dialect, schemaVersion } = capabilities;
  const protocol = protocolOf(schemaVersion, release);
  const unspoken = needs === null ? protocol.refusal : protocol.refusalOf(needs);
  if (unspoken !== null) return unspoken;
  if (dialect === "sqlite" && !demo) {
    return "Dynflow's SQLite database is not shared safely between processes: Worldline acts on it in its demo only";
  }
  if (health !== "up") return "The database does not answer at present";
  if (!registered) return "Worldline's own world is not registered at present";
  return null;
}

/**
 * What has moved since the operator looked, one sentence each; empty = nothing. The failed step is compared only when
 * one was named.
 */
export function movedSince(
  plan: Pick<PlanRecord, "head" | "steps">,
  expected: { readonly state: string; readonly failedStepId: number | null },
): readonly string[] {
  const moved: string[] = [];
  if (plan.head.state !== expected.state) moved.push(`the plan is ${plan.head.state} now, not ${expected.state}`);
  if (expected.failedStepId === null) return moved;
  const step = plan.steps.find((candidate) => candidate.id === expected.failedStepId);
  if (step === undefined) moved.push(`the plan has no step ${expected.failedStepId} any more`);
  else if (step.state !== "error") moved.push(`step ${step.id} is ${step.state} now, not in error`);
  return moved;
}
