import { configurationOutput } from "#server/contract/wire/admin.ts";
import { architectureOutput } from "#server/contract/wire/admin-architecture.ts";
import { scenarioInput, scenarioOutput } from "#server/contract/wire/demo.ts";
import * as jobs from "#server/contract/wire/jobs.ts";
import { OpsError } from "#server/kernel/errors.ts";
import { permitted, router } from "#server/trpc/init.ts";
import { readersRouter } from "./readers.ts";

const control = permitted("jobs:control").input(jobs.jobControlInput).output(jobs.jobControlOutput);

export const jobsRouter = router({
  list: permitted("jobs:read")
    .output(jobs.jobsOutput)
    .query(({ ctx }) => ctx.services.jobs.list(ctx.caller)),
  get: permitted("jobs:read")
    .input(jobs.jobInput)
    .output(jobs.jobOutput)
    .query(({ ctx, input }) => ctx.services.jobs.get(ctx.caller, input)),
  /** What became of one key or plan in the jobs of its source. */
  ofTarget: permitted("jobs:read")
    .input(jobs.jobsOfTargetInput)
    .output(jobs.jobsOfTargetOutput)
    .query(({ ctx, input }) => ctx.services.jobs.ofTarget(ctx.caller, input)),
  pause: control.mutation(({ ctx, input }) => ctx.services.jobs.pause(ctx.caller, input)),
  resume: control.mutation(({ ctx, input }) => ctx.services.jobs.resume(ctx.caller, input)),
  cancel: control.mutation(({ ctx, input }) => ctx.services.jobs.cancel(ctx.caller, input)),
  /** A new job of the targets on which an ended one had failed. */
  retry: permitted("jobs:control")
    .input(jobs.jobRetryInput)
    .output(jobs.jobRetryOutput)
    .mutation(({ ctx, input }) => ctx.services.jobs.retry(ctx.caller, input)),
});

export const demoRouter = router({
  scenario: permitted("demo:scenario")
    .input(scenarioInput)
    .output(scenarioOutput)
    .mutation(({ ctx, input }) => {
      if (ctx.services.demo === null) throw new OpsError("refused", "Scenarios exist only in the demo");
      return ctx.services.demo.scenario(ctx.caller, input);
    }),
});

export const adminRouter = router({
  configuration: permitted("configuration:read")
    .output(configurationOutput)
    .query(({ ctx }) => ctx.services.admin.configuration(ctx.caller)),
  architecture: permitted("estate:read")
    .output(architectureOutput)
    .query(({ ctx }) => ctx.services.admin.architecture(ctx.caller)),
  readers: readersRouter,
});
