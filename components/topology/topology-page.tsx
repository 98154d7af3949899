"use client";
import { useCallback, useDeferredValue, useMemo } from "react";
import { ChangedContext } from "#components/time-travel/changed.ts";
import { useAddress } from "#components/ui/address.ts";
import { type Crumb, Crumbs } from "#components/ui/crumbs.tsx";
import { useEstate } from "#components/ui/estate.ts";
import { dnaFolds } from "#components/ui/folds.ts";
import { plural } from "#components/ui/format.ts";
import { useKeys } from "#components/ui/keys.tsx";
import { useFold } from "#components/ui/live.ts";
import { NotKnownStreams, useNotKnown } from "#components/ui/not-known.tsx";
import { onDemand } from "#components/ui/on-demand.tsx";
import { routes, type TopologyPlace } from "#components/ui/routes.ts";
import { PageHead, Section } from "#components/ui/section.tsx";
import { Empty, Skeleton } from "#components/ui/widget.tsx";
import type { LiveState } from "#server/contract/live.ts";
import { thingKey } from "#server/contract/view/things.ts";
import { DatabaseHosts } from "./database-hosts.tsx";
import { LAYERS, type Layer, type LayerView, layersOf, layersView, withLayer } from "./estate-layers.ts";
import { EstateMap } from "./estate-map.tsx";
import { type Drill, estateView, nodeWord, type RegionView } from "./estate-view.ts";
import { LayerBar } from "./layer-bar.tsx";
import { MapBar } from "./map-bar.tsx";
import { filterOf, isMeant } from "./map-filter.ts";
import { worstFirst } from "./map-scene.ts";
import { NodeDrawer } from "./node-drawer.tsx";
import { nodeRows } from "./node-rows.ts";
import { NodeTable } from "./node-table.tsx";
import { SourceHealth } from "./source-health.tsx";
import { TopologyDiffSection, useTopologyDiff } from "./topology-diff.tsx";
import { useSettled } from "./use-settled.ts";
import { selectedThing } from "./use-ties.ts";
import "./map.css";

const HostDrawer = onDemand(() => import("./host-drawer.tsx").then((module) => module.HostDrawer));
const ThingDrawer = onDemand(() => import("./thing-drawer.tsx").then((module) => module.ThingDrawer));
const ThingTables = onDemand(() => import("./thing-table.tsx").then((module) => module.ThingTables));

const CLOSED = { node: null, of: null, host: null, thing: null, id: null } as const;
const NO_LAYERS: readonly LayerView[] = [];

function countLayers(regions: readonly RegionView[], layers: readonly LayerView[]): Readonly<Record<Layer, number>> {
  const inLayer = (layer: Layer): number =>
    layers.find((one) => one.layer === layer)?.groups.reduce((sum, { things }) => sum + things.length, 0) ?? 0;
  return {
    dna: regions.reduce((sum, { clusters }) => sum + clusters.reduce((all, { places }) => all + places.length, 0), 0),
    database: regions.reduce(
      (sum, { databases }) => sum + databases.reduce((all, { hosts }) => all + hosts.length, 0),
      0,
    ),
    dynflow: inLayer("dynflow"),
    haf: inLayer("haf"),
    agents: inLayer("agents"),
  };
}

const sourcesOf = ({ folds }: LiveState) => dnaFolds(folds);

/** Estate to region to cluster to node: a map that stands still, and its table. */
export function TopologyPage() {
  const { search, go } = useAddress();
  const estate = useEstate();
  const sources = useFold(sourcesOf);
  const unknown = useNotKnown("dna").length;
  const difference = useTopologyDiff();
  const place = useMemo(() => placeOf(search), [search]);
  const { region = null, source = null, cluster = null, view, state = null, text = null, others = null } = place;
  const drill = useMemo<Drill>(() => ({ region, source, cluster }), [region, source, cluster]);
  const whole = useMemo(
    () => (sources === undefined || estate === undefined ? undefined : estateView(sources, estate, EVERYWHERE)),
    [sources, estate],
  );
  const regions = useMemo(
    () =>
      sources === undefined || estate === undefined
        ? undefined
        : isEverywhere(drill)
          ? whole
          : estateView(sources, estate, drill),
    [sources, estate, drill, whole],
  );
  const filter = useMemo(() => filterOf({ state, text, others }), [state, text, others]);
  useKeys(
    [
      {
        keys: "T",
        does: "map or table",
        run: () => go(routes.topology({ ...place, view: view === "table" ? null : "table" }), { replace: true }),
      },
    ],
    { group: "Topology" },
  );
  const layersTold = useCallback(
    ({ folds }: LiveState) => (estate === undefined ? [] : layersView(folds, estate, drill)),
    [estate, drill],
  );
  const layers = useFold(layersTold) ?? NO_LAYERS;
  const settled = useSettled(estate);
  const shown = useMemo(() => layersOf(place.layers), [place.layers]);
  const shownLayers = useMemo(() => layers.filter(({ layer }) => shown.has(layer)), [layers, shown]);
  const layerCounts = useMemo(() => countLayers(whole ?? [], layers), [whole, layers]);
  const owned = useMemo(() => Object.assign({}, ...(sources ?? []).map(({ fold }) => fold.owned)), [sources]);
  // The table comes after the map: while states change fast, the map is what is looked at.
  const late = useDeferredValue(regions);
  const everyRow = useMemo(() => (late === undefined ? [] : nodeRows(late, owned)), [late, owned]);
  const rows = useMemo(() => everyRow.filter((row) => isMeant(filter, row)), [everyRow, filter]);
  const counts = useMemo(() => countsOf(regions ?? []), [regions]);
  const chosen = selectedThing(place);
  const close = () => go(routes.topology({ ...place, ...CLOSED }));
  return (
    <div className="page">
      <Crumbs path={crumbsOf(place, regions)} />
      <PageHead
        title="Topology"
        sub={regions === undefined ? "Reading the first snapshot." : <Counts regions={regions} />}
      />
      <NotKnownStreams families={["dna", "dynflow", "haf", "ingest"]} />
      {regions === undefined ? (
        <Skeleton rows={8} what="the estate" />
      ) : regions.length === 0 && unknown > 0 ? null : regions.length + layers.length === 0 ? (
        <Empty title="No node has been seen.">Clusters appear with the first row of their nodes table.</Empty>
      ) : (
        <ChangedContext value={difference.changed}>
          <div className="stack">
            <TopologyDiffSection {...difference} />
            <MapBar
              place={place}
              onPlace={(next) => go(routes.topology(next), { replace: true })}
              counts={counts}
              regions={whole ?? []}
              clusters={(whole ?? [])
                .filter(({ id }) => region === null || id === region)
                .flatMap(({ clusters }) => clusters)}
              found={rows.length}
              all={everyRow.length}
            />
            <LayerBar
              counts={layerCounts}
              shown={shown}
              onToggle={(layer) =>
                go(
                  routes.topology({
                    ...place,
                    layers: withLayer(
                      shown,
                      layer,
                      LAYERS.filter((one) => layerCounts[one] > 0),
                    ),
                  }),
                  { replace: true },
                )
              }
            />
            {view !== "table" && (
              <EstateMap
                regions={regions}
                drill={drill}
                place={place}
                loadBalancer={estate?.loadBalancer ?? null}
                owned={owned}
                filter={filter}
                layers={layers}
                shown={shown}
                settled={settled}
              />
            )}
            {shown.has("dna") && (
              <Section
                title="The same as a table"
                note={`worst first, ${plural(rows.length, "row")}`}
                aside={<kbd title="map or table">T</kbd>}
              >
                <NodeTable rows={rows} place={place} all={everyRow.length} />
              </Section>
            )}
            {shown.has("database") && <DatabaseHosts regions={regions} place={place} />}
            {shownLayers.length > 0 && <ThingTables layers={shownLayers} filter={filter} place={place} />}
            {source !== null && <SourceHealth source={source} />}
          </div>
        </ChangedContext>
      )}
      {place.node != null && (place.of ?? source) !== null && (
        <NodeDrawer
          key={place.node}
          source={place.of ?? source ?? ""}
          incarnation={place.node}
          onClose={() => go(routes.topology({ ...place, node: null, of: null }))}
        />
      )}
      {chosen?.kind === "host" && <HostDrawer key={chosen.id} name={chosen.id} onClose={close} />}
      {chosen !== null && chosen.kind !== "host" && chosen.kind !== "node" && (
        <ThingDrawer key={thingKey(chosen)} thing={chosen} onClose={close} />
      )}
    </div>
  );
}

const placeOf = (search: ReturnType<typeof useAddress>["search"]): TopologyPlace => ({
  region: search.get("region"),
  source: search.get("source"),
  cluster: search.get("cluster"),
  node: search.get("node"),
  of: search.get("of"),
  view: search.get("view") === "table" ? "table" : null,
  state: search.get("state"),
  text: search.get("q"),
  others: search.get("others") === "hidden" ? "hidden" : null,
  layers: search.get("layers"),
  host: search.get("host"),
  thing: search.get("thing"),
  id: search.get("id"),
});

function Counts({ regions }: { readonly regions: readonly RegionView[] }) {
  const unknown = useNotKnown("dna").length;
  const clusters = regions.flatMap((region) => region.clusters);
  const hosts = regions.flatMap((region) => region.databases.flatMap((database) => database.hosts)).length;
  const nodes = clusters.reduce((sum, { places }) => sum + places.length, 0);
  if (regions.length === 0 && unknown > 0) return `${plural(unknown, "source")} not known then.`;
  return (
    <>
      {plural(regions.length, "region")}, {plural(clusters.length, "cluster")}, {plural(nodes, "node")},{" "}
      {plural(hosts, "database host")}. <span className="t3">The map stands still: a state never moves a node.</span>
    </>
  );
}

const EVERYWHERE: Drill = { region: null, source: null, cluster: null };
const isEverywhere = ({ region, source, cluster }: Drill): boolean =>
  region === null && source === null && cluster === null;

/** How many incarnations are in which state, worst first; a flag that does not show as a state is counted beside. */
function countsOf(regions: readonly RegionView[]) {
  const counts = new Map<string, number>();
  const count = (word: string) => counts.set(word, (counts.get(word) ?? 0) + 1);
  for (const region of regions) {
    for (const { places } of region.clusters) {
      for (const { incarnations } of places) {
        for (const { node } of incarnations) {
          count(nodeWord(node));
          if (node.flags.superseded !== undefined) count("superseded");
        }
      }
    }
  }
  return worstFirst(counts);
}

function crumbsOf(
  { region, source, cluster, node }: TopologyPlace,
  regions: readonly RegionView[] | undefined,
): readonly Crumb[] {
  const home = regions?.find((one) => one.clusters.some((view) => view.source === source) || one.id === region);
  const name = home?.clusters
    .flatMap(({ places }) => places)
    .find(({ incarnations }) => incarnations.some(({ id }) => id === node));
  const path: Crumb[] = [{ text: "Estate", href: routes.topology() }];
  if (home !== undefined && (region != null || source != null))
    path.push({ text: home.title, href: routes.topology({ region: home.id === "" ? null : home.id }) });
  if (source != null) path.push({ text: source, href: routes.topology({ source }) });
  if (cluster != null && cluster !== source)
    path.push({ text: cluster, href: routes.topology({ source: source ?? null, cluster }) });
  if (name !== undefined) path.push({ text: name.name, mono: true });
  return path.length === 1 ? [{ text: "Topology" }] : path;
}
