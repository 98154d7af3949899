import * as wire from "#server/contract/wire/admin-readers.ts";
import { permitted, router } from "#server/trpc/init.ts";

/** The parts of the console that act on their own. */
export const readersRouter = router({
  list: permitted("estate:read")
    .output(wire.readersOutput)
    .query(({ ctx }) => ctx.services.readers.readers(ctx.caller)),
  restart: permitted("readers:restart")
    .input(wire.readerRestartInput)
    .output(wire.readerRestartOutput)
    .mutation(({ ctx, input }) => ctx.services.readers.restartReader(ctx.caller, input)),
});
