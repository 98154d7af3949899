import { z } from "zod";
import { loginInput, sessionOutput } from "#server/contract/wire/session.ts";
import { open, router } from "#server/trpc/init.ts";

export const sessionRouter = router({
  /** Who is logged in, what they may do, what console this is. */
  get: open.output(sessionOutput).query(({ ctx }) => ctx.services.session.describe(ctx.principal)),
  /** Exchanges a token for a sealed cookie; limited in rate. */
  login: open
    .input(loginInput)
    .output(sessionOutput)
    .mutation(async ({ ctx, input }) => ctx.services.session.describe(await ctx.cookie.login(input.token))),
  /** Ends the session, its cookie and its live streams. */
  logout: open.output(z.object({ done: z.literal(true) })).mutation(async ({ ctx }) => {
    await ctx.cookie.logout();
    return { done: true as const };
  }),
});
