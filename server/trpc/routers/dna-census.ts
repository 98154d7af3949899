import { censusInput } from "#server/contract/wire/dna.ts";
import * as wire from "#server/contract/wire/dna-census.ts";
import { permitted, router } from "#server/trpc/init.ts";

const read = permitted("dna:read");
const census = permitted("dna:census");

export const dnaCensusRouter = router({
  /** What a walk over everything will cost. */
  estimate: read
    .input(wire.censusListInput)
    .output(wire.censusEstimateOutput)
    .query(({ ctx, input }) => ctx.services.dnaCensus.estimate(ctx.caller, input)),
  /** Walks the register in the background, bounded and slow; answers with its id. */
  start: census
    .input(wire.censusStartInput)
    .output(wire.censusView)
    .mutation(({ ctx, input }) => ctx.services.dnaCensus.start(ctx.caller, input)),
  get: read
    .input(censusInput)
    .output(wire.censusView)
    .query(({ ctx, input }) => ctx.services.dnaCensus.get(ctx.caller, input)),
  list: read
    .input(wire.censusListInput)
    .output(wire.censusListOutput)
    .query(({ ctx, input }) => ctx.services.dnaCensus.list(ctx.caller, input)),
  pause: census
    .input(censusInput)
    .output(wire.censusView)
    .mutation(({ ctx, input }) => ctx.services.dnaCensus.pause(ctx.caller, input)),
  resume: census
    .input(censusInput)
    .output(wire.censusView)
    .mutation(({ ctx, input }) => ctx.services.dnaCensus.resume(ctx.caller, input)),
  /** What it had counted is dropped. */
  cancel: census
    .input(censusInput)
    .output(wire.censusView)
    .mutation(({ ctx, input }) => ctx.services.dnaCensus.cancel(ctx.caller, input)),
});
