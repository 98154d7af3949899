import * as wire from "#server/contract/wire/dynflow-worlds.ts";
import { permitted } from "#server/trpc/init.ts";

const read = permitted("worlds:read");

/** Worlds: what they are, what they say of themselves, and the end of dead ones. */
export const dynflowWorldsProcedures = {
  list: read
    .input(wire.worldsInput)
    .output(wire.worldsOutput)
    .query(({ ctx, input }) => ctx.services.dynflowWorlds.list(ctx.caller, input)),
  /** Asks an executor for its queues: one message, journalled. */
  status: permitted("worlds:ping")
    .input(wire.statusInput)
    .output(wire.statusOutput)
    .mutation(({ ctx, input }) => ctx.services.dynflowWorlds.status(ctx.caller, input)),
  /** Begins two pings of 30 s each: what an invalidation needs. How they go is in the preview. */
  probe: permitted("worlds:invalidate")
    .input(wire.probeInput)
    .output(wire.probeOutput)
    .mutation(({ ctx, input }) => ctx.services.dynflowWorlds.probe(ctx.caller, input)),
  /** What becomes of each plan that a world holds, should it be invalidated. */
  invalidatePreview: read
    .input(wire.invalidatePreviewInput)
    .output(wire.invalidatePreviewOutput)
    .query(({ ctx, input }) => ctx.services.dynflowWorlds.invalidatePreview(ctx.caller, input)),
  /** Starts the job that invalidates a world which was silent twice. */
  invalidate: permitted("worlds:invalidate")
    .input(wire.invalidateInput)
    .output(wire.invalidateOutput)
    .mutation(({ ctx, input }) => ctx.services.dynflowWorlds.invalidate(ctx.caller, input)),
};

/** What waits for whom; parts that may hold data are masked for viewers. */
export const envelopesList = read
  .input(wire.envelopesInput)
  .output(wire.envelopesOutput)
  .query(({ ctx, input }) => ctx.services.dynflowWorlds.envelopes(ctx.caller, input));

/** Locks that are left over, and what removes them. */
export const orphansList = permitted("locks:read")
  .input(wire.orphansInput)
  .output(wire.orphansOutput)
  .query(({ ctx, input }) => ctx.services.dynflowWorlds.orphans(ctx.caller, input));
