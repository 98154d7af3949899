import { z } from "zod";
import { observed, planId, sourceId } from "./common.ts";

const seconds = z.number().nullable();
/** One run of a label. */
export const runView = z.object({
  id: z.string(),
  label: z.string().nullable(),
  state: z.string(),
  result: z.string(),
  startedAt: z.string().nullable(),
  endedAt: z.string().nullable(),
  realTimeSec: seconds,
  executionTimeSec: seconds,
});
export type RunView = z.infer<typeof runView>;

export const runsInput = z.object({ source: sourceId, planId });
export const runsOutput = z.object({
  ...observed,
  label: z.string().nullable(),
  /** The latest of this label, without the plan itself; newest first. */
  runs: z.array(runView),
  /** The last one that succeeded, before this plan where there is one; `null` = none was found. */
  suggested: z.string().nullable(),
});
export type RunsOutput = z.infer<typeof runsOutput>;

export const compareInput = z.object({ source: sourceId, planId, otherId: planId });
/** Steps of each run at most. */
export const COMPARED_STEPS_MAX = 5_000;
export const comparedStep = z.object({
  id: z.number(),
  state: z.string(),
  queue: z.string().nullable(),
  startedAt: z.string().nullable(),
  endedAt: z.string().nullable(),
  realTimeSec: seconds,
  executionTimeSec: seconds,
  /** Between when nothing before it was left to do, and its start: the queue, mostly, or a pause. */
  waitedSec: seconds,
});
export type ComparedStep = z.infer<typeof comparedStep>;
export const comparedPair = z.object({
  phase: z.enum(["plan", "run", "finalize", "unknown"]),
  actionClass: z.string(),
  left: comparedStep.nullable(),
  right: comparedStep.nullable(),
  /** `place` = at the same place of the flow, `class` = the next of its class, `null` = only one run has it. */
  by: z.enum(["place", "class"]).nullable(),
});
export type ComparedPair = z.infer<typeof comparedPair>;
export const compareOutput = z.object({
  ...observed,
  left: runView,
  right: runView,
  /** In the order of the flow of the first. */
  pairs: z.array(comparedPair),
});
export type CompareOutput = z.infer<typeof compareOutput>;
