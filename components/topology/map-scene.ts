/** What the map shows, node by node, in map pixels. Pure. */
import { formatAgeMs, formatCount, formatNumber, plural } from "#components/ui/format.ts";
import type { OwnedFold } from "#server/contract/fold/dna.ts";
import type { NodeSample, Samples } from "#server/contract/live.ts";
import { lookOf, type Shape, TONES_WORST_FIRST, type Tone } from "#server/kernel/states.ts";
import { kindWord, type Layer, type LayerGroup, type LayerThing, type LayerView } from "./estate-layers.ts";
import {
  type ClusterView,
  type Incarnation,
  keysOf,
  type NodePlace,
  nodeWord,
  type RegionView,
} from "./estate-view.ts";
import { isMeant, isThingMeant, type NodeFilter } from "./map-filter.ts";
import { CELL, type ClusterBox, type EstateLayout, placeAt, type RegionBox, slotUnder } from "./map-layout.ts";
import type { Slots } from "./map-slots.ts";
import type { NodeInside } from "./node-inside.ts";

export type BarValue = "load" | "keys" | "running";

/** What the map draws in one place. */
interface MapCellBase {
  /** Unique on the map; the same for every incarnation of a name. */
  readonly key: string;
  readonly slot: number;
  readonly word: string;
  readonly tone: Tone;
  readonly shape: Shape;
  readonly look: "quiet" | "loud" | "hatched";
  readonly x: number;
  readonly y: number;
  /** The filter means it. */
  readonly meant: boolean;
  /** It differs from the instant that is compared with. */
  readonly changed: boolean;
}

/** One node name of a cluster. */
export interface MapNode extends MapCellBase {
  readonly sort: "node";
  readonly stream: string;
  readonly source: string;
  readonly place: NodePlace;
  readonly lead: Incarnation;
}

/** A thing of another system. */
export interface MapThing extends MapCellBase {
  readonly sort: "thing";
  readonly thing: LayerThing;
}

export type MapCell = MapNode | MapThing;

/** The things of one source of a layer. */
export interface MapGroup {
  readonly view: LayerGroup;
  readonly box: ClusterBox;
  readonly cells: readonly MapThing[];
  readonly bySlot: ReadonlyMap<number, MapThing>;
  readonly counts: readonly StateCount[];
  readonly old: boolean;
}

export interface MapLayer {
  readonly view: LayerView;
  readonly box: RegionBox;
  readonly groups: readonly MapGroup[];
}

/** A line between what is selected and what is related to it. */
export interface MapTie {
  readonly from: MapCell;
  readonly to: MapCell;
  readonly sure: boolean;
}

export interface MapCluster {
  readonly key: string;
  readonly view: ClusterView;
  readonly box: ClusterBox;
  readonly nodes: readonly MapNode[];
  readonly bySlot: ReadonlyMap<number, MapNode>;
  /** Worst first. */
  readonly counts: readonly StateCount[];
  /** The source is not heard. */
  readonly old: boolean;
}

export interface StateCount {
  readonly word: string;
  readonly tone: Tone;
  readonly shape: Shape;
  readonly count: number;
}

export interface MapRegion {
  readonly view: RegionView;
  readonly box: RegionBox;
  readonly clusters: readonly MapCluster[];
}

export interface MapScene {
  readonly layout: EstateLayout;
  readonly loadBalancer: { readonly title: string; readonly regions: number } | null;
  readonly regions: readonly MapRegion[];
  /** Every node of them. */
  readonly nodes: readonly MapNode[];
  /** The systems beside them that are shown. */
  readonly layers: readonly MapLayer[];
  /** All that is drawn in a place: nodes, then things of other systems. */
  readonly cells: readonly MapCell[];
  readonly shown: ReadonlySet<Layer>;
  readonly ties: readonly MapTie[];
  readonly samples: Samples;
  readonly owned: Readonly<Record<string, OwnedFold>>;
  readonly insideOf: (stream: string, incarnation: string) => NodeInside | null;
  readonly bar: BarValue;
  /** What a full bar stands for. */
  readonly barMax: number;
  readonly filter: NodeFilter;
  /** Keys of the cells whose drawer is open: several when that is of a host. */
  readonly selected: ReadonlySet<string>;
  /** Key of the node the arrow keys are on. */
  readonly cursor: string | null;
  /** The instant that is shown, to the minute: for ages of counts. */
  readonly nowMs: number | null;
  /** Said where there is no sample. */
  readonly unsampled: string;
}

export const clusterKey = (source: string, cluster: string): string => `${source} ${cluster}`;

export interface ClustersInput {
  readonly regions: readonly RegionView[];
  readonly layout: EstateLayout;
  readonly slots: ReadonlyMap<string, Slots>;
  readonly filter: NodeFilter;
  readonly changed: ReadonlySet<string>;
}

export function placeRegions({ regions, layout, slots, filter, changed }: ClustersInput): readonly MapRegion[] {
  return regions.flatMap((view) => {
    const box = layout.regions.find(({ id }) => id === view.id);
    if (box === undefined) return [];
    const clusters = view.clusters.flatMap((cluster) => {
      const key = clusterKey(cluster.source, cluster.cluster);
      const own = box.clusters.find((known) => known.key === key);
      const places = slots.get(key);
      return own === undefined || places === undefined ? [] : placeCluster(key, cluster, own, places, filter, changed);
    });
    return { view, box, clusters };
  });
}

function placeCluster(
  key: string,
  view: ClusterView,
  box: ClusterBox,
  slots: Slots,
  filter: NodeFilter,
  changed: ReadonlySet<string>,
): MapCluster {
  const nodes: MapNode[] = [];
  const bySlot = new Map<number, MapNode>();
  const counted = new Map<string, number>();
  const old = view.health.state === "down";
  for (const place of view.places) {
    const slot = slots.places.get(place.name);
    const at = slot === undefined ? null : placeAt(box, slot);
    const [lead] = place.incarnations;
    const word = nodeWord(lead.node);
    counted.set(word, (counted.get(word) ?? 0) + 1);
    if (slot === undefined || at === null) continue;
    const { tone, shape } = lookOf("node", word);
    const node: MapNode = {
      sort: "node",
      key: `${key} ${place.name}`,
      slot,
      stream: view.stream,
      source: view.source,
      place,
      lead,
      word,
      tone,
      shape,
      look: lookClass(word, tone, old),
      ...at,
      meant: place.incarnations.some((one) =>
        isMeant(filter, { ...one, word: nodeWord(one.node), source: view.source }),
      ),
      changed: place.incarnations.some(({ id }) => changed.has(id)),
    };
    nodes.push(node);
    bySlot.set(slot, node);
  }
  return { key, view, box, nodes, bySlot, counts: worstFirst(counted), old };
}

function lookClass(word: string, tone: Tone, old: boolean): MapNode["look"] {
  if (old || word === "gone" || word === "observing") return "hatched";
  return tone === "failed" || tone === "attention" ? "loud" : "quiet";
}

export function worstFirst(counted: ReadonlyMap<string, number>): readonly StateCount[] {
  return sortedCounts([...counted].map(([word, count]) => ({ word, count, ...lookOf("node", word) })));
}

const sortedCounts = (counts: readonly StateCount[]): readonly StateCount[] =>
  counts.toSorted((a, b) => rank(a.tone) - rank(b.tone) || (a.word < b.word ? -1 : 1));

const rank = (tone: Tone): number => TONES_WORST_FIRST.indexOf(tone);

export function nodesOf(regions: readonly MapRegion[]): readonly MapNode[] {
  return regions.flatMap(({ clusters }) => clusters.flatMap(({ nodes }) => nodes));
}

/** Layers beside the clusters, each thing in its place. */
export function placeLayers({
  layers,
  layout,
  slots,
  filter,
}: Pick<ClustersInput, "layout" | "slots" | "filter"> & {
  readonly layers: readonly LayerView[];
}): readonly MapLayer[] {
  const box = layout.regions.find(({ id }) => id === SYSTEMS);
  if (box === undefined) return [];
  return layers.map((view) => {
    const groups = view.groups.flatMap((group) => {
      const own = box.clusters.find(({ key }) => key === group.key);
      const places = slots.get(group.key);
      return own === undefined || places === undefined ? [] : placeGroup(group, own, places, filter);
    });
    return { view, box, groups };
  });
}

function placeGroup(view: LayerGroup, box: ClusterBox, slots: Slots, filter: NodeFilter): MapGroup {
  const cells: MapThing[] = [];
  const bySlot = new Map<number, MapThing>();
  const counts = new Map<string, StateCount>();
  const old = view.health.state === "down";
  for (const thing of view.things) {
    const { tone, shape } = thing.state === null ? UNSTATED : lookOf(thing.state.system, thing.state.word);
    const word = thing.state?.word ?? "no state";
    counts.set(word, { word, tone, shape, count: (counts.get(word)?.count ?? 0) + 1 });
    const slot = slots.places.get(thing.key);
    const at = slot === undefined ? null : placeAt(box, slot);
    if (slot === undefined || at === null) continue;
    const cell: MapThing = {
      sort: "thing",
      key: thing.key,
      slot,
      thing,
      word,
      tone,
      shape,
      look: old || tone === "unknown" || shape === "slash" ? "hatched" : lookOfTone(tone),
      ...at,
      meant: isThingMeant(filter, thing),
      changed: false,
    };
    cells.push(cell);
    bySlot.set(slot, cell);
  }
  return { view, box, cells, bySlot, counts: sortedCounts([...counts.values()]), old };
}

const UNSTATED = { tone: "idle", shape: "ring" } as const;
const lookOfTone = (tone: Tone): MapCell["look"] => (tone === "failed" || tone === "attention" ? "loud" : "quiet");

/** The part of the map that all layers beside the clusters share; ids of regions are configured, and have no such sign. */
export const SYSTEMS = "\u0000systems";

/** What is under a point of the map. */
export function cellUnder(
  { regions, layers, shown }: Pick<MapScene, "regions" | "layers" | "shown">,
  x: number,
  y: number,
): MapCell | null {
  const boxes = [
    ...(shown.has("dna") ? regions.flatMap(({ clusters }) => clusters) : []),
    ...layers.flatMap(({ groups }) => groups),
  ];
  for (const { box, bySlot } of boxes) {
    const slot = slotUnder(box, x, y);
    const cell = slot === null ? undefined : bySlot.get(slot);
    if (cell !== undefined && x <= cell.x + CELL.width && y <= cell.y + CELL.height) return cell;
  }
  return null;
}

export const sampleOf = (scene: Pick<MapScene, "samples">, node: MapNode): NodeSample | null =>
  scene.samples[node.stream]?.nodes?.[node.lead.id] ?? null;

/** What the bar of a node stands for, in its own unit; `null` = not known. */
export function barValueOf(scene: MapScene, node: MapNode): number | null {
  switch (scene.bar) {
    case "load":
      return sampleOf(scene, node)?.load ?? null;
    case "keys":
      return keysOf(scene.owned[node.lead.id]);
    case "running":
      return scene.insideOf(node.stream, node.lead.id)?.running ?? null;
  }
}

function barWords(scene: MapScene, node: MapNode): string {
  const value = barValueOf(scene, node);
  const name = { load: "load", keys: "keys", running: "running actors" }[scene.bar];
  if (value === null) return `${name} not known`;
  return scene.bar === "load" ? `load ${formatNumber(value, 1)}` : `${formatCount(value)} ${name}`;
}

/** Said by screen readers, and as title. */
export const cellWords = (scene: MapScene, cell: MapCell): string =>
  cell.sort === "node" ? nodeWords(scene, cell) : thingSaid(cell);

const thingSaid = ({ thing, word }: MapThing): string =>
  [thing.title, kindWord(thing.ref), word, thing.detail].filter((part) => part !== "").join(", ");

export function groupWords({ view, counts }: MapGroup): string {
  return `${view.title}: ${counts.map(({ word, count }) => `${count} ${word}`).join(", ")}`;
}

/** The same of a node. */
export function nodeWords(scene: MapScene, node: MapNode): string {
  const sample = sampleOf(scene, node);
  const age = sample === null ? scene.unsampled : `no change for ${formatAgeMs(sample.silentMs)}`;
  const more = node.place.incarnations.length - 1;
  return `${node.place.name}, ${node.word}, ${age}, ${barWords(scene, node)}${more > 0 ? `, ${more} more of this name` : ""}${node.changed ? ", differs" : ""}`;
}

export function clusterWords({ view, counts }: MapCluster): string {
  return `${view.source} ${view.cluster}: ${plural(view.places.length, "node")}, ${counts.map(({ word, count }) => `${count} ${word}`).join(", ")}`;
}
