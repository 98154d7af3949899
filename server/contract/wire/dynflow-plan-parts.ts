/** Parts of one plan that are asked for when somebody looks at them: what it waits for, when it starts, how it was planned. */
import { z } from "zod";
import { instant, maskable, observed, planId, sourceId } from "./common.ts";

export const planPartInput = z.object({ source: sourceId, planId });

/** Plans on each side of one at most; beyond, `cut` says so. */
export const DEPENDENCIES_MAX = 500;

export const dependencyPlan = z.object({
  id: z.string(),
  label: z.string().nullable(),
  rootActionClass: z.string().nullable(),
  /** As stored; `null` = its row is gone. */
  state: z.string().nullable(),
  result: z.string().nullable(),
  /** `both` = it stands on both sides: a circle. */
  side: z.enum(["self", "waits-for", "blocks", "both"]),
  /** Dependencies between the plan asked for and this one, by the shortest way. */
  distance: z.number(),
  /** What it means to whoever waits for it: `satisfied` also when it ended in warning or cancelled. */
  standing: z.enum(["waits", "satisfied", "failed"]),
});
export type DependencyPlan = z.infer<typeof dependencyPlan>;
export const dependenciesOutput = z.object({
  ...observed,
  plans: z.array(dependencyPlan),
  edges: z.array(
    z.object({ waiting: z.string(), prerequisite: z.string(), /** Part of a circle. */ circle: z.boolean() }),
  ),
  /** There is more than was read. */
  cut: z.boolean(),
  /**
   * Whether a failed prerequisite stops this plan: it does while the plan is scheduled without `start_before`. `null` = it
   * is not scheduled (any more).
   */
  failedStops: z.boolean().nullable(),
});
export type DependenciesOutput = z.infer<typeof dependenciesOutput>;

const planIds = z.array(z.string());
export const obstacleView = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("frozen") }),
  z.object({ kind: z.literal("start-at"), at: instant }),
  z.object({ kind: z.literal("prerequisites"), planIds }),
  z.object({ kind: z.literal("no-poller") }),
  z.object({ kind: z.literal("poller-gone"), worldId: z.string() }),
]);
export type ObstacleView = z.infer<typeof obstacleView>;
export const outcomeView = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("start") }),
  z.object({ kind: z.literal("timeout"), at: instant }),
  z.object({ kind: z.literal("failed-dependency"), planIds }),
]);
export type OutcomeView = z.infer<typeof outcomeView>;
export const readinessView = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("not-scheduled") }),
  z.object({ kind: z.literal("never") }),
  z.object({ kind: z.literal("planning") }),
  z.object({
    kind: z.literal("waiting"),
    obstacles: z.array(obstacleView),
    earliest: instant.nullable(),
    outcome: outcomeView,
  }),
  z.object({ kind: z.literal("ready"), outcome: outcomeView, within: instant }),
]);
export type ReadinessView = z.infer<typeof readinessView>;

export const delayedOutput = z.object({
  ...observed,
  state: z.string(),
  /** By the rules of the delayed executor, at `asOf`. */
  readiness: readinessView,
  delayed: z
    .object({
      startAt: z.string().nullable(),
      startBefore: z.string().nullable(),
      frozen: z.boolean(),
      serializer: z.string(),
      args: maskable(
        z.union([z.object({ value: z.unknown() }), z.object({ unreadable: z.string(), bytes: z.number() })]),
      ),
    })
    .nullable(),
  /** How many plans it waits for directly, by what they mean to it. */
  prerequisites: z.object({ waits: z.number(), satisfied: z.number(), failed: z.number() }),
  /** Who looks for plans that are due. `known` false = that world has no record. */
  poller: z.object({ worldId: z.string(), hostname: z.string().nullable(), known: z.boolean() }).nullable(),
  pollEveryMs: z.number(),
});
export type DelayedOutput = z.infer<typeof delayedOutput>;

/** How the plan was planned: each plan step and those planned below it. State and times are those of its steps. */
export const planPhaseOutput = z.object({
  ...observed,
  rootStepId: z.number().nullable(),
  /** Id of a plan step and the ids planned below it, in order of id; `null` = not stored, or it cannot be read. */
  nodes: z.array(z.tuple([z.number(), z.array(z.number()).nullable()])),
  unreadable: z.array(z.object({ stepId: z.number(), reason: z.string() })),
  /** There are more plan steps than were read. */
  cut: z.boolean(),
});
export type PlanPhaseOutput = z.infer<typeof planPhaseOutput>;
