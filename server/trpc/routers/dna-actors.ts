import * as pages from "#server/contract/wire/dna.ts";
import * as wire from "#server/contract/wire/dna-actors.ts";
import { permitted, router } from "#server/trpc/init.ts";

const read = permitted("dna:read");

/** Keys of the register, what their nodes say of them, and stopping their instances. */
export const dnaActorsRouter = router({
  page: read
    .input(pages.actorsPageInput)
    .output(pages.actorsPageOutput)
    .query(({ ctx, input }) => ctx.services.dna.actorsPage(ctx.caller, input)),
  get: read
    .input(pages.actorInput)
    .output(pages.actorOutput)
    .query(({ ctx, input }) => ctx.services.dna.actor(ctx.caller, input)),
  /** What a message would do that arrives at this node, evaluated by the console: no node is ever asked to judge. */
  explain: read
    .input(wire.explainInput)
    .output(wire.explainOutput)
    .query(({ ctx, input }) => ctx.services.dnaActors.explain(ctx.caller, input)),
  /** What the owner's node says of the instance: whether it runs, and how far behind it is. */
  live: read
    .input(wire.liveInput)
    .output(wire.liveOutput)
    .query(({ ctx, input }) => ctx.services.dnaActors.live(ctx.caller, input)),
  /** Which living nodes run the key, and whom they have cached as its owner. */
  onNodes: read
    .input(wire.onNodesInput)
    .output(wire.onNodesOutput)
    .query(({ ctx, input }) => ctx.services.dnaActors.onNodes(ctx.caller, input)),
  /** Keys and sizes of what an actor has stored; never a value. */
  storage: read
    .input(wire.storageInput)
    .output(wire.storageOutput)
    .query(({ ctx, input }) => ctx.services.dnaActors.storage(ctx.caller, input)),
  /** One stored value, bounded. */
  storageValue: permitted("dna:values")
    .input(wire.storageValueInput)
    .output(wire.storageValueOutput)
    .query(({ ctx, input }) => ctx.services.dnaActors.storageValue(ctx.caller, input)),
  stopPreview: read
    .input(wire.stopPreviewInput)
    .output(wire.stopPreviewOutput)
    .query(({ ctx, input }) => ctx.services.dnaActors.stopPreview(ctx.caller, input)),
  /** Ends one instance; the next message starts it again. Sent once, never again by itself. */
  stop: permitted("dna:stop")
    .input(wire.stopInput)
    .output(wire.stopOutput)
    .mutation(({ ctx, input }) => ctx.services.dnaActors.stop(ctx.caller, input)),
  /** Lists and freezes what a job would stop on one node. */
  stopManyPreview: permitted("dna:stop-many")
    .input(wire.stopManyPreviewInput)
    .output(wire.stopManyPreviewOutput)
    .query(({ ctx, input }) => ctx.services.dnaActors.stopManyPreview(ctx.caller, input)),
  stopMany: permitted("dna:stop-many")
    .input(wire.stopManyInput)
    .output(wire.stopManyOutput)
    .mutation(({ ctx, input }) => ctx.services.dnaActors.stopMany(ctx.caller, input)),
});
