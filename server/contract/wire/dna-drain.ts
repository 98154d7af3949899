import { z } from "zod";
import { DRAIN_STEPS } from "#server/contract/drain.ts";
import { incarnationId, instant, mutationResult, observed, reason, requestId, sourceId } from "./common.ts";

export const drainInput = z.object({ source: sourceId, incarnation: incarnationId });
export const drainOutput = z.object({
  ...observed,
  incarnation: z.string(),
  node: z.string(),
  cluster: z.string(),
  state: z.string(),
  /** When the list was begun; `null` = it is not. */
  since: instant.nullable(),
  /** Actors that run on it now; `null` = it does not tell. */
  running: z.number().nullable(),
  /** Nodes whose caches the last step empties. */
  others: z.array(z.string()),
  steps: z.array(
    z.object({
      step: z.enum(DRAIN_STEPS),
      state: z.enum(["done", "skipped", "open", "later"]),
      evidence: z.array(z.string()),
      refusal: z.string().nullable(),
      at: instant.nullable(),
      by: z.string().nullable(),
    }),
  ),
});
export type DrainView = z.infer<typeof drainOutput>;

export const drainAdvanceInput = z.object({
  source: sourceId,
  incarnation: incarnationId,
  step: z.enum(DRAIN_STEPS),
  /** `do` carries the step out, or looks whether it is fulfilled; `skip` leaves it out; `force` ends the VM at once. */
  how: z.enum(["do", "skip", "force"]),
  /** What the operator saw. */
  expectedNode: z.string().min(1).max(400),
  expectedRunning: z.number().int().min(0).nullable(),
  reason,
  requestId,
});
export const drainAdvanceOutput = mutationResult;

export const drainAbandonInput = z.object({ source: sourceId, incarnation: incarnationId, reason, requestId });
