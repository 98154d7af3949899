"use client";
import { createTRPCContext } from "@trpc/tanstack-react-query";
import type { AppRouter } from "#server/trpc/app-router.ts";

/** Typed access to every procedure: `useQuery(useTRPC().jobs.list.queryOptions())`. */
export const { TRPCProvider, useTRPC, useTRPCClient } = createTRPCContext<AppRouter>();
export type { Inputs, Outputs } from "#server/trpc/app-router.ts";
