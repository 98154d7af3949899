"use client";
import { useMemo } from "react";
import { useAddress } from "#components/ui/address.ts";
import { Crumbs } from "#components/ui/crumbs.tsx";
import { faultOf } from "#components/ui/fault.ts";
import { formatCount, parseInstant, plural } from "#components/ui/format.ts";
import { Link } from "#components/ui/link.tsx";
import { useFold } from "#components/ui/live.ts";
import { routes } from "#components/ui/routes.ts";
import { useRowCursor } from "#components/ui/row-cursor.ts";
import { PageHead } from "#components/ui/section.tsx";
import { Instant } from "#components/ui/time.tsx";
import { Empty, Failure, Skeleton, Stale } from "#components/ui/widget.tsx";
import { CONSOLE_STREAM, type JournalEvent } from "#server/contract/event.ts";
import type { LiveState } from "#server/contract/live.ts";
import type { EpochMs } from "#server/kernel/clock.ts";
import { toActions } from "./actions.ts";
import { ActionsTable } from "./actions-table.tsx";
import { DistantEvent } from "./distant-event.tsx";
import { EventDrawer } from "./event-drawer.tsx";
import { EventsTable } from "./events-table.tsx";
import { ExportLinks } from "./export-links.tsx";
import { JournalFilter } from "./journal-filter.tsx";
import { isFiltered, type JournalQuery, NO_FILTER, parseJournal } from "./journal-query.ts";
import { useJournal } from "./use-journal.ts";
import { useScrolled } from "./use-scrolled.ts";
import "#components/plan/plan.css";
import "#components/plans/plans.css";
import "./journal.css";

const streamsOf = (state: LiveState): readonly string[] => [...Object.keys(state.folds)].sort();

/** Everything that was seen changed and everything that was asked for, newest first. */
export function JournalPage() {
  const { search, go } = useAddress();
  const query = useMemo(() => parseJournal(search), [search]);
  const streams = useFold(streamsOf) ?? [];
  const [scrolled, toTop] = useScrolled();
  const { pages, events, filter, held, horizon } = useJournal(query, scrolled);
  const selectedId = search.get("event");
  const selected = events.find((event) => event.id === selectedId);
  const filtered = isFiltered(query);
  const place = (to: JournalQuery, event: string | null) => routes.journal({ ...to, event });
  const actions = useMemo(
    () =>
      query.view === "actions"
        ? toActions(events).filter(({ last }) => query.phase === null || last.phase === query.phase)
        : null,
    [events, query],
  );
  const close = () => go(place(query, null), { replace: true });
  const open = (event: JournalEvent) => go(place(query, event.id), { replace: true });
  const cursor = useRowCursor({ rows: events, idOf: (event) => event.id, onOpen: open });
  return (
    <div className="page">
      <Crumbs path={[{ text: "Journal" }]} />
      <PageHead
        title="Journal"
        sub={
          <>
            What was seen to change and what was asked for, in the order in which it was observed.
            {horizon !== null && (
              <>
                {" "}
                <span className="t3">
                  Of what is older than <Instant at={parseInstant(horizon)} /> not everything is kept.
                </span>
              </>
            )}
          </>
        }
      />
      {held > 0 && (
        <button type="button" className="btn sm news" onClick={toTop}>
          {plural(held, "new event")} above
        </button>
      )}
      <nav className="tabs journal-views" aria-label="Views of the journal">
        <Link href={place({ ...query, view: null }, null)} aria-current={query.view === null ? "page" : undefined}>
          Events
        </Link>
        <Link
          href={place({ ...query, view: "actions", kind: null }, null)}
          aria-current={query.view === "actions" ? "page" : undefined}
        >
          Actions
        </Link>
      </nav>
      <JournalFilter
        query={query}
        streams={streams.includes(CONSOLE_STREAM) ? streams : [...streams, CONSOLE_STREAM]}
        onChange={(next, replace) => go(place(next, null), { replace })}
      />
      {pages.data === undefined ? (
        pages.error === null ? (
          <Skeleton rows={14} columns={5} what="the journal" />
        ) : (
          <Failure title="Cannot read the journal" error={pages.error} onRetry={() => pages.refetch()} />
        )
      ) : (
        <Stale
          stale={pages.error !== null}
          asOf={pages.dataUpdatedAt as EpochMs}
          why={pages.error === null ? null : faultOf(pages.error).message}
        >
          {(actions ?? events).length === 0 ? (
            <Empty title={emptyTitle(filtered, actions !== null, pages.hasNextPage)}>
              {filtered && <Link href={place({ ...NO_FILTER, view: query.view }, null)}>Drop all filters</Link>}
            </Empty>
          ) : actions !== null ? (
            <ActionsTable actions={actions} current={selectedId} hrefOf={(event) => place(query, event.id)} />
          ) : (
            <EventsTable
              events={events}
              current={selectedId ?? cursor.current}
              onOpen={open}
              hrefOf={(event) => place(query, event.id)}
            />
          )}
          <p className="page-foot small t3">
            <span>{formatCount((actions ?? events).length)} shown</span>
            {pages.hasNextPage ? (
              <button type="button" className="btn sm" onClick={() => void pages.fetchNextPage()}>
                {pages.isFetchingNextPage ? "reading…" : "More"}
              </button>
            ) : (
              <span>that is all there is</span>
            )}
            <ExportLinks filter={filter} />
            <span className="push p2">J K to move, Enter for details, / to filter</span>
          </p>
        </Stale>
      )}
      {selected !== undefined ? (
        <EventDrawer event={selected} onClose={close} />
      ) : (
        selectedId !== null && pages.data !== undefined && <DistantEvent id={selectedId} onClose={close} />
      )}
    </div>
  );
}

function emptyTitle(filtered: boolean, isActions: boolean, more: boolean): string {
  if (!filtered) return isActions ? "Nobody has asked for anything yet." : "Nothing was recorded yet.";
  const what = isActions ? "No action" : "No event";
  return more ? `${what} of those read so far matches; there are older ones.` : `${what} matches.`;
}
