import { z } from "zod";
import { observed, planId, sourceId } from "./common.ts";

/** Plans of more steps than this are answered in parts: the head at once, flows and steps by the procedures below. */
export const LARGE_PLAN_STEPS = 5_000;
/** Steps of one part at most. */
export const STEPS_PART_MAX = 5_000;

export const flowsInput = z.object({ source: sourceId, planId });
const unreadable = z.object({ unreadable: z.string(), bytes: z.number() });
/** Step ids in order, with brackets: see `server/contract/view/flow-tokens.ts`. */
const tokens = z.object({ tokens: z.array(z.number()) });
export const flowsOutput = z.object({
  ...observed,
  runFlow: z.union([tokens, unreadable]),
  finalizeFlow: z.union([tokens, unreadable]),
  /** The order in which steps were added; `null` = that of their ids. */
  stepIds: z.array(z.number()).nullable(),
  stepCount: z.number(),
});
export type FlowsOutput = z.infer<typeof flowsOutput>;

export const stepsCompactInput = z.object({
  source: sourceId,
  planId,
  /** Id of the last step of the part before; `null` = from the first on. */
  after: z.number().int().min(0).nullable().default(null),
  limit: z.number().int().min(1).max(STEPS_PART_MAX).default(STEPS_PART_MAX),
});

const numbers = z.array(z.number());
const numbersOrNull = z.array(z.number().nullable());
/**
 * Steps by column, in order of id; the nth of each is of the nth step. Names are places in a dictionary of this part;
 * instants are microseconds since 1970, `null` where there is none.
 */
export const stepsPart = z.object({
  ids: numbers,
  phases: numbers,
  classes: numbers,
  states: numbers,
  actionIds: numbers,
  actionClasses: numbers,
  /** -1 = no queue. */
  queues: numbers,
  startedAt: numbersOrNull,
  endedAt: numbersOrNull,
  realTimeSec: numbersOrNull,
  executionTimeSec: numbersOrNull,
  progressDone: numbersOrNull,
  progressWeight: numbersOrNull,
  /** By id of the step: only those that have one. */
  exceptionClass: z.array(z.tuple([z.number(), z.string()])),
  unreadable: z.array(z.tuple([z.number(), z.string()])),
  names: z.array(z.string()),
});
export type StepsPart = z.infer<typeof stepsPart>;

export const stepsCompactOutput = z.object({
  ...observed,
  part: stepsPart,
  /** What to ask after; `null` = these were the last. */
  next: z.number().nullable(),
});
export type StepsCompactOutput = z.infer<typeof stepsCompactOutput>;
