"use client";
import { useQueries, useQuery } from "@tanstack/react-query";
import { useIsPast } from "#components/ui/instants.ts";
import { useTRPC } from "#components/ui/trpc.ts";
import type { OrphansOutput, WorldView } from "#server/contract/wire/dynflow-worlds.ts";

const WORLDS_EVERY_MS = 5_000;
const ENVELOPES_EVERY_MS = 3_000;
const ORPHANS_EVERY_MS = 10_000;
const PROBE_EVERY_MS = 1_000;

/** What the feed does not tell of the worlds of one source: meta, status, the age of the last sign of life. */
export function useWorldView(source: string, worldId: string): WorldView | undefined {
  const past = useIsPast();
  const trpc = useTRPC();
  const query = useQuery(
    trpc.dynflow.worlds.list.queryOptions({ source }, { enabled: !past, refetchInterval: WORLDS_EVERY_MS }),
  );
  return past ? undefined : query.data?.worlds.find(({ id }) => id === worldId);
}

/** What waits in the inboxes of one source; read only while it is looked at. */
export function useEnvelopes(source: string, receiverId: string | null) {
  const past = useIsPast();
  const trpc = useTRPC();
  return useQuery(
    trpc.dynflow.envelopes.list.queryOptions(
      { source, receiverId },
      { enabled: !past, refetchInterval: ENVELOPES_EVERY_MS },
    ),
  );
}

export interface Orphan {
  readonly source: string;
  readonly lock: OrphansOutput["orphans"][number];
}

/** Locks that are left over, of all these sources. */
export function useOrphans(sources: readonly string[]): readonly Orphan[] {
  const past = useIsPast();
  const trpc = useTRPC();
  const queries = useQueries({
    queries: sources.map((source) =>
      trpc.dynflow.locks.orphans.queryOptions({ source }, { enabled: !past, refetchInterval: ORPHANS_EVERY_MS }),
    ),
  });
  if (past) return [];
  return queries.flatMap(({ data }, index) => {
    const source = sources[index];
    return source === undefined ? [] : (data?.orphans ?? []).map((lock) => ({ source, lock }));
  });
}

/** What an invalidation would do now, and how far the two pings have come. */
export function useInvalidation(source: string, worldId: string) {
  const trpc = useTRPC();
  return useQuery(
    trpc.dynflow.worlds.invalidatePreview.queryOptions({ source, worldId }, { refetchInterval: PROBE_EVERY_MS }),
  );
}
