import * as wire from "#server/contract/wire/dynflow-steps.ts";
import { atOnce } from "#server/trpc/at-once.ts";
import { permitted } from "#server/trpc/init.ts";

const read = permitted("plans:read");

/** Flows and steps of plans too large for one answer. */
export const dynflowStepsProcedures = {
  /** Both flows as flat lists of step ids and brackets. */
  flows: read
    .input(wire.flowsInput)
    .output(atOnce(wire.flowsOutput))
    .query(({ ctx, input }) => ctx.services.dynflowSteps.flows(ctx.caller, input)),
  /** Steps in order of id, by column, a part at a time. */
  stepsCompact: read
    .input(wire.stepsCompactInput)
    .output(atOnce(wire.stepsCompactOutput))
    .query(({ ctx, input }) => ctx.services.dynflowSteps.stepsCompact(ctx.caller, input)),
};
