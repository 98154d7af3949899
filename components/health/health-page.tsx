"use client";
import { useAddress } from "#components/ui/address.ts";
import { Crumbs } from "#components/ui/crumbs.tsx";
import { dnaFolds } from "#components/ui/folds.ts";
import { Link } from "#components/ui/link.tsx";
import { useFold } from "#components/ui/live.ts";
import { NotKnownStreams } from "#components/ui/not-known.tsx";
import { routes } from "#components/ui/routes.ts";
import { PageHead } from "#components/ui/section.tsx";
import { Empty, Skeleton } from "#components/ui/widget.tsx";
import type { LiveState } from "#server/contract/live.ts";
import { healthOf } from "#server/contract/view/health-checks.ts";
import { SourceChecks, sentenceOf } from "./source-checks.tsx";

const sourcesOf = ({ folds }: LiveState) => dnaFolds(folds);

/** What DNA itself does not notice: every check of every cluster, worst first, explained, with what to do. */
export function HealthPage() {
  const { search } = useAddress();
  const sources = useFold(sourcesOf);
  const wanted = search.get("source");
  const chosen = sources?.filter(({ id }) => wanted === null || id === wanted);
  return (
    <div className="page">
      <Crumbs path={[{ text: "Topology", href: routes.topology() }, { text: "Health" }]} />
      <PageHead
        title={wanted === null ? "Health" : `Health of ${wanted}`}
        sub={
          chosen === undefined
            ? "Reading the first snapshot."
            : `What DNA does not notice by itself: ${sentenceOf(chosen.flatMap(({ fold }) => healthOf(fold)))}.`
        }
        actions={
          sources !== undefined && sources.length > 1 ? (
            <nav className="seg" aria-label="Source">
              <Link href={routes.health()} aria-current={wanted === null ? "page" : undefined}>
                all
              </Link>
              {sources.map(({ id }) => (
                <Link key={id} href={routes.health({ source: id })} aria-current={id === wanted ? "page" : undefined}>
                  {id}
                </Link>
              ))}
            </nav>
          ) : undefined
        }
      />
      <NotKnownStreams families={["dna"]} />
      {chosen === undefined ? (
        <Skeleton rows={12} what="the checks" />
      ) : chosen.length === 0 ? (
        <Empty title={wanted === null ? "No DNA source is configured." : `No DNA source ${wanted} is known.`} />
      ) : (
        <div className="stack">
          {chosen.map(({ id }) => (
            <SourceChecks key={id} source={id} open={search.get("check")} />
          ))}
        </div>
      )}
    </div>
  );
}
