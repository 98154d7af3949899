import * as wire from "#server/contract/wire/attention.ts";
import { permitted, router } from "#server/trpc/init.ts";

export const attentionRouter = router({
  /** Takes a finding on: it is told last, by whose name, until the time is over or it becomes worse. */
  acknowledge: permitted("attention:acknowledge")
    .input(wire.acknowledgeInput)
    .output(wire.acknowledgeOutput)
    .mutation(({ ctx, input }) => ctx.services.attention.acknowledge(ctx.caller, input)),
  /** Lets it go again. */
  release: permitted("attention:acknowledge")
    .input(wire.releaseInput)
    .output(wire.releaseOutput)
    .mutation(({ ctx, input }) => ctx.services.attention.release(ctx.caller, input)),
});

/** What needs a person at one source, or at all that the caller sees, with reason, remedy and who has it. */
export const attentionList = permitted("estate:read")
  .input(wire.attentionInput)
  .output(wire.attentionOutput)
  .query(({ ctx, input }) => ctx.services.attention.list(ctx.caller, input));
