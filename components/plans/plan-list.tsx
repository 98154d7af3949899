"use client";
import { useMemo, useState } from "react";
import { useAddress } from "#components/ui/address.ts";
import { plural } from "#components/ui/format.ts";
import { useIsPast } from "#components/ui/instants.ts";
import { useNow } from "#components/ui/live.ts";
import { onDemand } from "#components/ui/on-demand.tsx";
import { routes } from "#components/ui/routes.ts";
import { useTRPCClient } from "#components/ui/trpc.ts";
import { Empty, Skeleton } from "#components/ui/widget.tsx";
import { BulkBar } from "./bulk-bar.tsx";
import { ColumnMenu } from "./column-menu.tsx";
import { useColumns } from "./columns.ts";
import { ExportMenu } from "./export-menu.tsx";
import { FilterBar } from "./filter-bar.tsx";
import { findPlan, findText } from "./find-plan.ts";
import { NothingFound } from "./nothing-found.tsx";
import { needsFirst, type PlanLine, type Source } from "./plan-lines.ts";
import { PlanRows } from "./plan-rows.tsx";
import { ANY_PLAN, beyondFeed, isSearch, type PlansQuery, parsePlanId, toFilter } from "./plans-query.ts";
import { ServerPlans } from "./server-plans.tsx";
import { StateChips } from "./state-chips.tsx";
import { type Counts, useCounts } from "./use-plans.ts";
import { useSelection } from "./use-selection.ts";

const FilterPanel = onDemand(async () => (await import("./filter-panel.tsx")).FilterPanel);
const SearchPlans = onDemand(async () => (await import("./search-plans.tsx")).SearchPlans);

const MINUTE_MS = 60_000;
const EVERYTHING = toFilter(ANY_PLAN, 0);

interface PlanListProps {
  readonly sources: readonly Source[];
  readonly titles: ReadonlyMap<string, string>;
  readonly query: PlansQuery;
  readonly onQuery: (query: PlansQuery, how: { readonly replace: boolean }) => void;
}

/** What is looked for, how many there are, and the rows: from the feed, from the database, or found plan by plan. */
export function PlanList({ sources, titles, query, onQuery }: PlanListProps) {
  const [panel, setPanel] = useState(false);
  const [sliced, setSliced] = useState<string | null>(null);
  const [asked, setAsked] = useState<string | null>(null);
  const nowMs = Math.floor((useNow() ?? 0) / MINUTE_MS) * MINUTE_MS;
  const past = useIsPast();
  const columns = useColumns(query);
  const live = past || query.sort === "needs";
  const ids = sources.map(({ id }) => id);
  const shownSource = live ? query.source : (query.source ?? ids[0] ?? null);
  const shown = shownSource === null ? ids : [shownSource];
  const filter = useMemo(() => toFilter(query, nowMs), [query, nowMs]);
  const loose = useMemo(() => toFilter({ ...query, states: [], results: [] }, nowMs), [query, nowMs]);
  const narrowed = JSON.stringify(loose) !== JSON.stringify(EVERYTHING);
  const within = useCounts(shown, loose, nowMs > 0);
  const total = useCounts(shown, EVERYTHING, nowMs > 0);
  const selection = useSelection();
  const [onlySource] = shown;
  const source = shown.length === 1 ? (onlySource ?? null) : null;
  const matching = matchingOf(within, query);
  const enter = useEnter(sources, shown, query, onQuery);
  const set = (part: Partial<PlansQuery>) =>
    onQuery({ ...query, position: null, row: null, ...part }, { replace: false });
  const question = JSON.stringify([filter, query.error, query.input, query.action, query.ran]);
  const empty = <NothingFound query={query} sources={shown} total={total} nowMs={nowMs} />;
  const rows = (lines: readonly PlanLine[], list: string) => (
    <PlanRows
      lines={lines}
      sources={sources}
      query={query}
      columns={columns.shown}
      list={list}
      onQuery={onQuery}
      selection={selection}
    />
  );
  return (
    <>
      <FilterBar
        query={query}
        sources={ids.map((id) => ({ id, title: titles.get(id) ?? id }))}
        shownSource={shownSource}
        onChange={onQuery}
        onEnter={(text) => void enter.open(text)}
      >
        <span className="q-more">
          <button type="button" className="btn" aria-expanded={panel} onClick={() => setPanel(!panel)}>
            Filters
          </button>
          <ColumnMenu
            shown={columns.shown}
            isUsual={columns.isUsual}
            onChoose={(chosen) => {
              if (columns.ofLink) onQuery({ ...query, columns: chosen }, { replace: true });
              else columns.choose(chosen);
            }}
            onLink={columns.ofLink ? null : () => onQuery({ ...query, columns: columns.shown }, { replace: true })}
          />
          {!past && source !== null && !isSearch(query) && (
            <ExportMenu
              source={source}
              filter={filter}
              sort={query.sort === "needs" ? "startedAt" : query.sort}
              descending={query.sort === "needs" || query.descending}
              matching={matching}
            />
          )}
        </span>
      </FilterBar>
      {panel && (
        <FilterPanel
          query={query}
          worlds={worldsOf(sources, shown)}
          onChange={(part) => {
            set(part);
            const next = { ...query, ...part };
            setAsked(JSON.stringify([toFilter(next, nowMs), next.error, next.input, next.action, next.ran]));
          }}
        />
      )}
      {enter.notFound !== null && (
        <p className="warn small" role="status">
          No source has a plan <span className="mono">{enter.notFound}</span>.
        </p>
      )}
      {past && beyondFeed(query).length > 0 && (
        <p className="warn small" role="status">
          Not known of the past, and left out: {beyondFeed(query).join(", ")}.
        </p>
      )}
      <StateChips
        query={query}
        within={within}
        total={total}
        narrowed={narrowed}
        onChange={(next) => onQuery(next, { replace: false })}
      />
      <BulkBar selection={selection} source={isSearch(query) ? null : source} filter={filter} matching={matching} />
      {live ? (
        <LivePlans sources={sources} shown={shown} filter={filter} nowMs={nowMs} empty={empty}>
          {(lines) => rows(lines, `feed ${JSON.stringify([shown, filter])}`)}
        </LivePlans>
      ) : nowMs === 0 ? (
        <Skeleton rows={12} columns={8} what="plans" />
      ) : shownSource === null || !ids.includes(shownSource) ? (
        <Empty title={`No source is called ${shownSource ?? ""}.`} />
      ) : isSearch(query) || sliced === question ? (
        <SearchPlans
          source={shownSource}
          query={query}
          filter={filter}
          within={matching}
          all={sumOf(total)}
          asked={asked === question}
        >
          {(lines) => rows(lines, `search ${question}`)}
        </SearchPlans>
      ) : (
        <ServerPlans
          source={shownSource}
          known={sources.find(({ id }) => id === shownSource)}
          query={query}
          filter={filter}
          columns={columns.shown}
          matching={matching}
          onQuery={onQuery}
          onSliceBySlice={() => setSliced(question)}
          empty={empty}
        >
          {rows}
        </ServerPlans>
      )}
    </>
  );
}

/** Plans of the states and results that are looked for; `undefined` = not known, which is not the same as none. */
function matchingOf({ counts, missing }: Counts, { states, results }: PlansQuery): number | undefined {
  if (missing.length > 0) return undefined;
  return counts
    ?.filter(({ state }) => states.length === 0 || states.includes(state))
    .filter(({ result }) => results.length === 0 || results.includes(result))
    .reduce((sum, { count }) => sum + count, 0);
}

const sumOf = ({ counts, missing }: Counts): number | undefined =>
  missing.length > 0 ? undefined : counts?.reduce((sum, { count }) => sum + count, 0);

function worldsOf(sources: readonly Source[], shown: readonly string[]) {
  return sources
    .filter(({ id }) => shown.includes(id))
    .flatMap(({ fold }) =>
      Object.entries(fold.worlds)
        .filter(([, world]) => world.executor)
        .map(([id, { hostname }]) => ({ id, title: `${hostname ?? "world"} ${id.slice(0, 4)}…${id.slice(-4)}` })),
    );
}

/** Enter in the search box: the plan of an id, or the only one that a text finds, in whatever state, is opened. */
function useEnter(
  sources: readonly Source[],
  shown: readonly string[],
  query: PlansQuery,
  onQuery: PlanListProps["onQuery"],
) {
  const { go } = useAddress();
  const client = useTRPCClient();
  const past = useIsPast();
  const [notFound, setNotFound] = useState<string | null>(null);
  return {
    notFound,
    async open(text: string): Promise<void> {
      setNotFound(null);
      const planId = parsePlanId(text);
      if (planId !== null) {
        const source = await findPlan(client, sources, planId);
        if (source === null) setNotFound(planId);
        else go(routes.plan(source, planId));
        return;
      }
      if (past || /^\*|\*$/.test(text)) return;
      const { only, any } = await findText(client, shown, text);
      if (only !== null) go(routes.plan(only.source, only.planId));
      // Several, perhaps none of them unfinished: then they are shown all the same.
      else if (any && query.states.length > 0 && !hasLive(sources, query, text))
        onQuery({ ...query, text, states: [], sort: "startedAt", position: null, row: null }, { replace: true });
    },
  };
}

const hasLive = (sources: readonly Source[], query: PlansQuery, text: string): boolean =>
  needsFirst(sources, toFilter({ ...query, text }, 0)).length > 0;

interface LivePlansProps {
  readonly sources: readonly Source[];
  readonly shown: readonly string[];
  readonly filter: ReturnType<typeof toFilter>;
  readonly nowMs: number;
  readonly empty: React.ReactNode;
  readonly children: (lines: readonly PlanLine[]) => React.ReactNode;
}

/** Straight from the feed: nothing is asked for, and nothing is late. */
function LivePlans({ sources, shown, filter, nowMs, empty, children }: LivePlansProps) {
  const past = useIsPast();
  const key = shown.join();
  const lines = useMemo(
    () =>
      needsFirst(
        sources.filter(({ id }) => key.split(",").includes(id)),
        filter,
        nowMs,
      ),
    [sources, key, filter, nowMs],
  );
  return (
    <>
      {lines.length === 0 ? empty : children(lines)}
      <p className="page-foot small t3">
        <span>
          {plural(lines.length, "plan")}, what needs a person first, then the oldest; {past ? "as of then" : "live"}
        </span>
        <span className="push p2">J K to move, Enter to open, X to select, R to resume, / to find</span>
      </p>
    </>
  );
}
