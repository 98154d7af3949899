import type { ActionPayload } from "./domain/model.ts";

/** Stands for an action whose row is not there: its step, and the error of that, are shown all the same. */
export function missingAction(actionId: number): ActionPayload {
  const missing = { ok: false, reason: `the plan has no row of action ${actionId}`, bytes: 0 } as const;
  return { input: missing, output: missing, inputBytes: 0, outputBytes: 0, chunks: [], chunksCut: false };
}
