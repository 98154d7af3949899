import { actorInput, nodeInput } from "#server/contract/wire/dna.ts";
import * as wire from "#server/contract/wire/dna-failover.ts";
import { permitted, router } from "#server/trpc/init.ts";

const read = permitted("dna:read");
const act = permitted("dna:failover");

export const dnaFailoverRouter = router({
  preview: read
    .input(nodeInput)
    .output(wire.failoverPreviewOutput)
    .query(({ ctx, input }) => ctx.services.dnaFailover.preview(ctx.caller, input)),
  /** Journals the request, then starts the job. Answers once both are durable, not once keys have changed hands. */
  start: act
    .input(wire.failoverStartInput)
    .output(wire.failoverStartOutput)
    .mutation(({ ctx, input }) => ctx.services.dnaFailover.start(ctx.caller, input)),
  /** The same of one key, which is read for the decision. */
  previewKey: read
    .input(actorInput)
    .output(wire.failoverKeyPreviewOutput)
    .query(({ ctx, input }) => ctx.services.dnaFailover.previewKey(ctx.caller, input)),
  startKey: act
    .input(wire.failoverKeyStartInput)
    .output(wire.failoverStartOutput)
    .mutation(({ ctx, input }) => ctx.services.dnaFailover.startKey(ctx.caller, input)),
  /** Whom a job gives keys to, and how many it has given so far. */
  job: read
    .input(wire.failoverJobInput)
    .output(wire.failoverJobOutput)
    .query(({ ctx, input }) => ctx.services.dnaFailover.job(ctx.caller, input)),
});
