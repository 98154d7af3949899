"use client";
import { type InfiniteData, useInfiniteQuery, useQuery, useQueryClient } from "@tanstack/react-query";
import { useMemo, useState } from "react";
import { useRefresh } from "#components/plan/use-refresh.ts";
import { useInstants } from "#components/ui/instants.ts";
import { useFold } from "#components/ui/live.ts";
import { type Outputs, useTRPC, useTRPCClient } from "#components/ui/trpc.ts";
import type { JournalEvent } from "#server/contract/event.ts";
import { toIso } from "#server/kernel/clock.ts";
import { filterOf, type JournalQuery } from "./journal-query.ts";

const PAGE_EVENTS = 100;
const NEWS_EVENTS = 200;
const NEWS_EVERY_MS = 1_000;

type Page = Outputs["journal"]["range"];
const NO_PAGES: readonly Page[] = [];

/** Newest first, page by page into the past; news come on top as the feed moves, unless they are held back. */
export function useJournal(query: JournalQuery, hold: boolean) {
  const trpc = useTRPC();
  const client = useTRPCClient();
  const cache = useQueryClient();
  const shown = useInstants().at;
  const chosen = filterOf(query);
  // As of an instant nothing later was known.
  const filter = { ...chosen, to: chosen.to ?? (shown === null ? null : toIso(shown)) };
  const { queryKey = [] } = trpc.journal.range.pathFilter();
  const pagesKey = [...queryKey, "pages", filter];
  const pages = useInfiniteQuery<Page, Error, InfiniteData<Page, string | null>, readonly unknown[], string | null>({
    queryKey: pagesKey,
    queryFn: ({ pageParam, signal }) =>
      client.journal.range.query({ ...filter, limit: PAGE_EVENTS, cursor: pageParam }, { signal }),
    initialPageParam: null,
    getNextPageParam: (page) => page.nextCursor,
    // What is in the journal does not change; only news are asked for.
    staleTime: Number.POSITIVE_INFINITY,
  });
  const known = pages.data?.pages ?? NO_PAGES;
  const newest = known[0]?.events[0]?.observedAt ?? null;
  const newsFilter = { ...filter, limit: NEWS_EVENTS, from: newest === null ? filter.from : toIso(newest) };
  const news = useQuery(
    trpc.journal.range.queryOptions(newsFilter, {
      enabled: known.length > 0 && filter.to === null,
      staleTime: Number.POSITIVE_INFINITY,
    }),
  );
  const cursor = useFold((state) => state.cursor);
  useRefresh(
    cursor,
    () => {
      // More news than fit in one answer would leave a hole: then all of it is read anew.
      if (news.data !== undefined && news.data.nextCursor !== null) void cache.resetQueries({ queryKey: pagesKey });
      else void cache.invalidateQueries(trpc.journal.range.queryFilter(newsFilter));
    },
    NEWS_EVERY_MS,
  );
  const all = useMemo(() => joined(news.data?.events ?? [], known), [news.data, known]);
  const [top, setTop] = useState<string | null>(null);
  const newestId = all[0]?.id ?? null;
  // Held: the list begins where it began when the reader went down.
  if (!hold && top !== newestId) setTop(newestId);
  const at =
    hold && top !== null
      ? Math.max(
          0,
          all.findIndex(({ id }) => id === top),
        )
      : 0;
  const events = useMemo(() => (at === 0 ? all : all.slice(at)), [all, at]);
  return { pages, events, filter, held: at, horizon: known.at(-1)?.horizon ?? null };
}

/** News on top of the pages, each event once. */
export function joined(
  news: readonly JournalEvent[],
  pages: readonly { readonly events: readonly JournalEvent[] }[],
): readonly JournalEvent[] {
  const seen = new Set<string>();
  return [...news, ...pages.flatMap((page) => page.events)].filter(({ id }) => {
    if (seen.has(id)) return false;
    seen.add(id);
    return true;
  });
}
