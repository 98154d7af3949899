"use client";
import { useMemo } from "react";
import { Button } from "#components/ui/button.tsx";
import { formatCount, plural } from "#components/ui/format.ts";
import { useKeys } from "#components/ui/keys.tsx";
import { Link } from "#components/ui/link.tsx";
import { routes } from "#components/ui/routes.ts";
import { useRefusal } from "#components/ui/session.ts";
import { Empty, Failure } from "#components/ui/widget.tsx";
import type { PlanLine } from "./plan-lines.ts";
import { conditionsOf, type Filter, type PlansQuery, toPlace } from "./plans-query.ts";
import { type Hit, type SearchState, useSearch } from "./use-search.ts";

interface SearchPlansProps {
  readonly source: string;
  readonly query: PlansQuery;
  readonly filter: Filter;
  /** Plans that the filter alone finds, and all that there are; `undefined` = not known. */
  readonly within: number | undefined;
  readonly all: number | undefined;
  /** Whether somebody has just asked for it: a link to a search in inputs waits until somebody does. */
  readonly asked: boolean;
  readonly children: (lines: readonly PlanLine[]) => React.ReactNode;
}

/** What only plans themselves tell: looked for plan by plan, with what it costs and how far it is. */
export function SearchPlans(props: SearchPlansProps) {
  const { error, input } = props.query;
  const refusal = useRefusal("plans:search-text");
  if ((error !== null || input !== null) && refusal !== null)
    return <Empty title="This is not to be searched by you.">{refusal}</Empty>;
  return <Searching {...props} />;
}

function Searching({ source, query, filter, within, all, asked, children }: SearchPlansProps) {
  const { error, input, action, ran } = query;
  const { state, go, cancel } = useSearch(source, filter, { error, input, action, ran }, input === null || asked);
  useKeys([{ keys: "Escape", does: "cancel the search", run: cancel }], {
    group: "List",
    enabled: state.phase === "running",
  });
  const lines = useMemo(() => inOrder(state).map((hit) => toLine(source, hit)), [source, state]);
  return (
    <>
      <Progress state={state} source={source} all={all} within={within} onGo={go} onCancel={cancel} />
      {state.phase === "failed" && <Failure title={`Cannot search ${source}`} error={state.error} onRetry={go} />}
      {lines.length > 0 && children(lines)}
      {lines.length === 0 && state.phase === "done" && (
        <Empty title={`None of ${plural(state.plans, "plan")} holds it.`}>
          {state.notLookedInto > 0 && <p>{plural(state.notLookedInto, "row")} could not be looked into.</p>}
          <ul>
            {conditionsOf(query).map(({ words, without }) => (
              <li key={words}>
                Drop “
                <Link href={routes.plans(toPlace(without))}>
                  <bdi>{words}</bdi>
                </Link>
                ”.
              </li>
            ))}
          </ul>
        </Empty>
      )}
    </>
  );
}

/** As they are found while it runs, so that none moves; then the newest first. */
const inOrder = ({ hits, phase }: SearchState): readonly Hit[] =>
  phase === "running" ? hits : hits.toSorted((a, b) => ((a.startedAt ?? "") < (b.startedAt ?? "") ? 1 : -1));

const WORDS = { error: "step", input: "input of action", action: "action", history: "history" } as const;

function toLine(source: string, hit: Hit): PlanLine {
  const [first, ...more] = hit.evidence;
  const place =
    first === undefined
      ? ""
      : `${WORDS[first.where]}${first.id === null ? "" : ` ${first.id}`}${first.where === "error" ? " " : ": "}`;
  const rest = more.length === 0 ? "" : ` and ${more.length} more`;
  const note = first === undefined ? null : `${place}${first.text}${rest}`;
  return { ...hit, source, caller: hit.caller ?? null, world: null, failure: null, note, since: null };
}

interface ProgressProps {
  readonly state: SearchState;
  readonly source: string;
  readonly all: number | undefined;
  readonly within: number | undefined;
  readonly onGo: () => void;
  readonly onCancel: () => void;
}

function Progress({ state, source, all, within, onGo, onCancel }: ProgressProps) {
  const { phase, plans, rows, hits, tookMs, notLookedInto } = state;
  const perSecond = tookMs === 0 ? 0 : Math.round(((rows === 0 ? plans : rows) / tookMs) * 1_000);
  const of = all === undefined ? "" : ` of ${formatCount(Math.max(all, plans))}`;
  return (
    <section className="search-progress" aria-label="Search">
      {phase === "waiting" ? (
        <p className="wrap">
          Inputs of {within === undefined ? "the plans" : plural(within, "plan")} of <bdi>{source}</bdi> are read and
          decoded one by one.
        </p>
      ) : (
        <p className="wrap" role="status">
          Looked at {formatCount(plans)}
          {of} plans, {formatCount(perSecond)} {rows === 0 ? "plans" : "rows"} a second,{" "}
          <b>{formatCount(hits.length)} found</b>
          {notLookedInto > 0 && `; ${plural(notLookedInto, "row")} too long or unreadable`}
          {phase === "stopped" && "; there is more to look at"}
          {phase === "done" && "; that is all"}
        </p>
      )}
      {all !== undefined && phase !== "waiting" && (
        <progress className="search-bar" max={Math.max(1, all, plans)} value={plans} aria-label="Plans looked at" />
      )}
      {phase === "running" && (
        <Button small onPress={onCancel} shortcut="Esc">
          Cancel
        </Button>
      )}
      {phase === "waiting" && (
        <Button small primary onPress={onGo}>
          Search in inputs
        </Button>
      )}
      {phase === "stopped" && (
        <Button small onPress={onGo}>
          Go on
        </Button>
      )}
    </section>
  );
}
