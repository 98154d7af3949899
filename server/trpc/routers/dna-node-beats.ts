import * as wire from "#server/contract/wire/dna-node-beats.ts";
import { permitted } from "#server/trpc/init.ts";

const read = permitted("dna:read");

/** What was sampled of nodes; merged into `dna.nodes`. */
export const dnaNodeBeatsRoutes = {
  /** The last beats of one incarnation with their intervals and loads. */
  beats: read
    .input(wire.nodeBeatsInput)
    .output(wire.nodeBeatsOutput)
    .query(({ ctx, input }) => ctx.services.dna.nodeBeats(ctx.caller, input)),
  /** Beat interval and partitions of the nodes that a screen shows. */
  glance: read
    .input(wire.nodeGlanceInput)
    .output(wire.nodeGlanceOutput)
    .query(({ ctx, input }) => ctx.services.dna.nodeGlance(ctx.caller, input)),
};
