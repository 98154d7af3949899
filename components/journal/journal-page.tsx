"use client";
import { useMemo } from "react";
import { useWindowRows } from "#components/plans/use-window-rows.ts";
import { useAddress } from "#components/ui/address.ts";
import { Crumbs } from "#components/ui/crumbs.tsx";
import { faultOf } from "#components/ui/fault.ts";
import { formatCount, parseInstant, plural } from "#components/ui/format.ts";
import { Glyph } from "#components/ui/glyph.tsx";
import { Link } from "#components/ui/link.tsx";
import { useFold } from "#components/ui/live.ts";
import { routes } from "#components/ui/routes.ts";
import { useRowCursor } from "#components/ui/row-cursor.ts";
import { PageHead } from "#components/ui/section.tsx";
import { Instant, ZoneName } from "#components/ui/time.tsx";
import { Empty, Failure, Skeleton, Stale } from "#components/ui/widget.tsx";
import { CONSOLE_STREAM, type JournalEvent } from "#server/contract/event.ts";
import type { LiveState } from "#server/contract/live.ts";
import { eventWords } from "#server/contract/view/event-words.ts";
import type { EpochMs } from "#server/kernel/clock.ts";
import { EventDrawer } from "./event-drawer.tsx";
import { JournalFilter } from "./journal-filter.tsx";
import { type JournalQuery, parseJournal } from "./journal-query.ts";
import { subjectLink } from "./subject-link.ts";
import { useJournal } from "./use-journal.ts";
import { useScrolled } from "./use-scrolled.ts";
import "#components/plan/plan.css";
import "#components/plans/plans.css";
import "./journal.css";

const ROW_PX = 28;
const COLUMNS = 7;

const streamsOf = (state: LiveState): readonly string[] => [...Object.keys(state.folds)].sort();

/** Everything that was seen changed and everything that was asked for, newest first. */
export function JournalPage() {
  const { search, go } = useAddress();
  const query = useMemo(() => parseJournal(search), [search]);
  const streams = useFold(streamsOf) ?? [];
  const [scrolled, toTop] = useScrolled();
  const { pages, events, held, horizon } = useJournal(query, scrolled);
  const selectedId = search.get("event");
  const selected = events.find((event) => event.id === selectedId);
  const filtered = query.stream !== null || query.kind !== null || query.subject !== null;
  const place = ({ stream, kind, subject }: JournalQuery, event: string | null) =>
    routes.journal({ stream, kind, subject, event });
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
          {events.length === 0 ? (
            <Empty title={filtered ? "No event matches." : "Nothing was recorded yet."}>
              {filtered && (
                <Link href={place({ stream: null, kind: null, subject: null }, null)}>Drop all filters</Link>
              )}
            </Empty>
          ) : (
            <Events
              events={events}
              current={selectedId ?? cursor.current}
              onOpen={open}
              hrefOf={(event) => place(query, event.id)}
            />
          )}
          <p className="page-foot small t3">
            <span>{formatCount(events.length)} shown</span>
            {pages.hasNextPage ? (
              <button type="button" className="btn sm" onClick={() => void pages.fetchNextPage()}>
                {pages.isFetchingNextPage ? "reading…" : "More"}
              </button>
            ) : (
              <span>that is all there is</span>
            )}
            <span className="push p2">J K to move, Enter for details, / to filter</span>
          </p>
        </Stale>
      )}
      {selectedId !== null && selected === undefined && events.length > 0 && (
        <p className="warn small">
          The event {selectedId} is not among those that are read: go further back with More.
        </p>
      )}
      {selected !== undefined && (
        <EventDrawer event={selected} onClose={() => go(place(query, null), { replace: true })} />
      )}
    </div>
  );
}

interface EventsProps {
  readonly events: readonly JournalEvent[];
  readonly current: string | null;
  readonly onOpen: (event: JournalEvent) => void;
  readonly hrefOf: (event: JournalEvent) => ReturnType<typeof routes.journal>;
}

function Events({ events, current, onOpen, hrefOf }: EventsProps) {
  const rows = useWindowRows(events.length, ROW_PX);
  return (
    <table className="journal" aria-label="Journal" aria-rowcount={events.length + 1}>
      <thead>
        <tr>
          <th scope="col">
            Observed <ZoneName />
          </th>
          <th scope="col">
            <span className="vh">Tone</span>
          </th>
          <th scope="col" className="p3">
            Stream
          </th>
          <th scope="col" className="p2">
            Kind
          </th>
          <th scope="col">Subject</th>
          <th scope="col" className="w100">
            Change
          </th>
          <th scope="col" className="p2">
            by
          </th>
        </tr>
      </thead>
      <tbody ref={rows.ref}>
        {rows.before > 0 && <Space px={rows.before} />}
        {events.slice(rows.from, rows.to).map((event, index) => (
          <EventRow
            key={event.id}
            event={event}
            index={rows.from + index}
            selected={event.id === current}
            onOpen={onOpen}
            href={hrefOf(event)}
          />
        ))}
        {rows.after > 0 && <Space px={rows.after} />}
      </tbody>
    </table>
  );
}

function Space({ px }: { readonly px: number }) {
  return (
    // biome-ignore lint/a11y/noAriaHiddenOnFocusable: a row of nothing, there to keep the height; it takes no focus
    <tr aria-hidden="true" className="space">
      <td colSpan={COLUMNS} style={{ height: px }} />
    </tr>
  );
}

interface EventRowProps {
  readonly event: JournalEvent;
  readonly index: number;
  readonly selected: boolean;
  readonly onOpen: (event: JournalEvent) => void;
  readonly href: ReturnType<typeof routes.journal>;
}

function EventRow({ event, index, selected, onOpen, href }: EventRowProps) {
  const { tone, shape, subject, what } = eventWords(event);
  const link = subjectLink(event);
  return (
    <tr
      data-row={event.id}
      aria-rowindex={index + 2}
      className={selected ? "sel" : ""}
      onClick={({ target }) => {
        if (target instanceof Element && target.closest("a,button") === null) onOpen(event);
      }}
    >
      <td className="mono c-at">
        <Link href={href} className="plain t2" scroll={false}>
          <Instant at={event.observedAt} form="ms" />
        </Link>
      </td>
      <td className="c-tone">
        <Glyph tone={tone} shape={shape} label={tone} />
      </td>
      <td className="p3 t2">
        <bdi>{event.stream}</bdi>
      </td>
      <td className="p2">
        <bdi>{event.kind}</bdi>
      </td>
      <td className="mono c-subject trunc">
        {link === null ? (
          <bdi>{subject}</bdi>
        ) : (
          <Link href={link} className="plain">
            <bdi>{subject}</bdi>
          </Link>
        )}
      </td>
      <td className="w100 trunc c-what" title={what}>
        <bdi>{what}</bdi>
        {event.actor !== null && event.kind === "op.requested" && (
          <span className="t3">
            {" "}
            “<bdi>{event.actor.reason}</bdi>”
          </span>
        )}
      </td>
      <td className="p2 t3">
        {event.actor === null ? event.synthetic ? "judged" : "read" : <b className="med t1">{event.actor.user}</b>}
      </td>
    </tr>
  );
}
