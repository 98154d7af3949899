"use client";
import { useRecent } from "#components/shell/recent-context.tsx";
import { Glyph } from "#components/ui/glyph.tsx";
import { Name } from "#components/ui/ident.tsx";
import { Link } from "#components/ui/link.tsx";
import { routes } from "#components/ui/routes.ts";
import { Section } from "#components/ui/section.tsx";
import { Instant } from "#components/ui/time.tsx";
import { Empty, Skeleton } from "#components/ui/widget.tsx";
import type { JournalEvent } from "#server/contract/event.ts";
import { eventWords } from "#server/contract/view/event-words.ts";
import { sourceOf } from "#server/contract/view/need.ts";

const SHOWN = 14;
/** Too many and too small to tell of on the first page. */
const QUIET: ReadonlySet<string> = new Set([
  "dynflow.lock.acquired",
  "dynflow.lock.released",
  "dynflow.world.changed",
  "dynflow.plan.changed",
  "dynflow.step.state_changed",
  "dynflow.plan.result_changed",
  "haf.progress",
  "agent.skew_changed",
]);

/** The latest events; all of them are in the journal. */
export function WhatChanged() {
  const recent = useRecent();
  const told = recent?.events.filter((event) => !QUIET.has(event.kind)).slice(0, SHOWN);
  return (
    <Section title="What changed" aside={<Link href={routes.journal()}>journal</Link>}>
      {told === undefined ? (
        <Skeleton rows={6} what="what changed" />
      ) : told.length === 0 ? (
        <Empty title="Nothing was seen to change in the last hour.">
          Locks, steps and records that only moved on are in the journal.
        </Empty>
      ) : (
        <table className="tail">
          <thead className="vh">
            <tr>
              <th scope="col">Observed</th>
              <th scope="col">Tone</th>
              <th scope="col">Subject</th>
              <th scope="col">Source</th>
              <th scope="col">Change</th>
            </tr>
          </thead>
          <tbody>
            {told.map((event) => (
              <Told key={event.id} event={event} />
            ))}
          </tbody>
        </table>
      )}
    </Section>
  );
}

function Told({ event }: { readonly event: JournalEvent }) {
  const { tone, shape, subject, what } = eventWords(event);
  return (
    <tr>
      <td className="mono t3">
        <Link className="plain" href={routes.journal({ event: event.id })}>
          <Instant at={event.observedAt} form="clock" />
        </Link>
      </td>
      <td>
        <Glyph tone={tone} shape={shape} label={tone} />
      </td>
      <td className="subject">
        <Name text={subject} mono />
      </td>
      <td className="t3 p2">
        <bdi>{sourceOf(event.stream)}</bdi>
      </td>
      <td className="w100 trunc" title={what}>
        <bdi>{what}</bdi>
      </td>
    </tr>
  );
}
