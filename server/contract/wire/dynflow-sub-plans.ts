/** Plans that plans planned: levels of the tree, a walk through all of it, and the way up. */
import { z } from "zod";
import { maskable, observed, planId, sourceId } from "./common.ts";

/** Rows of one page at most. */
export const SUB_PLANS_PAGE_MAX = 500;

export const subPlansInput = z.object({
  source: sourceId,
  planId,
  /** Only what failed, or runs with a failed step. */
  failingOnly: z.boolean().default(false),
  limit: z.number().int().min(1).max(SUB_PLANS_PAGE_MAX).default(200),
  /** `nextCursor` of the page before; `null` = the first page. */
  after: z.string().max(200).nullable().default(null),
});
export type SubPlansInput = z.input<typeof subPlansInput>;

const planWords = {
  id: z.string(),
  label: z.string().nullable(),
  rootActionClass: z.string().nullable(),
  /** `null` = the plan's row is gone, only an action of it tells of it. */
  state: z.string().nullable(),
  result: z.string().nullable(),
  /** Action of the calling plan that planned it; `null` = not told. */
  callerActionId: z.number().nullable(),
};
export const subPlanRow = z.object({
  ...planWords,
  startedAt: z.string().nullable(),
  endedAt: z.string().nullable(),
  realTimeSec: z.number().nullable(),
  executionTimeSec: z.number().nullable(),
  /** Its stored result is error, or it is unfinished and a step of it is in error. */
  failing: z.boolean(),
  /** How many sub-plans it planned itself. */
  subPlans: z.number(),
});
export type SubPlanRow = z.infer<typeof subPlanRow>;

export const subPlanCount = z.object({
  callerActionId: z.number().nullable(),
  state: z.string().nullable(),
  result: z.string().nullable(),
  count: z.number(),
});
export type SubPlanCount = z.infer<typeof subPlanCount>;

/**
 * One page of one level, oldest start first, those that never started last, ties by id.
 */
export const subPlansOutput = z.object({
  ...observed,
  rows: z.array(subPlanRow),
  nextCursor: z.string().nullable(),
  /** All of this level whatever the filter, by calling action, state and result; `null` on pages after the first. */
  counts: z.array(subPlanCount).nullable(),
});
export type SubPlansOutput = z.infer<typeof subPlansOutput>;

export const subPlanWalkInput = z.object({
  source: sourceId,
  planId,
  /** Where to stop: at the first failing leaf, or when everything was met. Each call ends after about a second all the same. */
  until: z.enum(["failure", "end"]),
  /** Looks on the way for plans whose label, class of the root action or id holds this, whatever its case; with `end` only. */
  find: z.string().trim().max(200).default(""),
  /** `token` of the answer before: goes on where it stopped. `null` = begins anew. */
  token: z.string().max(64).nullable().default(null),
});

export const failurePathEntry = z.object({
  ...planWords,
  /** Run step of the calling action, in the plan above it; `null` = of the root, or not told. */
  callerStepId: z.number().nullable(),
});
export const firstSubPlanFailure = z.object({
  /** From the plan asked for down to the leaf, which is last. */
  path: z.array(failurePathEntry),
  /** The step of the leaf that failed first; `null` = no listed step is in error. */
  step: z
    .object({
      stepId: z.number(),
      actionClass: z.string(),
      phase: z.string(),
      error: maskable(z.object({ exceptionClass: z.string(), message: z.string() }).nullable()),
    })
    .nullable(),
});
export type FirstSubPlanFailure = z.infer<typeof firstSubPlanFailure>;

/** Plans of `found` at most. */
export const FOUND_MAX = 200;
export const foundSubPlan = z.object({
  ...planWords,
  parentId: z.string(),
  /** 1 = a sub-plan of the plan asked for. */
  level: z.number(),
  startedAt: z.string().nullable(),
  failing: z.boolean(),
});
export type FoundSubPlan = z.infer<typeof foundSubPlan>;

export const subPlanWalkOutput = z.object({
  ...observed,
  /** Names the walk, which the server keeps for some minutes; `null` = there is nothing left to walk. */
  token: z.string().nullable(),
  /** Plans met below the one asked for, and how many levels down. */
  walked: z.number(),
  levels: z.number(),
  /** Plans met a second time: a circle, or two callers of one plan. Not entered again. */
  again: z.number(),
  /** Why it goes no further although there is more; `null` = nothing stops it. */
  stopped: z.string().nullable(),
  counts: z.array(z.object({ state: z.string().nullable(), result: z.string().nullable(), count: z.number() })),
  failing: z.number(),
  /** How many hold what was looked for, and the first of them: by level, then by caller. */
  matches: z.number(),
  found: z.array(foundSubPlan),
  /** `null` = none was found so far. */
  firstFailure: firstSubPlanFailure.nullable(),
});
export type SubPlanWalk = z.infer<typeof subPlanWalkOutput>;

export const callersInput = z.object({ source: sourceId, planId });
/** The plans that led to this one, the first caller first, itself not among them. */
export const callersOutput = z.object({
  ...observed,
  callers: z.array(
    z.object({ ...planWords, /** Run step of the action that planned the next one. */ stepId: z.number().nullable() }),
  ),
  /** Why the line ends although there is a caller. */
  cut: z.enum(["circle", "too-deep", "gone"]).nullable(),
});
export type CallersOutput = z.infer<typeof callersOutput>;
