import * as journal from "#server/contract/wire/journal.ts";
import { permitted, router } from "#server/trpc/init.ts";

const reading = permitted("journal:read");

export const journalRouter = router({
  range: reading
    .input(journal.rangeInput)
    .output(journal.rangeOutput)
    .query(({ ctx, input }) => ctx.services.journal.range(ctx.caller, input)),
  stateAt: reading
    .input(journal.stateAtInput)
    .output(journal.stateAtOutput)
    .query(({ ctx, input }) => ctx.services.journal.stateAt(ctx.caller, input)),
  events: reading
    .input(journal.eventsInput)
    .output(journal.eventsOutput)
    .query(({ ctx, input }) => ctx.services.journal.events(ctx.caller, input)),
  marks: reading
    .input(journal.marksInput)
    .output(journal.marksOutput)
    .query(({ ctx, input }) => ctx.services.journal.marks(ctx.caller, input)),
  step: reading
    .input(journal.stepInput)
    .output(journal.stepOutput)
    .query(({ ctx, input }) => ctx.services.journal.step(ctx.caller, input)),
  history: reading
    .input(journal.historyInput)
    .output(journal.historyOutput)
    .query(({ ctx, input }) => ctx.services.journal.history(ctx.caller, input)),
  around: reading
    .input(journal.aroundInput)
    .output(journal.aroundOutput)
    .query(({ ctx, input }) => ctx.services.journal.around(ctx.caller, input)),
});
