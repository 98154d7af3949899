"use client";
import { useMemo } from "react";
import { useAddress } from "#components/ui/address.ts";
import { Crumbs } from "#components/ui/crumbs.tsx";
import { dnaFolds, type Sourced } from "#components/ui/folds.ts";
import { useIsPast } from "#components/ui/instants.ts";
import { Link } from "#components/ui/link.tsx";
import { useFold } from "#components/ui/live.ts";
import { NotKnownStreams, OnlyNow } from "#components/ui/not-known.tsx";
import { routes } from "#components/ui/routes.ts";
import { PageHead, Section } from "#components/ui/section.tsx";
import { Age } from "#components/ui/time.tsx";
import { Empty, Failure, QueryWidget, Skeleton, Stale } from "#components/ui/widget.tsx";
import type { DnaFold } from "#server/contract/fold/dna.ts";
import type { LiveState } from "#server/contract/live.ts";
import { CensusCost } from "./census-cost.tsx";
import { CensusHistory } from "./census-history.tsx";
import { CensusResultView, CensusTotals } from "./census-result.tsx";
import { censusResult } from "./census-view.ts";
import { useWalks } from "./use-walks.ts";
import { WalkProgress } from "./walk-progress.tsx";
import "./census.css";

const sourcesOf = ({ folds }: LiveState) => dnaFolds(folds);

/** Who owns how many keys of one source, as last counted; counting them; earlier counts. */
export function CensusPage() {
  const { search } = useAddress();
  const sources = useFold(sourcesOf);
  const wanted = search.get("source");
  const source = sources?.find(({ id }) => id === wanted) ?? (wanted === null ? sources?.[0] : undefined);
  return (
    <div className="page">
      <Crumbs path={[{ text: "Actors", href: routes.actors() }, { text: "Census" }]} />
      {sources === undefined ? (
        <>
          <PageHead title="Census" sub="Reading the first snapshot." />
          <Skeleton rows={8} what="the census" />
        </>
      ) : (
        <>
          <PageHead
            title={source === undefined ? "Census" : `Census of ${source.id}`}
            sub={source === undefined ? "Who owns how many keys." : <Counted fold={source.fold} />}
            actions={sources.length > 1 ? <SourceChoice sources={sources} chosen={source?.id ?? null} /> : undefined}
          />
          <NotKnownStreams families={["dna"]} />
          {source === undefined ? (
            <Empty title={wanted === null ? "No DNA source is configured." : `No DNA source ${wanted} is known.`} />
          ) : (
            <SourceCensus key={source.id} source={source} />
          )}
        </>
      )}
    </div>
  );
}

function SourceChoice(props: { readonly sources: readonly Sourced<DnaFold>[]; readonly chosen: string | null }) {
  return (
    <nav className="seg" aria-label="Source">
      {props.sources.map(({ id }) => (
        <Link key={id} href={routes.census({ source: id })} aria-current={id === props.chosen ? "page" : undefined}>
          {id}
        </Link>
      ))}
    </nav>
  );
}

function Counted({ fold }: { readonly fold: DnaFold }) {
  if (fold.census === null) return "Who owns how many keys: never counted.";
  return (
    <>
      Who owns how many keys, counted <Age at={fold.census.finishedAt} suffix="ago" />.
    </>
  );
}

function SourceCensus({ source: { id, fold } }: { readonly source: Sourced<DnaFold> }) {
  const past = useIsPast();
  const result = useMemo(() => censusResult(fold), [fold]);
  const down = fold.source.state === "down";
  return (
    <div className="stack">
      {past && <OnlyNow>How far a count was at that moment, and what one would cost.</OnlyNow>}
      <div className="cols">
        {!past && <Counting source={id} />}
        {result === null ? (
          <Section title="Counted">
            <Empty title={past ? "The keys had never been counted by then." : "The keys were never counted."}>
              A census walks the register once and counts the keys of every owner and type.
            </Empty>
          </Section>
        ) : (
          <CensusTotals result={result} />
        )}
      </div>
      {result !== null && (
        <Stale stale={down} asOf={result.countedAt} why={`${id} is down: it cannot be counted again now.`}>
          <div className="stack">
            <CensusResultView source={id} result={result} />
          </div>
        </Stale>
      )}
      <CensusHistory source={id} />
    </div>
  );
}

function Counting({ source }: { readonly source: string }) {
  const walks = useWalks(source);
  const { current, latest, list } = walks;
  const broken = latest !== null && (latest.state === "failed" || latest.state === "cancelled") ? latest : null;
  return (
    <Section title={current === null ? "Count them" : "Being counted"} note="one count of a source at a time">
      <QueryWidget query={list} what={`the counts of ${source}`} rows={3}>
        {() => (
          <>
            {current !== null && <WalkProgress source={source} walk={current} walks={walks} />}
            {current === null && broken !== null && <WalkProgress source={source} walk={broken} walks={walks} />}
            {current === null && <CensusCost source={source} walks={walks} />}
            {walks.error != null && <Failure title="Not done" error={walks.error} />}
          </>
        )}
      </QueryWidget>
    </Section>
  );
}
