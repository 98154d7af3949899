import * as wire from "#server/contract/wire/haf-stacks.ts";
import { permitted, router } from "#server/trpc/init.ts";

const read = permitted("haf:read");

export const hafRouter = router({
  stacks: router({
    /** Every stack: where in its set-up it stands, how far it is, what wants somebody. */
    list: read.output(wire.hafStacksOutput).query(({ ctx }) => ctx.services.haf.list(ctx.caller)),
    /** One stack in full. */
    get: read
      .input(wire.hafStackInput)
      .output(wire.hafStackOutput)
      .query(({ ctx, input }) => ctx.services.haf.stack(ctx.caller, input)),
  }),
});
