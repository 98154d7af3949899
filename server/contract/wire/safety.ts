import { z } from "zod";
import type { ApprovalTerms } from "#server/contract/approval-terms.ts";
import { WHOLE_NODE_ACTION_NAMES, type WholeNodeAction } from "#server/contract/safety.ts";
import { instant, mutationResult, reason, requestId } from "./common.ts";
import { stopManyInput, stopManyPreviewInput, stopManyPreviewOutput } from "./dna-actors.ts";
import { drainAdvanceInput } from "./dna-drain.ts";
import { failoverStartInput } from "./dna-failover.ts";
import { deleteRowInput } from "./dna-node-row.ts";
import { invalidateInput } from "./dynflow-worlds.ts";

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

const OF_NODE = { source: true, incarnation: true, reason: true, requestId: true } as const;

/** The parameters of each whole-node action: all that its own input takes but whom it is about, why, and its id. */
export const TERMS: Readonly<Record<WholeNodeAction, z.ZodObject>> = {
  "dna.failover.start": failoverStartInput.omit(OF_NODE).strict(),
  // The list itself is named by a token of whoever looked: its fingerprint is the same for everybody.
  "dna.actors.stopMany": stopManyInput
    .omit({ source: true, token: true, reason: true, requestId: true })
    .extend(stopManyPreviewInput.pick({ partition: true, type: true }).shape)
    .extend({ list: stopManyPreviewOutput.shape.list })
    .strict(),
  "dna.nodes.deleteRow": deleteRowInput.omit(OF_NODE).strict(),
  "dna.drain.stopVm": drainAdvanceInput
    .omit(OF_NODE)
    .extend({ step: z.literal("stop_vm"), how: z.enum(["do", "force"]) })
    .strict(),
  "dynflow.worlds.invalidate": invalidateInput
    .omit({ source: true, worldId: true, reason: true, requestId: true })
    .strict(),
};

const jsonRecord = z.record(z.string().max(64), z.json());
const approvalTerms = z.custom<ApprovalTerms>((value) => jsonRecord.safeParse(value).success, "must be an object");

/** What is wrong with the parameters of this action; `null` = they are whole. */
function termsFault(action: WholeNodeAction, terms: ApprovalTerms): string | null {
  const read = TERMS[action].safeParse(terms);
  if (!read.success) return read.error.issues.map(({ path, message }) => `${path.join(".")}: ${message}`).join("; ");
  const missing = Object.keys(TERMS[action].shape).find((name) => !Object.hasOwn(terms, name));
  return missing === undefined ? null : `${missing}: must be said`;
}

export const askInput = z
  .object({
    action: z.enum(WHOLE_NODE_ACTION_NAMES as [(typeof WHOLE_NODE_ACTION_NAMES)[number]]),
    /** `dna:<source>` or `dynflow:<source>`. */
    stream: z.string().regex(/^(dna|dynflow):[a-z0-9][a-z0-9-]{0,62}$/, "must be dna:<source> or dynflow:<source>"),
    /** As the action itself names it: an incarnation, a world. */
    target: z.string().min(1).max(400),
    /** Every parameter of the action, as its own input takes it: the agreement holds for exactly these. */
    terms: approvalTerms,
    reason,
    requestId,
  })
  .superRefine(({ action, terms }, { addIssue }) => {
    const message = termsFault(action, terms);
    if (message !== null) addIssue({ code: "custom", path: ["terms"], message });
  });
export const askOutput = z.object({ approvalId: z.string(), until: instant });

export const decideInput = z.object({
  approvalId: z.string().min(1).max(64),
  granted: z.boolean(),
  reason,
  requestId,
});
export const decideOutput = mutationResult;
