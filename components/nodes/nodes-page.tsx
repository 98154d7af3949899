"use client";
import { useDeferredValue, useMemo } from "react";
import { estateView, nodeWord } from "#components/topology/estate-view.ts";
import { MapBar } from "#components/topology/map-bar.tsx";
import { filterOf, isMeant } from "#components/topology/map-filter.ts";
import { worstFirst } from "#components/topology/map-scene.ts";
import { nodeRows } from "#components/topology/node-rows.ts";
import { useAddress } from "#components/ui/address.ts";
import { Crumbs } from "#components/ui/crumbs.tsx";
import { useEstate } from "#components/ui/estate.ts";
import { dnaFolds } from "#components/ui/folds.ts";
import { formatCount, plural } from "#components/ui/format.ts";
import { Link } from "#components/ui/link.tsx";
import { useFold, useNow } from "#components/ui/live.ts";
import { NotKnownStreams, useNotKnown } from "#components/ui/not-known.tsx";
import { type NodesPlace, routes } from "#components/ui/routes.ts";
import { PageHead } from "#components/ui/section.tsx";
import { Empty, Skeleton } from "#components/ui/widget.tsx";
import type { LiveState, Samples } from "#server/contract/live.ts";
import { nodeLines, orderOf, orderText, sortedLines } from "./node-lines.ts";
import { NodesTable } from "./nodes-table.tsx";
import "#components/topology/map.css";
import "./nodes.css";

const sourcesOf = ({ folds }: LiveState) => dnaFolds(folds);
const samplesOf = ({ samples }: LiveState): Samples => samples;
const NO_SAMPLES: Samples = {};
const EVERYWHERE = { region: null, source: null, cluster: null };

/** Every incarnation that is known, alive or long dead: found by state, cluster and name, sorted by any column. */
export function NodesPage() {
  const { search, go } = useAddress();
  const estate = useEstate();
  const sources = useFold(sourcesOf);
  const samples = useFold(samplesOf) ?? NO_SAMPLES;
  const unknown = useNotKnown("dna").length;
  const minute = Math.floor((useNow() ?? 0) / 60_000) * 60_000;
  const place: NodesPlace = {
    source: search.get("source"),
    cluster: search.get("cluster"),
    state: search.get("state"),
    text: search.get("q"),
    sort: search.get("sort"),
  };
  const { source = null, cluster = null, state = null, text = null, sort = null } = place;
  const rows = useMemo(() => {
    if (sources === undefined || estate === undefined) return undefined;
    const owned = Object.assign({}, ...sources.map(({ fold }) => fold.owned));
    return nodeRows(estateView(sources, estate, EVERYWHERE), owned);
  }, [sources, estate]);
  const filter = useMemo(() => filterOf({ state, text, others: null }), [state, text]);
  const here = useMemo(
    () =>
      (rows ?? []).filter(
        (row) => (source === null || row.source === source) && (cluster === null || row.cluster === cluster),
      ),
    [rows, source, cluster],
  );
  const late = useDeferredValue(samples);
  const order = useMemo(() => orderOf(sort), [sort]);
  const lines = useMemo(() => {
    const meant = here.filter((row) => isMeant(filter, row));
    return sortedLines(nodeLines(meant, late, minute === 0 ? null : minute), order);
  }, [here, filter, late, minute, order]);
  const counts = useMemo(() => {
    const counted = new Map<string, number>();
    const count = (word: string) => counted.set(word, (counted.get(word) ?? 0) + 1);
    for (const { node } of here) {
      count(nodeWord(node));
      if (node.flags.superseded !== undefined) count("superseded");
    }
    return worstFirst(counted);
  }, [here]);
  const clusters = useMemo(() => clustersOf(rows ?? []), [rows]);
  const put = (next: NodesPlace) => go(routes.nodes(next), { replace: true });
  return (
    <div className="page">
      <Crumbs path={[{ text: "Nodes" }]} />
      <PageHead
        title="Nodes"
        sub={
          rows === undefined ? (
            "Reading the first snapshot."
          ) : (
            <>
              {plural(new Set(rows.map((row) => `${row.source} ${row.node.node}`)).size, "name")},{" "}
              {plural(rows.length, "incarnation")}.{" "}
              <span className="t3">
                A restart is a new incarnation; rows of dead ones are the normal resting state.
              </span>
            </>
          )
        }
      />
      <NotKnownStreams families={["dna"]} />
      {rows === undefined ? (
        <Skeleton rows={12} columns={6} what="the nodes" />
      ) : rows.length === 0 ? (
        unknown > 0 ? null : (
          <Empty title="No node has been seen.">They appear with the first row of a nodes table.</Empty>
        )
      ) : (
        <div className="stack">
          <MapBar
            place={place}
            dims={false}
            onPlace={({ source: to, cluster: of, state: words, text: said }) =>
              put({ ...place, source: to ?? null, cluster: of ?? null, state: words ?? null, text: said ?? null })
            }
            counts={counts}
            regions={NO_REGIONS}
            clusters={clusters}
            found={lines.length}
            all={here.length}
          />
          {lines.length === 0 ? (
            <Empty title={`None of ${formatCount(here.length)} incarnations matches.`}>
              <Link href={routes.nodes({ source, cluster })}>Show all</Link>
            </Empty>
          ) : (
            <NodesTable lines={lines} order={order} onOrder={(next) => put({ ...place, sort: orderText(next) })} />
          )}
        </div>
      )}
    </div>
  );
}

const NO_REGIONS: readonly { readonly id: string; readonly title: string }[] = [];

function clustersOf(rows: readonly { readonly source: string; readonly cluster: string }[]) {
  const known = new Map<string, { readonly source: string; readonly cluster: string }>();
  for (const { source, cluster } of rows) known.set(`${source} ${cluster}`, { source, cluster });
  return [...known].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, one]) => one);
}
