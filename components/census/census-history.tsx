"use client";
import { useQuery } from "@tanstack/react-query";
import { useEffect } from "react";
import { formatDurationMs } from "#components/ui/format.ts";
import { Id } from "#components/ui/ident.tsx";
import { useInstants } from "#components/ui/instants.ts";
import { Link } from "#components/ui/link.tsx";
import { useFold } from "#components/ui/live.ts";
import { routes } from "#components/ui/routes.ts";
import { Section } from "#components/ui/section.tsx";
import { Count } from "#components/ui/table.tsx";
import { Instant } from "#components/ui/time.tsx";
import { useTRPC } from "#components/ui/trpc.ts";
import { Empty, QueryWidget } from "#components/ui/widget.tsx";
import { dnaStream, type JournalEvent } from "#server/contract/event.ts";
import { toIso } from "#server/kernel/clock.ts";

const SHOWN = 20;
const EVERY_MS = 60_000;

type Finished = Extract<JournalEvent, { kind: "dna.census.finished" }>;

/** Earlier censuses, from the journal: what each counted, whose keys, how long it took. */
export function CensusHistory({ source }: { readonly source: string }) {
  const { at } = useInstants();
  const stream = dnaStream(source);
  const told = useFold(({ folds }) => {
    const fold = folds[stream];
    if (fold?.family !== "dna") return 0;
    return Object.values(fold.owned).reduce((last, { asOf }) => Math.max(last, asOf), fold.census?.finishedAt ?? 0);
  });
  const query = useQuery(
    useTRPC().journal.range.queryOptions(
      {
        streams: [dnaStream(source)],
        kinds: ["dna.census.finished"],
        to: at === null ? null : toIso(at),
        limit: SHOWN,
      },
      { refetchInterval: at === null ? EVERY_MS : false },
    ),
  );
  const { refetch } = query;
  // The feed says first that one has ended: then the list is read once more.
  useEffect(() => {
    if (told !== undefined && told > 0) void refetch();
  }, [told, refetch]);
  return (
    <Section
      title="Censuses so far"
      note="from the journal, newest first"
      aside={<Link href={routes.journal({ stream: dnaStream(source), kind: "dna.census.finished" })}>journal</Link>}
    >
      <QueryWidget query={query} what={`earlier censuses of ${source}`} columns={5}>
        {({ events }) => <HistoryRows events={events.filter((event) => event.kind === "dna.census.finished")} />}
      </QueryWidget>
    </Section>
  );
}

function HistoryRows({ events }: { readonly events: readonly Finished[] }) {
  if (events.length === 0) return <Empty title="None is in the journal." />;
  return (
    <div className="tscroll">
      <table aria-label="Censuses so far">
        <thead>
          <tr>
            <th scope="col">Ended</th>
            <th scope="col">Whose keys</th>
            <th scope="col" className="num">
              keys
            </th>
            <th scope="col" className="num">
              rows
            </th>
            <th scope="col" className="num p2">
              unreadable
            </th>
            <th scope="col" className="num p2">
              took
            </th>
          </tr>
        </thead>
        <tbody>
          {events.map(({ id, body, observedAt }) => (
            <tr key={id}>
              <td>
                <Instant at={observedAt} />
              </td>
              <td>{body.incarnationId === null ? "everybody's" : <Id id={body.incarnationId} form="incarnation" />}</td>
              <td className="num">
                <Count of={body.counts.reduce((sum, { keys }) => sum + keys, 0) + (body.otherKeys ?? 0)} />
              </td>
              <td className="num">
                <Count of={body.rows} />
              </td>
              <td className="num p2">
                <Count of={body.unreadableRows} />
              </td>
              <td className="num p2">{formatDurationMs(body.finishedAt - body.startedAt)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
