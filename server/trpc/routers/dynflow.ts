import * as wire from "#server/contract/wire/dynflow.ts";
import { atOnce } from "#server/trpc/at-once.ts";
import { permitted, router } from "#server/trpc/init.ts";

const read = permitted("plans:read");

export const dynflowRouter = router({
  sources: router({
    list: read.output(wire.sourcesOutput).query(({ ctx }) => ctx.services.dynflow.sources(ctx.caller)),
  }),
  plans: router({
    list: read
      .input(wire.plansInput)
      .output(atOnce(wire.plansOutput))
      .query(({ ctx, input }) => ctx.services.dynflow.plans(ctx.caller, input)),
    counts: read
      .input(wire.countsInput)
      .output(wire.countsOutput)
      .query(({ ctx, input }) => ctx.services.dynflow.counts(ctx.caller, input)),
    get: read
      .input(wire.planInput)
      .output(atOnce(wire.planOutput))
      .query(({ ctx, input }) => ctx.services.dynflow.plan(ctx.caller, input)),
    steps: read
      .input(wire.planInput)
      .output(atOnce(wire.stepsOutput))
      .query(({ ctx, input }) => ctx.services.dynflow.steps(ctx.caller, input)),
    /** One step with its action's payloads; masked for viewers. */
    action: read
      .input(wire.actionInput)
      .output(atOnce(wire.actionOutput))
      .query(({ ctx, input }) => ctx.services.dynflow.action(ctx.caller, input)),
    history: read
      .input(wire.planInput)
      .output(atOnce(wire.historyOutput))
      .query(({ ctx, input }) => ctx.services.dynflow.history(ctx.caller, input)),
    /** Asks an executor to resume a paused plan. Answers with how far the request is known to have come. */
    resume: permitted("plans:resume")
      .input(wire.resumeInput)
      .output(wire.resumeOutput)
      .mutation(({ ctx, input }) => ctx.services.dynflow.resume(ctx.caller, input)),
  }),
  worlds: router({
    list: permitted("worlds:read")
      .input(wire.worldsInput)
      .output(wire.worldsOutput)
      .query(({ ctx, input }) => ctx.services.dynflow.worlds(ctx.caller, input)),
    ping: permitted("worlds:ping")
      .input(wire.pingInput)
      .output(wire.pingOutput)
      .mutation(({ ctx, input }) => ctx.services.dynflow.ping(ctx.caller, input)),
  }),
  locks: router({
    list: permitted("locks:read")
      .input(wire.locksInput)
      .output(wire.locksOutput)
      .query(({ ctx, input }) => ctx.services.dynflow.locks(ctx.caller, input)),
  }),
});
