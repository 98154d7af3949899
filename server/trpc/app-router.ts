/** The one file of `server/trpc` that the screens may import from, and types only. */
import type { inferRouterInputs, inferRouterOutputs } from "@trpc/server";
import type { appRouter } from "./root.ts";

export type AppRouter = typeof appRouter;
export type Inputs = inferRouterInputs<AppRouter>;
export type Outputs = inferRouterOutputs<AppRouter>;
export type { Permission } from "#server/auth/permissions.ts";
