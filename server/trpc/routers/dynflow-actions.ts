import { skipOutput } from "#server/contract/wire/dynflow.ts";
import * as wire from "#server/contract/wire/dynflow-actions.ts";
import { permitted } from "#server/trpc/init.ts";

const read = permitted("plans:read");

/** What a single plan or step takes besides resume, skip and cancel. */
export const dynflowActionsProcedures = {
  /** Marks one failed step of a paused plan, and what depends on it, as skipped. Previewed by `skipPreview`. */
  skipStep: permitted("plans:skip")
    .input(wire.skipStepInput)
    .output(skipOutput)
    .mutation(({ ctx, input: { stepId, ...rest } }) =>
      ctx.services.dynflow.skip(ctx.caller, { ...rest, stepIds: [stepId] }),
    ),
  /** Which steps a cancel or abort would be sent to, and for which of them nothing says that it is safe. */
  eventPreview: read
    .input(wire.eventPreviewInput)
    .output(wire.eventPreviewOutput)
    .query(({ ctx, input }) => ctx.services.dynflowActions.eventPreview(ctx.caller, input)),
  /** Sends a cancel to one running or suspended step. */
  cancelStep: permitted("plans:cancel")
    .input(wire.cancelStepInput)
    .output(wire.cancelStepOutput)
    .mutation(({ ctx, input }) => ctx.services.dynflowActions.cancelStep(ctx.caller, input)),
  /** Sends an abort, the forced variant of a cancel, to one step or to all open steps of a plan. */
  abort: permitted("plans:abort")
    .input(wire.abortInput)
    .output(wire.abortOutput)
    .mutation(({ ctx, input }) => ctx.services.dynflowActions.abort(ctx.caller, input)),
  /** Who would be told to drop the plan, and what stays as it is. */
  haltPreview: read
    .input(wire.planActInput)
    .output(wire.haltPreviewOutput)
    .query(({ ctx, input }) => ctx.services.dynflowActions.haltPreview(ctx.caller, input)),
  /** Stops a plan hard: nothing is rescued or undone, its steps stay as they are. */
  halt: permitted("plans:halt")
    .input(wire.haltInput)
    .output(wire.haltOutput)
    .mutation(({ ctx, input }) => ctx.services.dynflowActions.halt(ctx.caller, input)),
  /** What keeps a scheduled plan waiting, and what of it a start now would override. */
  startNowPreview: read
    .input(wire.planActInput)
    .output(wire.startNowPreviewOutput)
    .query(({ ctx, input }) => ctx.services.dynflowActions.startNowPreview(ctx.caller, input)),
  /** Asks an executor to plan and execute a scheduled plan ahead of its time. */
  startNow: permitted("plans:start")
    .input(wire.startNowInput)
    .output(wire.startNowOutput)
    .mutation(({ ctx, input }) => ctx.services.dynflowActions.startNow(ctx.caller, input)),
};
