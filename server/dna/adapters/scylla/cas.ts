import type { types } from "cassandra-driver";
import type { CasOutcome } from "#server/dna/ports.ts";
import { messageOf } from "#server/kernel/errors.ts";
import { isCertainlyNotApplied, toOpsError } from "./driver-errors.ts";
import { parseToldOwner } from "./rows.ts";

const APPLIED = "[applied]";

/**
 * What the answer to a conditional statement says. Only its column `[applied]` counts: the driver's `wasApplied()`
 * answers true for an empty result, and how many other columns there are depends on the product.
 *
 * @param statements 1, or more for a batch, whose rows of refusal are in no order that could be relied on
 */
export function readCasAnswer(result: types.ResultSet, statements: number): CasOutcome {
  const row: types.Row | null = result.first();
  const applied: unknown = row?.[APPLIED];
  if (applied === true) return { kind: "applied" };
  if (applied !== false || row === null) {
    return { kind: "unknown", reason: "the answer does not say whether it was applied" };
  }
  return { kind: "rejected", owner: statements === 1 ? parseToldOwner(row) : "not-told" };
}

/** @throws OpsError when the statement was certainly not applied */
export const readCasFailure = (cause: unknown): CasOutcome => ({ kind: "unknown", reason: readWriteFailure(cause) });

/**
 * Why nobody knows whether a write was applied.
 *
 * @throws OpsError when it was certainly not applied
 */
export function readWriteFailure(cause: unknown): string {
  if (isCertainlyNotApplied(cause)) throw toOpsError(cause);
  return messageOf(cause);
}
