"use client";
import { useMemo } from "react";
import { useAddress } from "#components/ui/address.ts";
import { Crumbs } from "#components/ui/crumbs.tsx";
import { plural } from "#components/ui/format.ts";
import { Glyph } from "#components/ui/glyph.tsx";
import { useIsPast } from "#components/ui/instants.ts";
import { NotKnownStreams, OnlyNow, useNotKnown } from "#components/ui/not-known.tsx";
import { routes } from "#components/ui/routes.ts";
import { PageHead } from "#components/ui/section.tsx";
import { Age, Instant } from "#components/ui/time.tsx";
import { Empty, Failure, Skeleton } from "#components/ui/widget.tsx";
import type { Source } from "./plan-lines.ts";
import { PlanList } from "./plan-list.tsx";
import { parseQuery, toPlace } from "./plans-query.ts";
import { useCountsFollow, useSourceFacts, useSources } from "./use-plans.ts";
import { ViewsTabs } from "./views-tabs.tsx";
import "#components/plan/plan.css";
import "./plans.css";

/** Reads are every two seconds; twice that is no longer fresh. */
const READ_EVERY_MS = 2_000;

/** The plans of all sources: unfinished ones live from the feed, all of them in every order from the database. */
export function PlansPage() {
  const { search, go } = useAddress();
  const query = useMemo(() => parseQuery(search), [search]);
  const sources = useSources();
  const facts = useSourceFacts();
  const unknown = useNotKnown("dynflow").length;
  useCountsFollow(sources);
  return (
    <div className="page">
      <Crumbs path={[{ text: "Plans" }]} />
      <PageHead title="Plans" sub={sources === undefined ? "reading…" : <SourceWords sources={sources} />} />
      <ViewsTabs />
      <NotKnownStreams families={["dynflow"]} />
      <OnlyNow>
        Plans that had stopped by then: the database tells of them as they are now. Shown are the unfinished.
      </OnlyNow>
      {sources === undefined ? (
        facts.error === null ? (
          <Skeleton rows={12} columns={8} what="plans" />
        ) : (
          <Failure title="Cannot read the sources" error={facts.error} onRetry={() => facts.refetch()} />
        )
      ) : sources.length === 0 && unknown > 0 ? null : sources.length === 0 ? (
        <Empty title="No Dynflow source is configured.">
          Add one under <span className="mono">dynflow:</span> in the configuration.
        </Empty>
      ) : (
        <PlanList
          sources={sources}
          titles={new Map(facts.data?.sources.map(({ id, title }) => [id, title]))}
          query={query}
          onQuery={(next, { replace }) => go(routes.plans(toPlace(next)), { replace })}
        />
      )}
    </div>
  );
}

/** What needs somebody, and how old each source's word is. */
function SourceWords({ sources }: { readonly sources: readonly Source[] }) {
  const past = useIsPast();
  const paused = sources.flatMap(({ fold }) => Object.values(fold.plans)).filter((plan) => plan.state === "paused");
  return (
    <>
      {paused.length > 0 && `${plural(paused.length, "plan")} paused. `}
      {sources.map(({ id, fold, sample }, index) => {
        const unfinished = Object.keys(fold.plans).length;
        return fold.source.state === "down" ? (
          <span key={id} className="nowrap">
            {index > 0 && " "}
            <span className="t-failed tone">
              <Glyph tone="failed" /> <bdi>{id}</bdi> is down:
            </span>{" "}
            its {plural(unfinished, "unfinished plan")} as of <Instant at={fold.source.since} />
          </span>
        ) : (
          <span key={id} className="nowrap">
            {index > 0 && ", "}
            <bdi>{id}</bdi>{" "}
            {past ? (
              "as it was known then"
            ) : fold.source.state === "starting" ? (
              "is being read"
            ) : (
              <>
                as of <Age at={sample?.asOf ?? null} everyMs={READ_EVERY_MS} />
              </>
            )}
          </span>
        );
      })}
    </>
  );
}
