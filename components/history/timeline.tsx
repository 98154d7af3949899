"use client";
import { useState } from "react";
import { eventPlace } from "#components/journal/event-place.ts";
import { useAddress } from "#components/ui/address.ts";
import { faultOf } from "#components/ui/fault.ts";
import { formatDurationMs, parseInstant } from "#components/ui/format.ts";
import { Glyph, State } from "#components/ui/glyph.tsx";
import { useInstants } from "#components/ui/instants.ts";
import { Link } from "#components/ui/link.tsx";
import { atInstants, routes } from "#components/ui/routes.ts";
import { Age, Instant, ZoneName } from "#components/ui/time.tsx";
import { Empty, Failure, Skeleton, Stale } from "#components/ui/widget.tsx";
import type { JournalEvent } from "#server/contract/event.ts";
import { eventWords } from "#server/contract/view/event-words.ts";
import type { Thing } from "#server/contract/wire/journal.ts";
import { type EpochMs, toIso } from "#server/kernel/clock.ts";
import { CauseAndEffects } from "./cause-and-effects.tsx";
import type { JobOutcome, TimelineRow } from "./timeline-rows.ts";
import { useHistory } from "./use-history.ts";
import "./history.css";

/** What was seen of one thing and done to it: newest first, with what nobody could see. */
export function Timeline({ thing, what }: { readonly thing: Thing; readonly what: string }) {
  const { pages, rows, jobs, horizon } = useHistory(thing);
  if (pages.data === undefined)
    return pages.error === null ? (
      <Skeleton rows={5} columns={2} what={`the history of ${what}`} />
    ) : (
      <Failure title={`Cannot read the history of ${what}`} error={pages.error} onRetry={() => pages.refetch()} />
    );
  const failed = pages.error;
  return (
    <Stale
      stale={failed !== null}
      asOf={pages.dataUpdatedAt as EpochMs}
      why={failed === null ? null : faultOf(failed).message}
    >
      {jobs !== null && jobs.error !== null && (
        <Failure title="Cannot read what jobs did to it" error={jobs.error} onRetry={() => jobs.refetch()} />
      )}
      {rows.length === 0 ? (
        <Empty title="Nothing was recorded of it.">Worldline records changes: it has seen none.</Empty>
      ) : (
        <ol className="hist" aria-label={`History of ${what}, newest first`}>
          {rows.map((row) => (
            <Row key={keyOf(row)} row={row} />
          ))}
        </ol>
      )}
      <p className="hist-foot small t3">
        {pages.hasNextPage ? (
          <button type="button" className="btn sm" onClick={() => void pages.fetchNextPage()}>
            {pages.isFetchingNextPage ? "reading…" : "More"}
          </button>
        ) : (
          <span>
            {horizon === null ? (
              "That is all that was ever recorded of it."
            ) : (
              <>
                Of what is older than <Instant at={parseInstant(horizon)} /> not everything is kept.
              </>
            )}
          </span>
        )}
        <span className="push">
          times <ZoneName />
        </span>
      </p>
    </Stale>
  );
}

function keyOf(row: TimelineRow): string {
  switch (row.kind) {
    case "event":
      return row.event.id;
    case "job":
      return `${row.outcome.jobId} ${row.outcome.at}`;
    case "not-known":
      return `? ${row.from} ${row.to} ${row.why}`;
    default:
      return row satisfies never;
  }
}

function Row({ row }: { readonly row: TimelineRow }) {
  switch (row.kind) {
    case "event":
      return <EventRow event={row.event} />;
    case "job":
      return <JobRow at={row.at} outcome={row.outcome} />;
    case "not-known":
      return <NotKnownRow from={row.from} to={row.to} why={row.why} />;
    default:
      return row satisfies never;
  }
}

function When({ at }: { readonly at: EpochMs }) {
  return (
    <span className="hist-at">
      <Instant at={at} /> <Age at={at} suffix="ago" />
    </span>
  );
}

function EventRow({ event }: { readonly event: JournalEvent }) {
  const [open, setOpen] = useState(false);
  const shown = useInstants().at;
  const { tone, shape, what } = eventWords(event);
  const later = shown !== null && event.observedAt > shown;
  return (
    <li className={later ? "hist-row later" : "hist-row"} data-event={event.kind}>
      <When at={event.observedAt} />
      <Glyph tone={tone} shape={shape} label={tone} />
      <div className="hist-what">
        <button type="button" className="plain-button wrap" aria-expanded={open} onClick={() => setOpen(!open)}>
          <bdi>{what}</bdi>
        </button>
        <By event={event} />
        {later && <span className="t3 small">after the instant that is shown</span>}
        {open && <More event={event} />}
      </div>
    </li>
  );
}

/** The two times of an event are told apart from here on. */
const TOLD_APART_MS = 1_000;

/** Who did it, or how it is known. */
function By({ event }: { readonly event: JournalEvent }) {
  const { actor, causedBy } = event;
  if (actor !== null)
    return (
      <span className="small t3">
        by <b className="med t1">{actor.user}</b>, {actor.role}: “<bdi>{actor.reason}</bdi>”
      </span>
    );
  const how = howKnown(event);
  return <span className="small t3">{causedBy === null ? how : `${how}, because of an action`}</span>;
}

function howKnown({ kind, synthetic }: JournalEvent): string {
  const ours = kind === "dna.actor.released" || kind === "dna.actor.claimed" || kind === "dna.census.adjusted";
  if (ours || kind.startsWith("job.")) return "done by Worldline";
  if (kind.startsWith("console.")) return "said by Worldline";
  return synthetic ? "judged by Worldline" : "as read";
}

function More({ event }: { readonly event: JournalEvent }) {
  const { path, search } = useAddress();
  return (
    <div className="hist-more">
      {Math.abs(event.occurredAt - event.observedAt) >= TOLD_APART_MS && (
        <p className="small t3">
          by the clock of its source at <Instant at={event.occurredAt} form="ms" />
        </p>
      )}
      <CauseAndEffects event={event} />
      <p className="small hist-links">
        <Link href={atInstants(path, search, { at: toIso(event.observedAt), with: null })}>Show as of here</Link>
        <Link href={eventPlace(event)}>In the journal</Link>
      </p>
    </div>
  );
}

function JobRow({ at, outcome }: { readonly at: EpochMs; readonly outcome: JobOutcome }) {
  return (
    <li className="hist-row" data-event="job">
      <When at={at} />
      <Glyph tone="working" label="job" />
      <div className="hist-what">
        <span className="wrap">
          <State system="target" word={outcome.outcome} quiet />, by job{" "}
          <Link href={routes.job(outcome.jobId)}>{outcome.title}</Link>
        </span>
        <span className="small t3">
          asked for by <b className="med t1">{outcome.requestedBy}</b>,{" "}
          <Link href={routes.journal({ event: outcome.requestId })}>in the journal</Link>
        </span>
      </div>
    </li>
  );
}

interface NotKnownProps {
  readonly from: EpochMs | null;
  readonly to: EpochMs | null;
  readonly why: string;
}

function NotKnownRow({ from, to, why }: NotKnownProps) {
  const shown = useInstants().at;
  const later = shown !== null && from !== null && from > shown;
  return (
    <li className={later ? "hist-row hist-gap later" : "hist-row hist-gap"} data-event="not-known">
      <span className="hist-at">
        {from !== null && to !== null ? <span className="age">{formatDurationMs(to - from)}</span> : null}
      </span>
      <Glyph tone="unknown" label="not known" />
      <div className="hist-what">
        <span className="wrap">
          <b className="med">Not known</b> {span(from, to)}
        </span>
        <span className="small t3 wrap">{why}</span>
      </div>
    </li>
  );
}

function span(from: EpochMs | null, to: EpochMs | null) {
  if (from === null && to === null) return "at any instant";
  if (from === null)
    return (
      <>
        before <Instant at={to} />
      </>
    );
  return to === null ? (
    <>
      since <Instant at={from} form="ms" />
    </>
  ) : (
    <>
      from <Instant at={from} form="ms" /> to <Instant at={to} form="ms" />
    </>
  );
}
