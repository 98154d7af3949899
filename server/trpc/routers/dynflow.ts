import * as wire from "#server/contract/wire/dynflow.ts";
import { atOnce } from "#server/trpc/at-once.ts";
import { permitted, router } from "#server/trpc/init.ts";
import { attentionList } from "./attention.ts";
import { dynflowActionsProcedures } from "./dynflow-actions.ts";
import { dynflowCompareProcedures } from "./dynflow-compare.ts";
import { dynflowLinksProcedures } from "./dynflow-links.ts";
import { dynflowListProcedures } from "./dynflow-list.ts";
import { dynflowPayloadProcedures } from "./dynflow-payload.ts";
import { dynflowStepsProcedures } from "./dynflow-steps.ts";
import { dynflowWorldsProcedures, envelopesList, orphansList } from "./dynflow-worlds.ts";

const read = permitted("plans:read");

export const dynflowRouter = router({
  attention: router({ list: attentionList }),
  sources: router({
    list: read.output(wire.sourcesOutput).query(({ ctx }) => ctx.services.dynflow.sources(ctx.caller)),
  }),
  plans: router({
    ...dynflowListProcedures,
    get: read
      .input(wire.planInput)
      .output(atOnce(wire.planOutput))
      .query(({ ctx, input }) => ctx.services.dynflow.plan(ctx.caller, input)),
    steps: read
      .input(wire.planInput)
      .output(atOnce(wire.stepsOutput))
      .query(({ ctx, input }) => ctx.services.dynflow.steps(ctx.caller, input)),
    /** One step with its action's payloads; masked for viewers. */
    action: read
      .input(wire.actionInput)
      .output(atOnce(wire.actionOutput))
      .query(({ ctx, input }) => ctx.services.dynflow.action(ctx.caller, input)),
    ...dynflowCompareProcedures,
    ...dynflowPayloadProcedures,
    ...dynflowLinksProcedures,
    ...dynflowStepsProcedures,
    history: read
      .input(wire.planInput)
      .output(atOnce(wire.historyOutput))
      .query(({ ctx, input }) => ctx.services.dynflow.history(ctx.caller, input)),
    /** Asks an executor to resume a paused plan. Answers with how far the request is known to have come. */
    resume: permitted("plans:resume")
      .input(wire.resumeInput)
      .output(wire.resumeOutput)
      .mutation(({ ctx, input }) => ctx.services.dynflow.resume(ctx.caller, input)),
    /** What skipping failed steps would write, and what goes along. */
    skipPreview: read
      .input(wire.skipPreviewInput)
      .output(wire.skipPreviewOutput)
      .query(({ ctx, input }) => ctx.services.dynflow.skipPreview(ctx.caller, input)),
    /** Marks failed steps of a paused plan, and what depends on them, as skipped; resumes it afterwards when asked to. */
    skip: permitted("plans:skip")
      .input(wire.skipInput)
      .output(wire.skipOutput)
      .mutation(({ ctx, input }) => ctx.services.dynflow.skip(ctx.caller, input)),
    /** Which steps a cancel would be sent to, and for which of them nothing says that it is safe. */
    cancelPreview: read
      .input(wire.planInput)
      .output(wire.cancelPreviewOutput)
      .query(({ ctx, input }) => ctx.services.dynflow.cancelPreview(ctx.caller, input)),
    /** Sends a cancel to the running and suspended steps of a plan, or cancels a scheduled one. */
    cancel: permitted("plans:cancel")
      .input(wire.cancelInput)
      .output(wire.cancelOutput)
      .mutation(({ ctx, input }) => ctx.services.dynflow.cancel(ctx.caller, input)),
    ...dynflowActionsProcedures,
    /**
     * Reads and freezes what a bulk command would touch; kept for ten minutes under the token it answers. It changes
     * nothing; by POST, because ten thousand ids are no address.
     */
    bulkPreview: permitted("plans:bulk")
      .input(wire.bulkPreviewInput)
      .output(atOnce(wire.bulkPreviewOutput))
      .mutation(({ ctx, input }) => ctx.services.dynflow.bulkPreview(ctx.caller, input)),
    /** Starts the job of a preview: durable, throttled, with the outcome of each plan. */
    bulkStart: permitted("plans:bulk")
      .input(wire.bulkStartInput)
      .output(wire.bulkStartOutput)
      .mutation(({ ctx, input }) => ctx.services.dynflow.bulkStart(ctx.caller, input)),
  }),
  worlds: router({
    ...dynflowWorldsProcedures,
    ping: permitted("worlds:ping")
      .input(wire.pingInput)
      .output(wire.pingOutput)
      .mutation(({ ctx, input }) => ctx.services.dynflow.ping(ctx.caller, input)),
  }),
  envelopes: router({ list: envelopesList }),
  locks: router({
    orphans: orphansList,
    list: permitted("locks:read")
      .input(wire.locksInput)
      .output(wire.locksOutput)
      .query(({ ctx, input }) => ctx.services.dynflow.locks(ctx.caller, input)),
  }),
});
