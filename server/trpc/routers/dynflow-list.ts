import * as wire from "#server/contract/wire/dynflow.ts";
import * as search from "#server/contract/wire/dynflow-search.ts";
import { atOnce } from "#server/trpc/at-once.ts";
import { permitted } from "#server/trpc/init.ts";

const read = permitted("plans:read");

/** The list of plans: part of `dynflow.plans`. */
export const dynflowListProcedures = {
  list: read
    .input(wire.plansInput)
    .output(atOnce(wire.plansOutput))
    .query(({ ctx, input }) => ctx.services.dynflowList.plans(ctx.caller, input)),
  counts: read
    .input(wire.countsInput)
    .output(wire.countsOutput)
    .query(({ ctx, input }) => ctx.services.dynflowList.counts(ctx.caller, input)),
  /** A part of a search for classes of actions and worlds, slice by slice; whoever asked goes on from `next`. */
  search: read
    .input(search.searchInput)
    .output(atOnce(search.searchOutput))
    .query(({ ctx, input, signal }) => ctx.services.dynflowList.search(ctx.caller, input, signal)),
  /** The same for text in errors and inputs, which are masked for viewers. */
  searchText: permitted("plans:search-text")
    .input(search.searchTextInput)
    .output(atOnce(search.searchOutput))
    .query(({ ctx, input, signal }) => ctx.services.dynflowList.searchText(ctx.caller, input, signal)),
};
