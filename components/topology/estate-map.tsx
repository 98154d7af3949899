"use client";
import { useCallback, useEffect, useMemo, useRef, useState } from "react";
import { useGlance } from "#components/nodes/use-glance.ts";
import { useChanged } from "#components/time-travel/changed.ts";
import { useAddress } from "#components/ui/address.ts";
import { plural } from "#components/ui/format.ts";
import { useIsPast } from "#components/ui/instants.ts";
import { useFold, useNow } from "#components/ui/live.ts";
import { routes, type TopologyPlace } from "#components/ui/routes.ts";
import { useWidth } from "#components/ui/width.ts";
import type { OwnedFold } from "#server/contract/fold/dna.ts";
import type { Samples } from "#server/contract/live.ts";
import type { EstateOutput } from "#server/contract/wire/estate.ts";
import { LAYERS, type Layer, type LayerView } from "./estate-layers.ts";
import { type Drill, keysOf, type RegionView } from "./estate-view.ts";
import { panned, showing, zoomAt, zoomOfKey } from "./map-camera.ts";
import { MapCanvas } from "./map-canvas.tsx";
import { isFiltering, type NodeFilter } from "./map-filter.ts";
import { CELL, type Room } from "./map-layout.ts";
import { MapLegend } from "./map-legend.tsx";
import { usePlaces } from "./map-memory.ts";
import { besideNode } from "./map-moves.ts";
import {
  type BarValue,
  cellWords,
  type MapCell,
  type MapNode,
  type MapScene,
  nodesOf,
  placeLayers,
  placeRegions,
} from "./map-scene.ts";
import { MapTwin } from "./map-twin.tsx";
import { insideOf } from "./node-inside.ts";
import { nodeSamplesOf } from "./node-samples.ts";
import { useCamera } from "./use-camera.ts";
import { useMapPointer } from "./use-map-pointer.ts";
import { useNear } from "./use-near.ts";
import { useTies } from "./use-ties.ts";

interface EstateMapProps {
  readonly regions: readonly RegionView[];
  readonly drill: Drill;
  readonly place: TopologyPlace;
  readonly loadBalancer: EstateOutput["loadBalancer"];
  readonly owned: Readonly<Record<string, OwnedFold>>;
  readonly filter: NodeFilter;
  /** The systems beside the clusters, also those that are not shown: their places are kept free. */
  readonly layers?: readonly LayerView[];
  readonly shown?: ReadonlySet<Layer>;
  /** Whether every source has been heard of: from then on what has a place keeps it. */
  readonly settled?: boolean;
}

const NO_LAYERS: readonly LayerView[] = [];
const EVERY_LAYER: ReadonlySet<Layer> = new Set(LAYERS);

/** A full load bar is a host with every scheduler busy; nobody tells how many there are, so eight. */
const LOAD_MAX = 8;
/** So many nodes are links of their own; of more, one is told at a time. */
const LINKS_MAX = 240;
const HEIGHT_MAX_PX = 640;
const HEIGHT_MIN_PX = 200;
/** Of the window's height: the table below must be seen to be there. */
const HEIGHT_SHARE = 0.66;
const PAN_KEY_PX = 80;
const MINUTE_MS = 60_000;
const BARS: readonly (readonly [BarValue, string])[] = [
  ["load", "load"],
  ["keys", "keys owned"],
  ["running", "running"],
];
const NO_SAMPLES: Samples = {};

/** Load balancer, regions, clusters, nodes, database hosts. It stands still: what has a place keeps it. */
export function EstateMap(props: EstateMapProps) {
  const [ref, width] = useWidth<HTMLDivElement>();
  const [height, setHeight] = useState<number | null>(null);
  useEffect(() => setHeight(Math.min(HEIGHT_MAX_PX, Math.round(window.innerHeight * HEIGHT_SHARE))), []);
  const balanced = props.loadBalancer !== null;
  const room = useMemo<Room | null>(
    () => (width === null || height === null || width === 0 ? null : { width, height, loadBalancer: balanced }),
    [width, height, balanced],
  );
  return (
    <div ref={ref} className="map-area">
      {room === null ? <div className="map-wait" /> : <PlacedMap {...props} room={room} />}
    </div>
  );
}

function PlacedMap(props: EstateMapProps & { readonly room: Room }) {
  const { regions, drill, place, loadBalancer, owned, filter, room } = props;
  const { layers = NO_LAYERS, shown = EVERY_LAYER, settled = true } = props;
  const box = useRef<HTMLDivElement>(null);
  const { go } = useAddress();
  const past = useIsPast();
  const changed = useChanged();
  const samples = useFold(nodeSamplesOf) ?? NO_SAMPLES;
  const [bar, setBar] = useState<BarValue>("load");
  const [cursor, setCursor] = useState<string | null>(null);
  // Who has moved the view looks at something: only a map that is shown whole is laid out for another width.
  const [steady, setSteady] = useState(room);
  const { layout, slots } = usePlaces(regions, layers, drill, steady, settled);
  const { handle, fitted, fitScale, showAll } = useCamera(box, layout);
  if (fitted && steady !== room) setSteady(room);
  const placed = useMemo(
    () => placeRegions({ regions, layout, slots, filter, changed }),
    [regions, layout, slots, filter, changed],
  );
  const all = useMemo(() => (shown.has("dna") ? nodesOf(placed) : NO_NODES), [placed, shown]);
  const drawn = useMemo(
    () =>
      placeLayers({
        layers: layers.filter(({ layer }) => shown.has(layer)),
        ...{ layout, slots, filter },
      }),
    [layers, shown, layout, slots, filter],
  );
  const cells = useMemo<readonly MapCell[]>(
    () => [...all, ...drawn.flatMap(({ groups }) => groups.flatMap((group) => group.cells))],
    [all, drawn],
  );
  const { selected, ties } = useTies(place, cells);
  const glances = useGlance(useNear(box, handle, all));
  const inside = useCallback<MapScene["insideOf"]>(
    (stream, incarnation) => insideOf(samples, glances, stream, incarnation),
    [samples, glances],
  );
  const now = useNow();
  const minute = now === null ? null : Math.floor(now / MINUTE_MS) * MINUTE_MS;
  const scene = useMemo<MapScene>(
    () => ({
      layout,
      loadBalancer: loadBalancer === null ? null : { title: loadBalancer.title, regions: loadBalancer.regions.length },
      regions: placed,
      nodes: all,
      layers: drawn,
      cells,
      shown,
      ties,
      samples,
      owned,
      insideOf: inside,
      bar,
      barMax: bar === "load" ? LOAD_MAX : Math.max(1, ...barValues(bar, owned, inside, all)),
      filter,
      selected,
      cursor,
      nowMs: minute,
      unsampled: past ? "heartbeat not kept" : "not sampled",
    }),
    [
      layout,
      loadBalancer,
      placed,
      samples,
      owned,
      inside,
      bar,
      all,
      filter,
      selected,
      cursor,
      minute,
      past,
      drawn,
      cells,
      shown,
      ties,
    ],
  );
  const reachable = useMemo(() => (isFiltering(filter) ? cells.filter(({ meant }) => meant) : cells), [cells, filter]);
  const linked = reachable.length <= LINKS_MAX;
  const here = reachable.find(({ key }) => key === cursor) ?? null;
  const hrefOf = (cell: MapCell) => cellHref(place, cell);
  const open = (node: MapCell) => {
    setCursor(node.key);
    go(hrefOf(node));
  };
  useMapPointer({ box, scene, camera: handle, fit: fitScale, onPress: open });
  useShown(box, handle, here);

  const zoomBy = (by: number) => {
    const element = box.current;
    if (element === null) return;
    const view = { width: element.clientWidth, height: element.clientHeight };
    const now = handle.now();
    const at =
      here === null
        ? { x: view.width / 2, y: view.height / 2 }
        : { x: (here.x + CELL.width / 2 - now.x) * now.scale, y: (here.y + CELL.height / 2 - now.y) * now.scale };
    handle.move(panned(zoomAt(now, by, at, fitScale), 0, 0, layout, view));
  };
  const onKeyDown = (event: React.KeyboardEvent) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const zoom = zoomOfKey(event.key);
    const arrow = ARROWS[event.key];
    if (zoom === "fit") showAll();
    else if (zoom !== null) zoomBy(zoom);
    else if (event.shiftKey && arrow !== undefined) {
      const element = box.current;
      if (element === null) return;
      const view = { width: element.clientWidth, height: element.clientHeight };
      handle.move(panned(handle.now(), arrow[0] * PAN_KEY_PX, arrow[1] * PAN_KEY_PX, layout, view));
    } else if (event.key === "Enter" && here !== null && !linked) open(here);
    else {
      const next = besideNode(reachable, here, event.key);
      if (next === null) return;
      setCursor(next.key);
      if (linked) linkOf(box.current, next.key)?.focus();
    }
    event.preventDefault();
    event.stopPropagation();
  };
  const scaled = Math.min(1 / layout.unit, room.width / layout.first.width);
  const shownHeight = Math.max(HEIGHT_MIN_PX, Math.min(room.height, Math.ceil(layout.first.height * scaled)));
  const many = all.length;
  const things = cells.length - many;
  return (
    <>
      <div className="map-head">
        <span className="small t3 map-hint">Drag moves; Ctrl and the wheel, or + and −, zoom; 0 fits</span>
        <span className="t3 small">bar shows</span>
        {/* biome-ignore lint/a11y/useSemanticElements: buttons that belong together, not a set of fields */}
        <span className="seg" role="group" aria-label="Bar shows">
          {BARS.map(([value, title]) => (
            <button key={value} type="button" aria-pressed={bar === value} onClick={() => setBar(value)}>
              {title}
            </button>
          ))}
        </span>
        {/* biome-ignore lint/a11y/useSemanticElements: buttons that belong together, not a set of fields */}
        <span className="seg" role="group" aria-label="Zoom">
          <button type="button" aria-label="Zoom out" onClick={() => zoomBy(1 / 1.5)}>
            −
          </button>
          <button type="button" aria-label="Zoom in" onClick={() => zoomBy(1.5)}>
            +
          </button>
          <button type="button" aria-pressed={fitted} onClick={showAll}>
            Fit
          </button>
        </span>
      </div>
      {loadBalancer !== null && layout.bodyX < CELL.width * layout.unit && (
        <p className="small t3 map-lb">
          <b className="strong">{loadBalancer.title}</b>, load balancer of{" "}
          {plural(loadBalancer.regions.length, "region")}
        </p>
      )}
      {/* biome-ignore lint/a11y/useSemanticElements: a group of nodes that arrow keys move through, not a set of fields */}
      <div
        ref={box}
        className={fitted ? "map-box" : "map-box zoomed"}
        style={{ height: shownHeight }}
        role="group"
        tabIndex={linked ? -1 : 0}
        aria-label={`Map of ${plural(many, "node")}${things === 0 ? "" : ` and ${plural(things, "other thing")}`}; arrow keys move between nodes, Enter opens, plus, minus and zero zoom; the table below says the same`}
        onKeyDown={onKeyDown}
      >
        <MapCanvas box={box} scene={scene} camera={handle} />
        <MapTwin
          scene={scene}
          camera={handle}
          nodes={linked ? reachable : NO_NODES}
          tabbable={here?.key ?? reachable[0]?.key ?? null}
          hrefOf={hrefOf}
          onFocus={({ key }) => setCursor(key)}
        />
      </div>
      <span role="status" className="vh">
        {here === null || linked ? "" : cellWords(scene, here)}
      </span>
      <MapLegend cells={cells} />
    </>
  );
}

/** Opens the drawer of what stands there, and closes any other. */
function cellHref(place: TopologyPlace, cell: MapCell) {
  const still = { ...place, node: null, of: null, host: null, thing: null, id: null };
  if (cell.sort === "node") return routes.topology({ ...still, of: cell.source, node: cell.lead.id });
  const { kind, source, id } = cell.thing.ref;
  return routes.topology({ ...still, thing: kind, of: source, id });
}

/** Keys hold names from elsewhere: they are compared, never put into a selector. */
function linkOf(box: HTMLElement | null, key: string): HTMLElement | null {
  for (const link of box?.querySelectorAll<HTMLElement>("[data-cell]") ?? [])
    if (link.dataset.cell === key) return link;
  return null;
}

const NO_NODES: readonly MapNode[] = [];

const ARROWS: Readonly<Record<string, readonly [number, number]>> = {
  ArrowRight: [1, 0],
  ArrowLeft: [-1, 0],
  ArrowDown: [0, 1],
  ArrowUp: [0, -1],
};

function barValues(
  bar: BarValue,
  owned: Readonly<Record<string, OwnedFold>>,
  inside: MapScene["insideOf"],
  nodes: readonly MapNode[],
): readonly number[] {
  if (bar === "keys") return Object.values(owned).map((one) => keysOf(one) ?? 0);
  return nodes.map((node) => inside(node.stream, node.lead.id)?.running ?? 0);
}

/** Moves the view to the node that the keys are on. */
function useShown(
  box: React.RefObject<HTMLDivElement | null>,
  camera: ReturnType<typeof useCamera>["handle"],
  node: MapCell | null,
): void {
  const [x, y] = [node?.x, node?.y];
  useEffect(() => {
    const element = box.current;
    if (element === null || x === undefined || y === undefined) return;
    const view = { width: element.clientWidth, height: element.clientHeight };
    const now = camera.now();
    const next = showing(now, { x, y, width: CELL.width, height: CELL.height }, view);
    if (next !== now) camera.move(next);
  }, [box, camera, x, y]);
}
