"use client";
import { useQuery } from "@tanstack/react-query";
import type { EstateOutput } from "#server/contract/wire/estate.ts";
import { useTRPC } from "./trpc.ts";

/** What is configured: it changes only with a restart of the console. */
const STALE_AFTER_MS = 300_000;

/** Regions, sources and clusters as configured; `undefined` until read. */
export function useEstate(): EstateOutput | undefined {
  return useQuery(useTRPC().topology.get.queryOptions(undefined, { staleTime: STALE_AFTER_MS })).data;
}
