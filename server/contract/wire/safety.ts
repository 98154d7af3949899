import { z } from "zod";
import { WHOLE_NODE_ACTION_NAMES } from "#server/contract/safety.ts";
import { instant, mutationResult, reason, requestId } from "./common.ts";

export const safetyOutput = z.object({
  readOnly: z.boolean(),
  /** Fixed by the configuration: nobody can lift it. */
  configured: z.boolean(),
  since: instant.nullable(),
  by: z.string().nullable(),
  reason: z.string().nullable(),
  /** Whether a whole-node action takes a second person. */
  secondPerson: z.boolean(),
});

export const readOnlyInput = z.object({ reason, requestId });
export const readOnlyOutput = mutationResult;

export const askInput = z.object({
  action: z.enum(WHOLE_NODE_ACTION_NAMES as [(typeof WHOLE_NODE_ACTION_NAMES)[number]]),
  /** `dna:<source>` or `dynflow:<source>`. */
  stream: z.string().regex(/^(dna|dynflow):[a-z0-9][a-z0-9-]{0,62}$/, "must be dna:<source> or dynflow:<source>"),
  /** As the action itself names it: an incarnation, a world. */
  target: z.string().min(1).max(400),
  reason,
  requestId,
});
export const askOutput = z.object({ approvalId: z.string(), until: instant });

export const decideInput = z.object({
  approvalId: z.string().min(1).max(64),
  granted: z.boolean(),
  reason,
  requestId,
});
export const decideOutput = mutationResult;
