import * as wire from "#server/contract/wire/dynflow-compare.ts";
import { atOnce } from "#server/trpc/at-once.ts";
import { permitted } from "#server/trpc/init.ts";

const read = permitted("plans:read");

/** Runs of the same label, and two plans step by step. */
export const dynflowCompareProcedures = {
  /** The latest runs of the label of a plan, and the one to compare it with first. */
  runs: read
    .input(wire.runsInput)
    .output(atOnce(wire.runsOutput))
    .query(({ ctx, input }) => ctx.services.dynflowCompare.runs(ctx.caller, input)),
  /** Which steps of two plans belong together, and how long each of them took. */
  compare: read
    .input(wire.compareInput)
    .output(atOnce(wire.compareOutput))
    .query(({ ctx, input }) => ctx.services.dynflowCompare.compare(ctx.caller, input)),
};
