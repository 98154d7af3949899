import * as wire from "#server/contract/wire/alerts.ts";
import { permitted, router } from "#server/trpc/init.ts";

export const alertsRouter = router({
  /** Whom findings are told, and how that goes. */
  list: permitted("alerts:read")
    .output(wire.alertsOutput)
    .query(({ ctx }) => ctx.services.alerts.list(ctx.caller)),
  /** Findings of a kind, of a source, or one of them are told to nobody for a while; the screens show them as before. */
  silence: permitted("alerts:silence")
    .input(wire.silenceInput)
    .output(wire.silenceOutput)
    .mutation(({ ctx, input }) => ctx.services.alerts.silence(ctx.caller, input)),
  unsilence: permitted("alerts:silence")
    .input(wire.unsilenceInput)
    .output(wire.unsilenceOutput)
    .mutation(({ ctx, input }) => ctx.services.alerts.unsilence(ctx.caller, input)),
  /** Sends a message that says it is a test. */
  test: permitted("alerts:test")
    .input(wire.alertTestInput)
    .output(wire.alertTestOutput)
    .mutation(({ ctx, input }) => ctx.services.alerts.test(ctx.caller, input)),
});
