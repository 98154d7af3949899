"use client";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useTRPC } from "#components/ui/trpc.ts";
import type { CensusOutput } from "#server/contract/wire/dna.ts";

const EVERY_MS = 1_000;

/** It is under way, or stands still and may go on. */
export const isOpen = ({ state }: Pick<CensusOutput, "state">): boolean =>
  state === "running" || state === "waiting" || state === "paused";

export interface Census {
  /** The walk that this page started or found under way; `null` = none. */
  readonly walk: CensusOutput | null;
  readonly error: unknown;
  readonly busy: boolean;
  start(): void;
  cancel(): void;
}

/**
 * Counts the keys of one incarnation: starts a walk, follows it, cancels it.
 *
 * @param found a walk that is known from elsewhere (the preview of a failover)
 */
export function useCensus(source: string, incarnation: string, found: CensusOutput | null): Census {
  const trpc = useTRPC();
  const cache = useQueryClient();
  const [startedId, setStartedId] = useState<string | null>(null);
  const censusId = startedId ?? (found !== null && isOpen(found) ? found.censusId : null);
  const query = useQuery(
    trpc.dna.census.get.queryOptions(
      { source, censusId: censusId ?? "" },
      {
        enabled: censusId !== null,
        refetchInterval: ({ state }) => (state.data === undefined || isOpen(state.data) ? EVERY_MS : false),
      },
    ),
  );
  const settled = () => void cache.invalidateQueries(trpc.dna.failover.preview.queryFilter({ source, incarnation }));
  const start = useMutation(
    trpc.dna.census.start.mutationOptions({ onSuccess: (walk) => setStartedId(walk.censusId), onSettled: settled }),
  );
  const cancel = useMutation(trpc.dna.census.cancel.mutationOptions({ onSettled: () => void query.refetch() }));
  return {
    walk: query.data ?? start.data ?? found,
    error: start.error ?? cancel.error ?? query.error,
    busy: start.isPending || cancel.isPending,
    start: () => start.mutate({ source, incarnation }),
    cancel: () => {
      if (censusId !== null) cancel.mutate({ source, censusId });
    },
  };
}
