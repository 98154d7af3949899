"use client";
import { keepPreviousData, useQueries, useQuery, useQueryClient } from "@tanstack/react-query";
import { useMemo } from "react";
import { useRefresh } from "#components/plan/use-refresh.ts";
import { useIsPast } from "#components/ui/instants.ts";
import { useFold } from "#components/ui/live.ts";
import { type Outputs, useTRPC } from "#components/ui/trpc.ts";
import { dynflowStream } from "#server/contract/event.ts";
import type { LiveState } from "#server/contract/live.ts";
import { type Count, countsOf, lineNow, type PlanLine, type Source } from "./plan-lines.ts";
import type { Filter, PlansQuery } from "./plans-query.ts";

export const PAGE_ROWS = 100;
/** A list is asked for again only after so many times what it cost the database. */
const REST_FACTOR = 20;
const LIST_EVERY_MS = 2_000;
const COUNTS_EVERY_MS = 10_000;
const LOOK_EVERY_MS = 15_000;

const dynflowOf = (state: LiveState): readonly Source[] =>
  Object.entries(state.folds).flatMap(([stream, fold]) =>
    fold.family === "dynflow" ? [{ id: stream.slice("dynflow:".length), fold, sample: state.samples[stream] }] : [],
  );

/** The Dynflow sources as the feed knows them; `undefined` before the first snapshot. */
export const useSources = (): readonly Source[] | undefined => useFold(dynflowOf);

/** Titles and what each source allows; changes seldom. */
export function useSourceFacts() {
  const trpc = useTRPC();
  return useQuery(trpc.dynflow.sources.list.queryOptions(undefined, { refetchInterval: LOOK_EVERY_MS }));
}

type Page = Outputs["dynflow"]["plans"]["list"];

/** One page of the plans of one source in an order of its database, renewed when its plans change. */
export function usePlanPage(
  source: string,
  query: PlansQuery,
  filter: Filter,
  beside: readonly ("caller" | "failure")[],
) {
  const trpc = useTRPC();
  const cache = useQueryClient();
  const sort = query.sort === "needs" ? "startedAt" : query.sort;
  const { descending, position } = query;
  const input = { source, filter, sort, descending, limit: PAGE_ROWS, from: position, with: [...beside] };
  const page = useQuery(trpc.dynflow.plans.list.queryOptions(input, { placeholderData: keepPreviousData }));
  const marker = useFold((state) => {
    const fold = state.folds[dynflowStream(source)];
    return fold?.family === "dynflow" ? fold.plans : undefined;
  });
  const everyMs = Math.max(LIST_EVERY_MS, (page.data?.tookMs ?? 0) * REST_FACTOR);
  useRefresh(marker, () => void cache.invalidateQueries(trpc.dynflow.plans.list.queryFilter(input)), everyMs);
  return page;
}

/** The rows of an answer as lines. */
export const toLines = (source: string, page: Page, known: Source | undefined): readonly PlanLine[] =>
  page.rows.map((row) => {
    const fed = known === undefined ? null : lineNow([known], source, row.id);
    // The feed may be a moment behind the database: of another state it tells nothing.
    const now = fed?.state === row.state ? fed : null;
    const more = { world: now?.world ?? null, note: now?.note ?? null, since: now?.since ?? null };
    return { ...row, ...more, source, caller: row.caller ?? null };
  });

export interface Counts {
  /** `undefined` while none is known. */
  readonly counts: readonly Count[] | undefined;
  /** Sources whose counts are missing or old. */
  readonly missing: readonly string[];
  /** Of these, those where counting took too long and was given up. */
  readonly tooSlow: readonly string[];
}

/**
 * How many plans the sources have in each state and result within a filter. Of the past: of the unfinished ones, from the
 * fold; how many had stopped is kept nowhere.
 */
export function useCounts(sources: readonly string[], filter: Filter, enabled = true): Counts {
  const past = useIsPast();
  const known = useSources();
  const now = useCountsNow(sources, filter, enabled && !past);
  if (!past) return now;
  if (known === undefined) return { counts: undefined, missing: [], tooSlow: [] };
  const shown = known.filter(({ id }) => sources.includes(id));
  return { counts: countsOf(shown, filter), missing: [], tooSlow: [] };
}

function useCountsNow(sources: readonly string[], filter: Filter, enabled: boolean): Counts {
  const trpc = useTRPC();
  const results = useQueries({
    queries: sources.map((source) =>
      trpc.dynflow.plans.counts.queryOptions(
        { source, filter },
        { enabled, refetchInterval: COUNTS_EVERY_MS, staleTime: LIST_EVERY_MS },
      ),
    ),
  });
  const known = results.flatMap(({ data }) => data?.counts ?? []);
  const tooSlow = sources.filter((_, index) => results[index]?.data?.tooSlow === true);
  const missing = sources.filter((id, index) => results[index]?.error != null || tooSlow.includes(id));
  const ready = results.length > 0 && results.some(({ data }) => data !== undefined);
  return { counts: ready ? known : undefined, missing, tooSlow };
}

/** Renews all counts when the plans of a source change. */
export function useCountsFollow(sources: readonly Source[] | undefined): void {
  const trpc = useTRPC();
  const cache = useQueryClient();
  const marker = useMemo(() => sources?.map(({ fold }) => fold.plans), [sources]);
  useRefresh(marker, () => void cache.invalidateQueries(trpc.dynflow.plans.counts.pathFilter()), COUNTS_EVERY_MS);
}
