"use client";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useEffect } from "react";
import { operatorFold } from "#components/ui/folds.ts";
import { useIsPast } from "#components/ui/instants.ts";
import { useFold } from "#components/ui/live.ts";
import { useTRPC } from "#components/ui/trpc.ts";
import { dnaStream } from "#server/contract/event.ts";
import type { LiveState } from "#server/contract/live.ts";
import type { CensusView } from "#server/contract/wire/dna-census.ts";

const MOVING_MS = 1_000;
/** A walk that somebody else starts is told by the feed; the list is read again anyway. */
const RESTING_MS = 30_000;

export const isUnderWay = ({ state }: Pick<CensusView, "state">): boolean =>
  state === "running" || state === "waiting" || state === "paused";

/** The walks of one source, and what can be done to them. */
export function useWalks(source: string) {
  const trpc = useTRPC();
  const cache = useQueryClient();
  const past = useIsPast();
  const stream = dnaStream(source);
  const jobs = useFold((state: LiveState) =>
    Object.entries(operatorFold(state.folds).jobs)
      .filter(([, job]) => job.kind === "dna.census" && job.stream === stream)
      .map(([id, job]) => `${id} ${job.state}`)
      .join(),
  );
  const list = useQuery(
    trpc.dna.census.list.queryOptions(
      { source },
      {
        enabled: !past,
        refetchInterval: ({ state }) =>
          state.data?.walks.some(({ state: walk }) => walk === "running" || walk === "waiting")
            ? MOVING_MS
            : RESTING_MS,
      },
    ),
  );
  const again = () => {
    void cache.invalidateQueries(trpc.dna.census.list.queryFilter({ source }));
    void cache.invalidateQueries(trpc.dna.census.estimate.queryFilter({ source }));
  };
  // The feed says first that a walk begins, pauses or ends.
  useEffect(() => {
    if (jobs !== undefined) void cache.invalidateQueries(trpc.dna.census.list.queryFilter({ source }));
  }, [jobs, source, cache, trpc]);
  const start = useMutation(trpc.dna.census.start.mutationOptions({ onSettled: again }));
  const pause = useMutation(trpc.dna.census.pause.mutationOptions({ onSettled: again }));
  const resume = useMutation(trpc.dna.census.resume.mutationOptions({ onSettled: again }));
  const cancel = useMutation(trpc.dna.census.cancel.mutationOptions({ onSettled: again }));
  const walks = list.data?.walks ?? [];
  return {
    list,
    current: walks.find(isUnderWay) ?? null,
    latest: walks[0] ?? null,
    start,
    pause,
    resume,
    cancel,
    error: start.error ?? pause.error ?? resume.error ?? cancel.error,
    busy: start.isPending || pause.isPending || resume.isPending || cancel.isPending,
  };
}
export type Walks = ReturnType<typeof useWalks>;
