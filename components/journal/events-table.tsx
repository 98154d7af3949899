"use client";
import { RowsInSight } from "#components/plans/rows-in-sight.tsx";
import { useWindowRows } from "#components/plans/use-window-rows.ts";
import { Glyph } from "#components/ui/glyph.tsx";
import { Link } from "#components/ui/link.tsx";
import { routes } from "#components/ui/routes.ts";
import { Instant, ZoneName } from "#components/ui/time.tsx";
import type { JournalEvent } from "#server/contract/event.ts";
import { eventWords } from "#server/contract/view/event-words.ts";
import { subjectLink } from "./subject-link.ts";

const ROW_PX = 28;
const COLUMNS = 7;

interface EventsProps {
  readonly events: readonly JournalEvent[];
  readonly current: string | null;
  readonly onOpen: (event: JournalEvent) => void;
  readonly hrefOf: (event: JournalEvent) => ReturnType<typeof routes.journal>;
}

/** Events one a row, newest first; only the rows in sight are drawn. */
export function EventsTable({ events, current, onOpen, hrefOf }: EventsProps) {
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
        <RowsInSight before={rows.before} after={rows.after} columns={COLUMNS}>
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
        </RowsInSight>
      </tbody>
    </table>
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
        {event.actor === null ? (
          event.synthetic ? (
            "judged"
          ) : (
            "read"
          )
        ) : (
          <Link href={routes.journal({ user: event.actor.user, view: "actions" })} className="plain">
            <b className="med t1">{event.actor.user}</b>
          </Link>
        )}
      </td>
    </tr>
  );
}
