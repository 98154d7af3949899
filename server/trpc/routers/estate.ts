import { estateOutput, overviewOutput } from "#server/contract/wire/estate.ts";
import { permitted, router } from "#server/trpc/init.ts";

export const overviewRouter = router({
  /** What needs a person first, and the counts beside it. */
  get: permitted("estate:read")
    .output(overviewOutput)
    .query(({ ctx }) => ctx.services.estate.overview(ctx.caller)),
});

export const topologyRouter = router({
  /** The configured estate: regions, sources, clusters. */
  get: permitted("estate:read")
    .output(estateOutput)
    .query(({ ctx }) => ctx.services.estate.estate(ctx.caller)),
});
