/** Cancel and abort of steps, halt, and a start ahead of time. */
import { z } from "zod";
import { mutationResult, observed, planId, reason, requestId, sourceId } from "./common.ts";

const stepId = z.number().int().min(0);
const stepIds = z.array(stepId).max(2_000);
const state = z.string().max(50);
const plan = { source: sourceId, planId };
const act = { ...plan, expectedState: state, reason, requestId };
const touch = {
  ...observed,
  /** The plan's. */
  state: z.string(),
  /** Why it cannot be done now; empty = it can. */
  refusals: z.array(z.string()),
};

/** One failed step, with what depends on it. */
export const skipStepInput = z.object({
  ...act,
  stepId,
  /** Every step that the preview named. */
  expectedStepIds: stepIds.min(1),
  /** Resumes the plan once the skip is written: an operation of its own, with this id. */
  resumeRequestId: requestId.nullable().default(null),
});

/** Which event is meant, and for which step; `null` = every open step of the plan. */
export const eventPreviewInput = z.object({
  ...plan,
  event: z.enum(["cancel", "abort"]),
  stepId: stepId.nullable().default(null),
});
export const eventPreviewOutput = z.object({
  ...touch,
  steps: z.array(
    z.object({
      stepId: z.number(),
      actionClass: z.string(),
      state: z.string(),
      /** Why its class is taken for cancellable; `null` = nothing says so, and the event may destroy it. */
      cancellable: z.enum(["sub-plans", "configured"]).nullable(),
    }),
  ),
  /** Who executes the plan and would be told. */
  executorId: z.string().nullable(),
  /** That executor has a record; `null` = there is none to ask for. */
  executorKnown: z.boolean().nullable(),
});

export const cancelStepInput = z.object({
  ...act,
  stepId,
  expectedStepState: state,
  /** Also when nothing says that its class is cancellable. */
  force: z.boolean().default(false),
});
export const cancelStepOutput = mutationResult;

export const abortInput = z.object({
  ...act,
  /** `null` = every open step of the plan. */
  stepId: stepId.nullable().default(null),
  /** The steps that the preview named and the abort goes to. */
  expectedStepIds: stepIds,
  force: z.boolean().default(false),
});
export const abortOutput = mutationResult;

export const haltPreviewOutput = z.object({
  ...touch,
  /** Who executes the plan and is told; `null` = nobody does: any executor that answers. */
  executorId: z.string().nullable(),
  executorKnown: z.boolean().nullable(),
  /** Steps that stay as they are, by state. */
  left: z.array(z.object({ state: z.string(), count: z.number() })),
  /** Those that may really be busy, and go on to their end. */
  busy: z.array(z.object({ stepId: z.number(), actionClass: z.string() })),
  /** Unfinished sub-plans: they are plans of their own and go on. */
  subPlans: z.number(),
  /** A halt was asked for before and has not ended: whether its lock is to be taken over. */
  before: z.string().nullable(),
});
export const haltInput = z.object({
  ...act,
  expectedExecutorId: z.string().max(100).nullable(),
  /** Take over the inhibition lock of an earlier halt. */
  again: z.boolean().default(false),
});
export const haltOutput = mutationResult;

export const startNowPreviewOutput = z.object({
  ...touch,
  startAt: z.string().nullable(),
  startBefore: z.string().nullable(),
  frozen: z.boolean(),
  /** What keeps it waiting, one sentence each: a start now overrides it. */
  overrides: z.array(z.string()),
  prerequisites: z.array(z.object({ planId: z.string(), state: z.string().nullable(), result: z.string().nullable() })),
});
export const startNowInput = z.object({
  ...act,
  /** The sentences of the preview that are overridden. */
  expectedOverrides: z.array(z.string().max(500)).max(1_000).default([]),
});
export const startNowOutput = mutationResult;
export const planActInput = z.object(plan);
