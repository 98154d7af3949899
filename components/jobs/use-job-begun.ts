"use client";
import { useQueryClient } from "@tanstack/react-query";
import { useAddress } from "#components/ui/address.ts";
import { routes } from "#components/ui/routes.ts";
import { useTRPC } from "#components/ui/trpc.ts";

/** What every dialog does once its job has begun: the lists of jobs are read again, and the job is opened. */
export function useJobBegun(): (jobId: string) => void {
  const trpc = useTRPC();
  const cache = useQueryClient();
  const { go } = useAddress();
  return (jobId) => {
    void cache.invalidateQueries(trpc.jobs.pathFilter());
    go(routes.job(jobId));
  };
}
