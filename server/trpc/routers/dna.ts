import * as wire from "#server/contract/wire/dna.ts";
import { permitted, router } from "#server/trpc/init.ts";
import { dnaActorsRouter } from "./dna-actors.ts";
import { dnaBeamRouter } from "./dna-beam.ts";
import { dnaCensusRouter } from "./dna-census.ts";

const read = permitted("dna:read");

export const dnaRouter = router({
  clusters: router({
    list: read
      .input(wire.clustersInput)
      .output(wire.clustersOutput)
      .query(({ ctx, input }) => ctx.services.dna.clusters(ctx.caller, input)),
  }),
  nodes: router({
    list: read
      .input(wire.nodesInput)
      .output(wire.nodesOutput)
      .query(({ ctx, input }) => ctx.services.dna.nodes(ctx.caller, input)),
    get: read
      .input(wire.nodeInput)
      .output(wire.nodeOutput)
      .query(({ ctx, input }) => ctx.services.dna.node(ctx.caller, input)),
    health: read
      .input(wire.typesInput)
      .output(wire.healthOutput)
      .query(({ ctx, input }) => ctx.services.dna.health(ctx.caller, input)),
  }),
  types: router({
    list: read
      .input(wire.typesInput)
      .output(wire.typesOutput)
      .query(({ ctx, input }) => ctx.services.dna.types(ctx.caller, input)),
  }),
  actors: dnaActorsRouter,
  beam: dnaBeamRouter,
  census: dnaCensusRouter,
  failover: router({
    preview: permitted("dna:read")
      .input(wire.nodeInput)
      .output(wire.failoverPreviewOutput)
      .query(({ ctx, input }) => ctx.services.dna.failoverPreview(ctx.caller, input)),
    /** Journals the request, then starts the job. Answers once both are durable, not once keys are free. */
    start: permitted("dna:failover")
      .input(wire.failoverStartInput)
      .output(wire.failoverStartOutput)
      .mutation(({ ctx, input }) => ctx.services.dna.failoverStart(ctx.caller, input)),
  }),
});
