"use client";
import { type InfiniteData, useInfiniteQuery, useQuery, useQueryClient } from "@tanstack/react-query";
import { useMemo } from "react";
import { useRefresh } from "#components/plan/use-refresh.ts";
import { useFold } from "#components/ui/live.ts";
import { useTRPC, useTRPCClient } from "#components/ui/trpc.ts";
import { actorTarget, parseActorSubject } from "#server/contract/actor-key.ts";
import { dnaStream } from "#server/contract/event.ts";
import type { HistoryOutput, Thing } from "#server/contract/wire/journal.ts";
import { type JobOutcome, timelineRows } from "./timeline-rows.ts";

const PAGE_EVENTS = 50;
const NEWS_EVERY_MS = 3_000;
const NO_OUTCOMES: readonly JobOutcome[] = [];

/** Everything that was seen of one thing and done to it, page by page into the past; news come as the feed moves. */
export function useHistory(thing: Thing) {
  const trpc = useTRPC();
  const client = useTRPCClient();
  const cache = useQueryClient();
  const { queryKey = [] } = trpc.journal.history.pathFilter();
  const key = [...queryKey, thing];
  const pages = useInfiniteQuery<
    HistoryOutput,
    Error,
    InfiniteData<HistoryOutput, string | null>,
    readonly unknown[],
    string | null
  >({
    queryKey: key,
    queryFn: ({ pageParam, signal }) =>
      client.journal.history.query({ thing, limit: PAGE_EVENTS, cursor: pageParam }, { signal }),
    initialPageParam: null,
    getNextPageParam: (page) => page.nextCursor,
  });
  const asked = jobTargetOf(thing);
  const jobs = useQuery(trpc.jobs.ofTarget.queryOptions(asked ?? NO_TARGET, { enabled: asked !== null }));
  const cursor = useFold((state) => state.cursor);
  useRefresh(
    cursor,
    () => {
      void cache.invalidateQueries({ queryKey: key });
      void cache.invalidateQueries(trpc.jobs.ofTarget.queryFilter(asked ?? NO_TARGET));
    },
    NEWS_EVERY_MS,
  );
  const outcomes = jobs.data?.outcomes ?? NO_OUTCOMES;
  const rows = useMemo(
    () => timelineRows(pages.data?.pages ?? [], outcomes, !pages.hasNextPage),
    [pages.data, outcomes, pages.hasNextPage],
  );
  return { pages, rows, jobs: asked === null ? null : jobs, horizon: pages.data?.pages[0]?.horizon ?? null };
}

const NO_TARGET = { stream: "dna:", target: "-" };

/** The key as the jobs of its source know it; `null` = jobs do nothing to such a thing. */
function jobTargetOf({ type, source, id }: Thing): { readonly stream: string; readonly target: string } | null {
  const key = type === "actor" ? parseActorSubject(id) : null;
  return key === null || source === null ? null : { stream: dnaStream(source), target: actorTarget(key) };
}
