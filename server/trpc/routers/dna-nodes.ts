import * as wire from "#server/contract/wire/dna.ts";
import * as drain from "#server/contract/wire/dna-drain.ts";
import { healthInput, healthOutput } from "#server/contract/wire/dna-health.ts";
import * as row from "#server/contract/wire/dna-node-row.ts";
import { permitted, router } from "#server/trpc/init.ts";
import { dnaNodeBeatsRoutes } from "./dna-node-beats.ts";

const read = permitted("dna:read");

export const dnaNodesRouter = router({
  ...dnaNodeBeatsRoutes,
  list: read
    .input(wire.nodesInput)
    .output(wire.nodesOutput)
    .query(({ ctx, input }) => ctx.services.dna.nodes(ctx.caller, input)),
  get: read
    .input(wire.nodeInput)
    .output(wire.nodeOutput)
    .query(({ ctx, input }) => ctx.services.dna.node(ctx.caller, input)),
  health: read
    .input(healthInput)
    .output(healthOutput)
    .query(({ ctx, input }) => ctx.services.dnaHealth.health(ctx.caller, input)),
  /** Whether its row may be deleted, with every condition. */
  deleteRowPreview: read
    .input(row.deleteRowPreviewInput)
    .output(row.deleteRowPreviewOutput)
    .query(({ ctx, input }) => ctx.services.dnaNodes.deleteRowPreview(ctx.caller, input)),
  /** Deletes the row of a silent incarnation of a cluster that is wholly dead; nothing but the list looks different. */
  deleteRow: permitted("dna:nodes")
    .input(row.deleteRowInput)
    .output(row.deleteRowOutput)
    .mutation(({ ctx, input }) => ctx.services.dnaNodes.deleteRow(ctx.caller, input)),
});

export const dnaDrainRouter = router({
  /** The list of steps with what was just looked at; asks the node for its identity and counts. */
  get: read
    .input(drain.drainInput)
    .output(drain.drainOutput)
    .query(({ ctx, input }) => ctx.services.dnaDrain.drain(ctx.caller, input)),
  /** Goes on by one step, once what it rests on has been looked at anew. */
  advance: permitted("dna:nodes")
    .input(drain.drainAdvanceInput)
    .output(drain.drainAdvanceOutput)
    .mutation(({ ctx, input }) => ctx.services.dnaDrain.drainAdvance(ctx.caller, input)),
  abandon: permitted("dna:nodes")
    .input(drain.drainAbandonInput)
    .output(drain.drainAdvanceOutput)
    .mutation(({ ctx, input }) => ctx.services.dnaDrain.drainAbandon(ctx.caller, input)),
});
