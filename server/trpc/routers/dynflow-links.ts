import * as parts from "#server/contract/wire/dynflow-plan-parts.ts";
import * as tree from "#server/contract/wire/dynflow-sub-plans.ts";
import { atOnce } from "#server/trpc/at-once.ts";
import { permitted } from "#server/trpc/init.ts";

const read = permitted("plans:read");

/** `dynflow.plans.*`: how plans hang together, and the parts of one that are asked for when somebody looks at them. */
export const dynflowLinksProcedures = {
  /** One page of the plans that a plan planned, with the counts of all of them. */
  subPlans: read
    .input(tree.subPlansInput)
    .output(atOnce(tree.subPlansOutput))
    .query(({ ctx, input }) => ctx.services.dynflowLinks.subPlans(ctx.caller, input)),
  /** Walks down through all sub-plans for about a second: counts them, or looks for the first failing leaf. */
  subPlanWalk: read
    .input(tree.subPlanWalkInput)
    .output(atOnce(tree.subPlanWalkOutput))
    .query(({ ctx, input }) => ctx.services.dynflowLinks.subPlanWalk(ctx.caller, input)),
  /** The plans that led to this one. */
  callers: read
    .input(tree.callersInput)
    .output(tree.callersOutput)
    .query(({ ctx, input }) => ctx.services.dynflowLinks.callers(ctx.caller, input)),
  /** What a plan waits for and what waits for it, directly or not. */
  dependencies: read
    .input(parts.planPartInput)
    .output(atOnce(parts.dependenciesOutput))
    .query(({ ctx, input }) => ctx.services.dynflowLinks.dependencies(ctx.caller, input)),
  /** When a scheduled plan starts, and if not, why not. */
  delayed: read
    .input(parts.planPartInput)
    .output(parts.delayedOutput)
    .query(({ ctx, input }) => ctx.services.dynflowLinks.delayed(ctx.caller, input)),
  /** How it was planned: plan steps and those below them. */
  planPhase: read
    .input(parts.planPartInput)
    .output(atOnce(parts.planPhaseOutput))
    .query(({ ctx, input }) => ctx.services.dynflowLinks.planPhase(ctx.caller, input)),
};
