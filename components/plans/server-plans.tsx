"use client";
import { useMemo, useRef } from "react";
import { Button } from "#components/ui/button.tsx";
import { faultOf } from "#components/ui/fault.ts";
import { formatCount, parseInstant, plural } from "#components/ui/format.ts";
import { Age } from "#components/ui/time.tsx";
import { Failure, Faults, Skeleton, Stale } from "#components/ui/widget.tsx";
import type { ColumnId } from "./columns.ts";
import { firstRow, Pager } from "./pager.tsx";
import type { PlanLine, Source } from "./plan-lines.ts";
import { type Filter, type PlansQuery, SORT_WORDS } from "./plans-query.ts";
import { toLines, usePlanPage } from "./use-plans.ts";

interface ServerPlansProps {
  readonly source: string;
  /** The source as the feed knows it. */
  readonly known: Source | undefined;
  readonly query: PlansQuery;
  readonly filter: Filter;
  readonly columns: readonly ColumnId[];
  /** Plans that the filter finds; `undefined` = not known. */
  readonly matching: number | undefined;
  readonly onQuery: (query: PlansQuery, how: { readonly replace: boolean }) => void;
  /** Goes through the table slice by slice, where one question for all takes too long. */
  readonly onSliceBySlice: () => void;
  readonly empty: React.ReactNode;
  readonly children: (lines: readonly PlanLine[], list: string) => React.ReactNode;
}

/** One source in an order of its database, a page at a time, both ways and by number; the place stands in the address. */
export function ServerPlans(props: ServerPlansProps) {
  const { source, known, query, filter, columns, matching, onQuery, empty, children } = props;
  const beside = useMemo(
    () => [
      ...(columns.includes("caller") ? (["caller"] as const) : []),
      ...(columns.includes("where") ? (["failure"] as const) : []),
    ],
    [columns],
  );
  const page = usePlanPage(source, query, filter, beside);
  const { data, error, isPlaceholderData: busy } = page;
  const fold = known?.fold;
  const lines = useMemo(() => (data === undefined ? [] : toLines(source, data, known)), [source, data, known]);
  const asked = JSON.stringify([source, filter, query.sort, query.descending, query.position]);
  const list = useRef(asked);
  if (!busy) list.current = asked;
  const health = fold?.source ?? null;
  const down = health?.state === "down";
  if (data === undefined)
    return error === null ? (
      <Skeleton rows={12} columns={8} what={`plans of ${source}`} />
    ) : (
      <>
        <Failure
          title={`Cannot read ${source}`}
          error={error}
          since={down ? health.since : null}
          onRetry={() => page.refetch()}
        />
        {faultOf(error).code === "TOO_MANY_REQUESTS" && (
          <p>
            <Button small onPress={props.onSliceBySlice}>
              Search slice by slice
            </Button>
          </p>
        )}
      </>
    );
  const at = parseInstant(data.asOf);
  const place = { position: query.position, row: query.row };
  const first = firstRow(place, lines.length, matching);
  return (
    <Stale
      stale={error !== null || down}
      asOf={at}
      why={down ? health.reason : error === null ? null : faultOf(error).message}
    >
      <Faults faults={down ? [] : data.faults} />
      {lines.length === 0 && query.position === null ? empty : children(lines, list.current)}
      {lines.length === 0 && query.position !== null && <p className="t2">No plan is that far down the list.</p>}
      <div className="page-foot small t3" aria-busy={busy || undefined}>
        <Pager
          place={place}
          rows={lines.length}
          previousCursor={data.previousCursor}
          nextCursor={data.nextCursor}
          matching={matching}
          busy={busy}
          onGo={(to) => onQuery({ ...query, ...to }, { replace: false })}
        />
        <span>
          {rangeWords(first, lines.length, matching)} of <bdi>{source}</bdi>, by{" "}
          {query.sort === "needs" ? "start" : SORT_WORDS[query.sort]}, as of <Age at={at} />
        </span>
        <span className="push p2">J K to move, Enter to open, X to select, R to resume, / to find</span>
      </div>
    </Stale>
  );
}

function rangeWords(first: number | null, rows: number, matching: number | undefined): string {
  if (first === null || rows === 0) return plural(rows, "plan");
  const of = matching === undefined ? "" : ` of ${formatCount(Math.max(matching, first + rows))}`;
  return `plans ${formatCount(first + 1)} to ${formatCount(first + rows)}${of}`;
}
