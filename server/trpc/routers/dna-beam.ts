import * as wire from "#server/contract/wire/dna-beam.ts";
import { permitted, router } from "#server/trpc/init.ts";

const read = permitted("dna:read");

/** What nodes tell of themselves over Erlang distribution. */
export const dnaBeamRouter = router({
  node: read
    .input(wire.beamNodeInput)
    .output(wire.beamNodeOutput)
    .query(({ ctx, input }) => ctx.services.dnaBeam.node(ctx.caller, input)),
  /** Running instances of one partition, with their processes. */
  partition: read
    .input(wire.beamPartitionInput)
    .output(wire.beamPartitionOutput)
    .query(({ ctx, input }) => ctx.services.dnaBeam.partition(ctx.caller, input)),
  /** Instances with the largest backlog. */
  top: read
    .input(wire.beamTopInput)
    .output(wire.beamTopOutput)
    .query(({ ctx, input }) => ctx.services.dnaBeam.top(ctx.caller, input)),
  /** Its own peer table beside our judgement. */
  peers: read
    .input(wire.beamNodeInput)
    .output(wire.beamPeersOutput)
    .query(({ ctx, input }) => ctx.services.dnaBeam.peers(ctx.caller, input)),
  cachedOwner: read
    .input(wire.beamCachedOwnerInput)
    .output(wire.beamCachedOwnerOutput)
    .query(({ ctx, input }) => ctx.services.dnaBeam.cachedOwner(ctx.caller, input)),
  /** How doubled actors are looked for, and what is covered. */
  doubles: read
    .input(wire.beamDoublesInput)
    .output(wire.beamDoublesOutput)
    .query(({ ctx, input }) => ctx.services.dnaBeam.doubles(ctx.caller, input)),
});
