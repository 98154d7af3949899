"use client";
import { useMemo } from "react";
import { faultOf } from "#components/ui/fault.ts";
import { parseInstant, plural } from "#components/ui/format.ts";
import { Age } from "#components/ui/time.tsx";
import { Failure, Faults, Skeleton, Stale } from "#components/ui/widget.tsx";
import type { SourceFold } from "#server/contract/fold/source.ts";
import type { PlanLine } from "./plan-lines.ts";
import { type Filter, type PlansQuery, type Position, SORT_WORDS } from "./plans-query.ts";
import { toLines, usePlanPage } from "./use-plans.ts";

interface ServerPlansProps {
  readonly source: string;
  /** Health of the source. */
  readonly health: SourceFold | null;
  readonly query: PlansQuery;
  readonly filter: Filter;
  readonly onQuery: (query: PlansQuery, how: { readonly replace: boolean }) => void;
  readonly empty: React.ReactNode;
  readonly children: (lines: readonly PlanLine[]) => React.ReactNode;
}

/** One source in an order of its database, a keyset page at a time, both ways; the place stands in the address. */
export function ServerPlans({ source, health, query, filter, onQuery, empty, children }: ServerPlansProps) {
  const page = usePlanPage(source, query, filter);
  const { data, error } = page;
  const lines = useMemo(() => (data === undefined ? [] : toLines(source, data)), [source, data]);
  const down = health?.state === "down";
  if (data === undefined)
    return error === null ? (
      <Skeleton rows={12} columns={8} what={`plans of ${source}`} />
    ) : (
      <Failure
        title={`Cannot read ${source}`}
        error={error}
        since={down ? health.since : null}
        onRetry={() => page.refetch()}
      />
    );
  const at = parseInstant(data.asOf);
  const goTo = (position: Position | null) => onQuery({ ...query, position }, { replace: false });
  const newestFirst = query.sort === "startedAt" && query.descending;
  return (
    <Stale
      stale={error !== null || down}
      asOf={at}
      why={down ? health.reason : error === null ? null : faultOf(error).message}
    >
      <Faults faults={down ? [] : data.faults} />
      {lines.length === 0 && query.position === null ? empty : children(lines)}
      <p className="page-foot small t3" aria-busy={page.isPlaceholderData || undefined}>
        {query.position !== null && (
          <button type="button" className="btn sm" onClick={() => goTo(null)}>
            From the start
          </button>
        )}
        <PageButton cursor={data.previousCursor} direction="previous" busy={page.isPlaceholderData} onGo={goTo}>
          {newestFirst ? "Newer" : "Before these"}
        </PageButton>
        <PageButton cursor={data.nextCursor} direction="next" busy={page.isPlaceholderData} onGo={goTo}>
          More
        </PageButton>
        <span>
          {plural(lines.length, "plan")} of {source}, by {query.sort === "needs" ? "start" : SORT_WORDS[query.sort]}, as
          of <Age at={at} />
          {data.nextCursor === null ? "; no more follow" : ""}
        </span>
        <span className="push p2">J K to move, Enter to open, X to select, R to resume, / to filter</span>
      </p>
    </Stale>
  );
}

interface PageButtonProps {
  readonly cursor: string | null;
  readonly direction: Position["direction"];
  readonly busy: boolean;
  readonly onGo: (position: Position) => void;
  readonly children: string;
}

function PageButton({ cursor, direction, busy, onGo, children }: PageButtonProps) {
  if (cursor === null) return null;
  return (
    <button
      type="button"
      className="btn sm"
      aria-disabled={busy || undefined}
      onClick={() => {
        if (!busy) onGo({ cursor, direction });
      }}
    >
      {busy ? "reading…" : children}
    </button>
  );
}
