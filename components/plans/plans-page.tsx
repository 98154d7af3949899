"use client";
import { useMemo, useState } from "react";
import { useAddress } from "#components/ui/address.ts";
import { Crumbs } from "#components/ui/crumbs.tsx";
import { plural } from "#components/ui/format.ts";
import { Glyph } from "#components/ui/glyph.tsx";
import { useIsPast } from "#components/ui/instants.ts";
import { useKeys } from "#components/ui/keys.tsx";
import { useFold, useNow } from "#components/ui/live.ts";
import { NotKnownStreams, OnlyNow, useNotKnown } from "#components/ui/not-known.tsx";
import { routes } from "#components/ui/routes.ts";
import { useRowCursor } from "#components/ui/row-cursor.ts";
import { PageHead } from "#components/ui/section.tsx";
import { useRefusal } from "#components/ui/session.ts";
import { Age, Instant } from "#components/ui/time.tsx";
import { useTRPCClient } from "#components/ui/trpc.ts";
import { Empty, Failure, Skeleton } from "#components/ui/widget.tsx";
import { dynflowStream, OPERATOR_STREAM } from "#server/contract/event.ts";
import { OPERATION_PHASES, type OperationPhase } from "#server/contract/fold/operator.ts";
import type { LiveState } from "#server/contract/live.ts";
import { BulkBar } from "./bulk-bar.tsx";
import { FilterBar } from "./filter-bar.tsx";
import { findPlan } from "./find-plan.ts";
import { NothingFound } from "./nothing-found.tsx";
import { needsFirst, type PlanLine, type Source } from "./plan-lines.ts";
import { keyOf, PlanTable, type RowOperation } from "./plan-table.tsx";
import { type PlansQuery, parseQuery, toFilter, toPlace } from "./plans-query.ts";
import { ResumeFromList } from "./resume-from-list.tsx";
import { ServerPlans } from "./server-plans.tsx";
import { StateChips } from "./state-chips.tsx";
import { useCounts, useCountsFollow, useSourceFacts, useSources } from "./use-plans.ts";
import { type Selection, useSelection } from "./use-selection.ts";
import "#components/plan/plan.css";
import "./plans.css";

/** Reads are every two seconds; twice that is no longer fresh. */
const READ_EVERY_MS = 2_000;
const MINUTE_MS = 60_000;

/** The plans of all sources: unfinished ones live from the feed, all of them in every order from the database. */
export function PlansPage() {
  const { search, go } = useAddress();
  const query = useMemo(() => parseQuery(search), [search]);
  const sources = useSources();
  const facts = useSourceFacts();
  const unknown = useNotKnown("dynflow").length;
  useCountsFollow(sources);
  return (
    <div className="page">
      <Crumbs path={[{ text: "Plans" }]} />
      <PageHead title="Plans" sub={sources === undefined ? "reading…" : <SourceWords sources={sources} />} />
      <NotKnownStreams families={["dynflow"]} />
      <OnlyNow>
        Plans that had stopped by then: the database tells of them as they are now. Shown are the unfinished.
      </OnlyNow>
      {sources === undefined ? (
        facts.error === null ? (
          <Skeleton rows={12} columns={8} what="plans" />
        ) : (
          <Failure title="Cannot read the sources" error={facts.error} onRetry={() => facts.refetch()} />
        )
      ) : sources.length === 0 && unknown > 0 ? null : sources.length === 0 ? (
        <Empty title="No Dynflow source is configured.">
          Add one under <span className="mono">dynflow:</span> in the configuration.
        </Empty>
      ) : (
        <PlanList
          sources={sources}
          titles={new Map(facts.data?.sources.map(({ id, title }) => [id, title]))}
          query={query}
          onQuery={(next, { replace }) => go(routes.plans(toPlace(next)), { replace })}
        />
      )}
    </div>
  );
}

/** What needs somebody, and how old each source's word is. */
function SourceWords({ sources }: { readonly sources: readonly Source[] }) {
  const past = useIsPast();
  const paused = sources.flatMap(({ fold }) => Object.values(fold.plans)).filter((plan) => plan.state === "paused");
  return (
    <>
      {paused.length > 0 && `${plural(paused.length, "plan")} paused. `}
      {sources.map(({ id, fold, sample }, index) => {
        const unfinished = Object.keys(fold.plans).length;
        return fold.source.state === "down" ? (
          <span key={id} className="nowrap">
            {index > 0 && " "}
            <span className="t-failed tone">
              <Glyph tone="failed" /> <bdi>{id}</bdi> is down:
            </span>{" "}
            its {plural(unfinished, "unfinished plan")} as of <Instant at={fold.source.since} />
          </span>
        ) : (
          <span key={id} className="nowrap">
            {index > 0 && ", "}
            <bdi>{id}</bdi>{" "}
            {past ? (
              "as it was known then"
            ) : fold.source.state === "starting" ? (
              "is being read"
            ) : (
              <>
                as of <Age at={sample?.asOf ?? null} everyMs={READ_EVERY_MS} />
              </>
            )}
          </span>
        );
      })}
    </>
  );
}

interface PlanListProps {
  readonly sources: readonly Source[];
  readonly titles: ReadonlyMap<string, string>;
  readonly query: PlansQuery;
  readonly onQuery: (query: PlansQuery, how: { readonly replace: boolean }) => void;
}

function PlanList({ sources, titles, query, onQuery }: PlanListProps) {
  const { go } = useAddress();
  const client = useTRPCClient();
  const [notFound, setNotFound] = useState<string | null>(null);
  const nowMs = Math.floor((useNow() ?? 0) / MINUTE_MS) * MINUTE_MS;
  const past = useIsPast();
  const live = past || query.sort === "needs";
  const ids = sources.map(({ id }) => id);
  const shownSource = live ? query.source : (query.source ?? ids[0] ?? null);
  const shown = shownSource === null ? ids : [shownSource];
  const filter = useMemo(() => toFilter(query, nowMs), [query, nowMs]);
  const loose = useMemo(() => toFilter({ ...query, states: [], results: [] }, nowMs), [query, nowMs]);
  const narrowed = query.label !== null || query.within !== null || query.from !== null || query.to !== null;
  const within = useCounts(shown, loose, nowMs > 0);
  const total = useCounts(shown, EVERYTHING, nowMs > 0);
  const selection = useSelection();
  const matching = within.counts
    ?.filter(({ state }) => query.states.length === 0 || query.states.includes(state))
    .filter(({ result }) => query.results.length === 0 || query.results.includes(result))
    .reduce((sum, { count }) => sum + count, 0);
  const [onlySource] = shown;

  const open = async (planId: string) => {
    setNotFound(null);
    const source = await findPlan(client, sources, planId);
    if (source === null) setNotFound(planId);
    else go(routes.plan(source, planId));
  };
  const empty = <NothingFound query={query} sources={shown} total={total} nowMs={nowMs} />;
  return (
    <>
      <FilterBar
        query={query}
        sources={ids.map((id) => ({ id, title: titles.get(id) ?? id }))}
        shownSource={shownSource}
        onChange={onQuery}
        onPlanId={(planId) => void open(planId)}
      />
      {notFound !== null && (
        <p className="warn small" role="status">
          No source has a plan <span className="mono">{notFound}</span>.
        </p>
      )}
      <StateChips
        query={query}
        within={within}
        total={total}
        narrowed={narrowed}
        onChange={(next) => onQuery(next, { replace: false })}
      />
      <BulkBar
        selection={selection}
        source={shown.length === 1 ? (onlySource ?? null) : null}
        filter={filter}
        matching={matching}
      />
      {live ? (
        <LivePlans
          sources={sources}
          shown={shown}
          query={query}
          filter={filter}
          onQuery={onQuery}
          selection={selection}
          empty={empty}
        />
      ) : shownSource !== null && ids.includes(shownSource) && nowMs > 0 ? (
        <ServerPlans
          source={shownSource}
          health={sources.find(({ id }) => id === shownSource)?.fold.source ?? null}
          query={query}
          filter={filter}
          onQuery={onQuery}
          empty={empty}
        >
          {(lines) => <Rows lines={lines} sources={sources} query={query} onQuery={onQuery} selection={selection} />}
        </ServerPlans>
      ) : nowMs === 0 ? (
        <Skeleton rows={12} columns={8} what="plans" />
      ) : (
        <Empty title={`No source is called ${shownSource ?? ""}.`} />
      )}
    </>
  );
}

const EVERYTHING = toFilter({ states: [], results: [], label: null, within: null, from: null, to: null }, 0);

interface LivePlansProps {
  readonly sources: readonly Source[];
  readonly shown: readonly string[];
  readonly query: PlansQuery;
  readonly filter: ReturnType<typeof toFilter>;
  readonly onQuery: PlanListProps["onQuery"];
  readonly selection: Selection;
  readonly empty: React.ReactNode;
}

/** Straight from the feed: nothing is asked for, and nothing is late. */
function LivePlans({ sources, shown, query, filter, onQuery, selection, empty }: LivePlansProps) {
  const past = useIsPast();
  const lines = useMemo(
    () =>
      needsFirst(
        sources.filter(({ id }) => shown.includes(id)),
        filter,
      ),
    [sources, shown, filter],
  );
  return (
    <>
      {lines.length === 0 ? (
        empty
      ) : (
        <Rows lines={lines} sources={sources} query={query} onQuery={onQuery} selection={selection} />
      )}
      <p className="page-foot small t3">
        <span>
          {plural(lines.length, "plan")}, what needs a person first, then the oldest; {past ? "as of then" : "live"}
        </span>
        <span className="push p2">J K to move, Enter to open, X to select, R to resume, / to filter</span>
      </p>
    </>
  );
}

interface RowsProps {
  readonly lines: readonly PlanLine[];
  readonly sources: readonly Source[];
  readonly query: PlansQuery;
  readonly onQuery: PlanListProps["onQuery"];
  readonly selection: Selection;
}

const VERBS: Readonly<Record<string, string>> = {
  "dynflow.plans.resume": "resume",
  "dynflow.plans.skip": "skip",
  "dynflow.plans.cancel": "cancel",
  "dynflow.plans.cancelStep": "cancel step",
  "dynflow.plans.abort": "abort",
  "dynflow.plans.halt": "halt",
  "dynflow.plans.startNow": "start now",
};

/** By stream and plan, the last verb and its phase as `resume executed`: text, so that equal ones compare as equal. */
const phasesOf = (state: LiveState): Readonly<Record<string, string>> => {
  const fold = state.folds[OPERATOR_STREAM];
  if (fold?.family !== "operator") return {};
  return Object.fromEntries(
    fold.operations.flatMap(({ action, stream, target, phase }) => {
      const verb = VERBS[action];
      return verb === undefined ? [] : [[`${stream} ${target}`, `${verb} ${phase}`]];
    }),
  );
};

function operationOf(text: string | undefined): RowOperation | null {
  const [verb = "", word] = text?.split(" ") ?? [];
  const phase = OPERATION_PHASES.find((each) => each === word);
  return phase === undefined || SETTLED.has(phase) ? null : { verb, phase };
}
const SETTLED: ReadonlySet<OperationPhase> = new Set(["verified", "denied"]);

function Rows({ lines, sources, query, onQuery, selection }: RowsProps) {
  const { go } = useAddress();
  const [resuming, setResuming] = useState<PlanLine | null>(null);
  const refusal = useRefusal("plans:resume");
  const phases = useFold(phasesOf);
  const operations = useMemo(
    () =>
      new Map(
        lines.flatMap((line) => {
          const operation = operationOf(phases?.[`${dynflowStream(line.source)} ${line.id}`]);
          return operation === null ? [] : [[keyOf(line), operation] as const];
        }),
      ),
    [lines, phases],
  );
  const down = new Set(sources.filter(({ fold }) => fold.source.state === "down").map(({ id }) => id));
  const open = (line: PlanLine) => go(routes.plan(line.source, line.id));
  const cursor = useRowCursor({ rows: lines, idOf: keyOf, onOpen: open, enabled: resuming === null });
  useKeys(
    [
      {
        keys: "R",
        does: "resume the plan of the row",
        run: () => {
          const line = lines.find((each) => keyOf(each) === cursor.current);
          if (line === undefined || refusal !== null) return false;
          setResuming(line);
          return true;
        },
      },
      {
        keys: "X",
        does: "select the row; with Shift all up to it",
        run: ({ shiftKey }) => {
          if (cursor.current === null) return false;
          selection.toggle(cursor.current, shiftKey ? lines.map(keyOf) : null);
          return true;
        },
      },
    ],
    { group: "List", enabled: resuming === null },
  );
  return (
    <>
      <PlanTable
        lines={lines}
        sort={query.sort}
        descending={query.descending}
        onSort={(sort, descending) => onQuery({ ...query, sort, descending, position: null }, { replace: false })}
        current={cursor.current}
        down={down}
        operations={operations}
        refusal={refusal}
        selection={selection}
        onOpen={open}
        onResume={setResuming}
      />
      {resuming !== null && (
        <ResumeFromList source={resuming.source} planId={resuming.id} onClose={() => setResuming(null)} />
      )}
    </>
  );
}
