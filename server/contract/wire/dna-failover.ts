import { z } from "zod";
import { incarnationId, instant, observed, reason, requestId, sourceId } from "./common.ts";
import { actorInput, actorOwner, censusOutput, nodeView, releasable } from "./dna.ts";

/** A node of the cluster as somebody whom keys could be given to. */
export const claimTargetView = z.object({
  incarnation: z.string(),
  node: z.string(),
  state: z.string(),
  /** For how long it has been alive without a break; `null` = it is not alive. */
  aliveMs: z.number().nullable(),
  load: z.number().nullable(),
  /** Instances that run there, as last told by it; `null` = nobody asks it, or it did not tell. */
  running: z.number().nullable(),
  /** Keys that it owns, as last counted; `null` = never counted. */
  owned: z.number().nullable(),
  /** Its weight to begin with, 1 to 100: the less loaded and the emptier, the more. */
  weight: z.number(),
  /** Why it may be given nothing now; `null` = it may. */
  refusal: z.string().nullable(),
});
export type ClaimTargetView = z.infer<typeof claimTargetView>;

const claimTargets = {
  targets: z.array(claimTargetView),
  /** Nodes beyond those that are told. */
  targetsLeftOut: z.number(),
  /** What stands against giving them to anybody, beside what stands against it at all; `null` = nothing. */
  claimRefusal: z.string().nullable(),
};

export const failoverPreviewOutput = z.object({
  ...observed,
  node: nodeView,
  releasable,
  /** The latest count of its keys, or the walk that is counting them; `null` = start one. */
  census: censusOutput.nullable(),
  keys: z.number().nullable(),
  rounds: z.number().nullable(),
  estimateMs: z.number().nullable(),
  roundsPerSecond: z.number(),
  keysPerRound: z.number(),
  /** What stands against it at all. */
  refusals: z.array(z.string()),
  /** Why the keys of one that lives are not moved; `null` = it does not live. */
  notMoved: z.string().nullable(),
  ...claimTargets,
});
export type FailoverPreviewOutput = z.infer<typeof failoverPreviewOutput>;

const WEIGHT_MAX = 1_000;
/** Whom the keys are given to, by weight; `null` = nobody: they are released. */
const chosenTargets = z
  .array(z.object({ incarnation: incarnationId, weight: z.int().min(1).max(WEIGHT_MAX) }))
  .min(1)
  .max(1_000)
  .refine((targets) => new Set(targets.map((target) => target.incarnation)).size === targets.length, "each node once")
  .nullable()
  .default(null);

export const failoverStartInput = z.object({
  source: sourceId,
  incarnation: incarnationId,
  targets: chosenTargets,
  /** What the operator saw; `CONFLICT` when it has moved. */
  expectedState: z.enum(["silent", "gone"]),
  expectedNode: z.string().max(1_000),
  expectedKeys: z.number().int().min(0),
  reason,
  requestId,
});
export const failoverStartOutput = z.object({ journalId: z.string(), jobId: z.string() });

export const failoverKeyPreviewOutput = z.object({
  ...observed,
  /** As read now, for a decision; `null` = nobody owns it. */
  owner: actorOwner.nullable(),
  claimedAt: instant.nullable(),
  /** `null` = there is no owner to judge. */
  releasable: releasable.nullable(),
  refusals: z.array(z.string()),
  notMoved: z.string().nullable(),
  ...claimTargets,
});
export type FailoverKeyPreviewOutput = z.infer<typeof failoverKeyPreviewOutput>;

export const failoverKeyStartInput = actorInput.extend({
  targets: chosenTargets,
  /** Whose key it was on the screen. */
  expectedOwner: incarnationId,
  reason,
  requestId,
});

export const failoverJobInput = z.object({ source: sourceId, jobId: z.string().max(64) });
/** What a job was told to do, and whom it has given how many keys so far. */
export const failoverJobOutput = z.object({
  /** `null` = this console follows another and does not know. */
  plan: z
    .object({
      key: z.string().nullable(),
      /** `null` = keys are released. */
      targets: z
        .array(z.object({ incarnation: z.string(), node: z.string(), weight: z.number(), given: z.number() }))
        .nullable(),
    })
    .nullable(),
});
export type FailoverJobOutput = z.infer<typeof failoverJobOutput>;
