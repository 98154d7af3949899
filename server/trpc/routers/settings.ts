import { settingsOutput } from "#server/contract/wire/settings.ts";
import { permitted, router } from "#server/trpc/init.ts";

export const settingsRouter = router({
  /** What holds for whoever asks, who may do what, and what this console is. Its configuration is `admin.configuration`. */
  get: permitted("estate:read")
    .output(settingsOutput)
    .query(({ ctx }) => ctx.services.settings.settings(ctx.caller)),
});
