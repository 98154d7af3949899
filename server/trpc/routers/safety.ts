import * as wire from "#server/contract/wire/safety.ts";
import { permitted, router } from "#server/trpc/init.ts";

export const safetyRouter = router({
  /** Whether anything may be sent at all, and what a whole-node action takes. */
  get: permitted("estate:read")
    .output(wire.safetyOutput)
    .query(({ ctx }) => ctx.services.safety.status()),
  readOnly: router({
    /** The brake: from now on nothing is sent to any system, by anybody. */
    set: permitted("safety:read-only")
      .input(wire.readOnlyInput)
      .output(wire.readOnlyOutput)
      .mutation(({ ctx, input }) => ctx.services.safety.setReadOnly(ctx.caller, input)),
    lift: permitted("safety:allow-acting")
      .input(wire.readOnlyInput)
      .output(wire.readOnlyOutput)
      .mutation(({ ctx, input }) => ctx.services.safety.liftReadOnly(ctx.caller, input)),
  }),
  approvals: router({
    /** Asks a second person to agree to one whole-node action. */
    ask: permitted("safety:approve")
      .input(wire.askInput)
      .output(wire.askOutput)
      .mutation(({ ctx, input }) => ctx.services.safety.ask(ctx.caller, input)),
    decide: permitted("safety:approve")
      .input(wire.decideInput)
      .output(wire.decideOutput)
      .mutation(({ ctx, input }) => ctx.services.safety.decide(ctx.caller, input)),
  }),
});
