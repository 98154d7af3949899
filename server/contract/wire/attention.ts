import { z } from "zod";
import { instant, mutationResult, observed, reason, requestId, sourceId } from "./common.ts";

const severity = z.enum(["failed", "attention"]);

export const needView = z.object({
  id: z.string(),
  kind: z.string(),
  severity,
  stream: z.string(),
  target: z.string(),
  title: z.string(),
  detail: z.string(),
  since: instant.nullable(),
  /** How many things it stands for. */
  count: z.number(),
  /** What can be done about it, in words. */
  remedy: z.string().nullable(),
  /** What can be done to all its plans at once, and to which; the oldest first. */
  offer: z.object({ verb: z.literal("resume"), planIds: z.array(z.string()) }).nullable(),
  /** Who has taken it on: it is told last until then. */
  acknowledged: z
    .object({
      by: z.string().nullable(),
      reason: z.string().nullable(),
      at: instant,
      until: instant,
      /** How many things it stood for then. */
      count: z.number(),
    })
    .nullable(),
});

export const attentionInput = z.object({ source: sourceId.optional() });
/** What needs a person, worst first, what somebody has taken on last. */
export const attentionOutput = z.object({ ...observed, needs: z.array(needView) });

/** A finding may be silent for so long. */
export const ACKNOWLEDGE_MINUTES = { min: 5, max: 7 * 24 * 60 } as const;

const finding = z.string().min(1).max(2_000);
export const acknowledgeInput = z.object({
  /** Its id. */
  finding,
  /** What the operator saw: it is refused when it has become worse since. */
  expectedSeverity: severity,
  expectedCount: z.number().int().min(1),
  minutes: z.number().int().min(ACKNOWLEDGE_MINUTES.min).max(ACKNOWLEDGE_MINUTES.max),
  reason,
  requestId,
});
export const acknowledgeOutput = mutationResult.extend({ until: instant });

export const releaseInput = z.object({
  finding,
  /** Who had it, as the operator saw. */
  expectedBy: z.string().max(200).nullable(),
  reason,
  requestId,
});
export const releaseOutput = mutationResult;
