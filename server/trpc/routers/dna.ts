import * as wire from "#server/contract/wire/dna.ts";
import { permitted, router } from "#server/trpc/init.ts";
import { dnaActorsRouter } from "./dna-actors.ts";
import { dnaBeamRouter } from "./dna-beam.ts";
import { dnaCensusRouter } from "./dna-census.ts";
import { dnaFailoverRouter } from "./dna-failover.ts";
import { dnaDrainRouter, dnaNodesRouter } from "./dna-nodes.ts";

const read = permitted("dna:read");

export const dnaRouter = router({
  clusters: router({
    list: read
      .input(wire.clustersInput)
      .output(wire.clustersOutput)
      .query(({ ctx, input }) => ctx.services.dna.clusters(ctx.caller, input)),
  }),
  nodes: dnaNodesRouter,
  drain: dnaDrainRouter,
  types: router({
    list: read
      .input(wire.typesInput)
      .output(wire.typesOutput)
      .query(({ ctx, input }) => ctx.services.dna.types(ctx.caller, input)),
  }),
  actors: dnaActorsRouter,
  beam: dnaBeamRouter,
  census: dnaCensusRouter,
  failover: dnaFailoverRouter,
});
