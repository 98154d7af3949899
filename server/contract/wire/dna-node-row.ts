import { z } from "zod";
import { incarnationId, mutationResult, observed, reason, requestId, sourceId } from "./common.ts";
import { releasableReason } from "./dna.ts";

export const deleteRowPreviewInput = z.object({ source: sourceId, incarnation: incarnationId });
export const deleteRowPreviewOutput = z.object({
  ...observed,
  incarnation: z.string(),
  node: z.string(),
  cluster: z.string(),
  state: z.string(),
  /** Every condition with its present answer. */
  reasons: z.array(releasableReason),
  refusals: z.array(z.string()),
});
export type DeleteRowPreview = z.infer<typeof deleteRowPreviewOutput>;

export const deleteRowInput = z.object({
  source: sourceId,
  incarnation: incarnationId,
  /** What the operator saw. */
  expectedState: z.string().max(40),
  expectedNode: z.string().min(1).max(400),
  reason,
  requestId,
});
export const deleteRowOutput = mutationResult;
