"use client";
import { useMemo, useState } from "react";
import { DiagramFrame } from "#components/lifecycle/diagram-frame.tsx";
import { WaysTwin } from "#components/lifecycle/ways-twin.tsx";
import { useAddress } from "#components/ui/address.ts";
import { Crumbs } from "#components/ui/crumbs.tsx";
import { plural } from "#components/ui/format.ts";
import { State } from "#components/ui/glyph.tsx";
import { useIsPast } from "#components/ui/instants.ts";
import { Link } from "#components/ui/link.tsx";
import { useFold, useNow } from "#components/ui/live.ts";
import { NotKnownStreams, OnlyNow } from "#components/ui/not-known.tsx";
import { onDemand } from "#components/ui/on-demand.tsx";
import { routes } from "#components/ui/routes.ts";
import { PageHead, Section } from "#components/ui/section.tsx";
import { useRefusal } from "#components/ui/session.ts";
import { Instant } from "#components/ui/time.tsx";
import { Empty, QueryWidget, Skeleton } from "#components/ui/widget.tsx";
import { shownText } from "#server/contract/event.ts";
import type { LiveState } from "#server/contract/live.ts";
import type { ReaderFold } from "#server/contract/readers.ts";
import { architectureDiagram, architectureMarks } from "./architecture-diagram.ts";
import { architectureView } from "./architecture-view.ts";
import { FiguresSection } from "./figures-section.tsx";
import { PartsTable, type Reader } from "./parts-table.tsx";
import { useFigures, useReaders } from "./use-architecture.ts";
import "./architecture.css";

const RestartDialog = onDemand(() => import("./restart-dialog.tsx").then((module) => module.RestartDialog));

const stateOf = (state: LiveState): LiveState => state;
const FAMILIES = ["dna", "dynflow", "haf", "ingest", "operator", "console"] as const;

/** What this console is made of, and how each part of it fares now. */
export function ArchitecturePage() {
  const live = useFold(stateOf);
  return (
    <div className="page">
      <Crumbs path={[{ text: "Overview", href: routes.overview() }, { text: "Architecture" }]} />
      {live === undefined ? (
        <>
          <PageHead title="Architecture" sub="Reading the first snapshot." />
          <Skeleton rows={10} what="the parts" />
        </>
      ) : (
        <Body live={live} />
      )}
    </div>
  );
}

function Body({ live }: { readonly live: LiveState }) {
  const past = useIsPast();
  const now = useNow();
  const { figures, rates } = useFigures();
  const readers = useReaders();
  const failed = useMemo(() => readersOf(live), [live]);
  const parts = past ? failed.map(({ reader, stream }) => ({ ...reader, stream })) : (readers.data?.readers ?? []);
  const view = architectureView({ live, figures, rates, parts });
  const shape = JSON.stringify(view.seats.map(({ key, label, family }) => [key, label, family]));
  // biome-ignore lint/correctness/useExhaustiveDependencies: the shape says all that the drawing takes from the view
  const diagram = useMemo(() => architectureDiagram(view.seats), [shape]);
  const marks = architectureMarks(view, past ? null : now);
  return (
    <>
      <PageHead
        title={
          view.parked === 0
            ? "Architecture"
            : `${plural(view.parked, "part")} of the console ${view.parked === 1 ? "is" : "are"} parked`
        }
        sub={
          <>
            What this console is made of, and how each part fares. What its states mean is told by{" "}
            <Link href={routes.lifecycles({ kind: "reader" })}>life cycles</Link>.
          </>
        }
      />
      <NotKnownStreams families={FAMILIES} />
      <Section title="Parts" note="systems, readers, journal, feed, commands">
        <DiagramFrame
          diagram={diagram}
          marks={marks}
          note="coloured = how a part fares; magenta = something passes"
          twin={<WaysTwin diagram={diagram} marks={marks} figures />}
        />
        <OnlyNow>Rates, durations and memory: how the console fared is not journalled, only which part failed.</OnlyNow>
      </Section>
      <Section className="sec-gap" title="Parts that act on their own" note="each supervised by itself">
        {past ? (
          <FailedThen failed={failed} />
        ) : (
          <QueryWidget query={readers} what="the parts" rows={8} columns={5}>
            {(data) => <Supervised readers={data.readers} />}
          </QueryWidget>
        )}
      </Section>
      {!past && <FiguresSection view={view} />}
    </>
  );
}

function Supervised({ readers }: { readonly readers: readonly Reader[] }) {
  const { search } = useAddress();
  const [asking, setAsking] = useState<Reader | null>(null);
  return (
    <>
      <PartsTable
        readers={readers}
        selected={search.get("reader")}
        refusal={useRefusal("readers:restart")}
        onRestart={setAsking}
      />
      {asking !== null && <RestartDialog reader={asking} onClose={() => setAsking(null)} />}
    </>
  );
}

interface KnownReader {
  readonly name: string;
  readonly reader: ReaderFold;
  readonly stream: string | null;
}

/** Those that have failed since the console began, as the journal tells it. */
function readersOf({ folds }: LiveState): readonly KnownReader[] {
  const fold = Object.values(folds).find((each) => each.family === "console");
  if (fold?.family !== "console") return [];
  return Object.entries(fold.readers).map(([name, reader]) => {
    const stream = name.slice(0, Math.max(0, name.lastIndexOf("/")));
    return { name, reader, stream: Object.hasOwn(folds, stream) ? stream : null };
  });
}

function FailedThen({ failed }: { readonly failed: readonly KnownReader[] }) {
  if (failed.length === 0)
    return (
      <Empty title="No part had failed by then.">Only parts that fail are journalled; the rest was at work.</Empty>
    );
  return (
    <table aria-label="Parts that had failed">
      <thead>
        <tr>
          <th scope="col">State</th>
          <th scope="col">Part</th>
          <th scope="col">since</th>
          <th scope="col" className="w100 p2">
            Last error
          </th>
        </tr>
      </thead>
      <tbody>
        {failed.map(({ name, reader }) => (
          <tr key={name}>
            <td>
              <State system="reader" word={reader.state} />
            </td>
            <th scope="row" className="mono">
              {name}
            </th>
            <td>
              <Instant at={reader.since} />
            </td>
            <td className="p2 t2 wrap">{reader.reason === null ? "–" : <bdi>{shownText(reader.reason)}</bdi>}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
