/** What the map shows, node by node, in map pixels. Pure. */
import { formatAgeMs, formatCount, formatNumber, plural } from "#components/ui/format.ts";
import type { OwnedFold } from "#server/contract/fold/dna.ts";
import type { NodeSample, Samples } from "#server/contract/live.ts";
import { lookOf, type Shape, TONES_WORST_FIRST, type Tone } from "#server/kernel/states.ts";
import {
  type ClusterView,
  type Incarnation,
  keysOf,
  type NodePlace,
  nodeWord,
  type RegionView,
} from "./estate-view.ts";
import { isMeant, type NodeFilter } from "./map-filter.ts";
import { CELL, type ClusterBox, type EstateLayout, placeAt, type RegionBox, slotUnder } from "./map-layout.ts";
import type { Slots } from "./map-slots.ts";
import type { NodeInside } from "./node-inside.ts";

export type BarValue = "load" | "keys" | "running";

export interface MapNode {
  /** Unique on the map; the same for every incarnation of a name. */
  readonly key: string;
  readonly slot: number;
  readonly stream: string;
  readonly source: string;
  readonly place: NodePlace;
  readonly lead: Incarnation;
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
  readonly samples: Samples;
  readonly owned: Readonly<Record<string, OwnedFold>>;
  readonly insideOf: (stream: string, incarnation: string) => NodeInside | null;
  readonly bar: BarValue;
  /** What a full bar stands for. */
  readonly barMax: number;
  readonly filter: NodeFilter;
  /** Incarnation whose drawer is open. */
  readonly selected: string | null;
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
  return [...counted]
    .map(([word, count]) => ({ word, count, ...lookOf("node", word) }))
    .sort((a, b) => rank(a.tone) - rank(b.tone) || (a.word < b.word ? -1 : 1));
}

const rank = (tone: Tone): number => TONES_WORST_FIRST.indexOf(tone);

export function nodesOf(regions: readonly MapRegion[]): readonly MapNode[] {
  return regions.flatMap(({ clusters }) => clusters.flatMap(({ nodes }) => nodes));
}

/** What is under a point of the map. */
export function nodeUnder(regions: readonly MapRegion[], x: number, y: number): MapNode | null {
  for (const { clusters } of regions) {
    for (const { box, bySlot } of clusters) {
      const slot = slotUnder(box, x, y);
      const node = slot === null ? undefined : bySlot.get(slot);
      if (node !== undefined && x <= node.x + CELL.width && y <= node.y + CELL.height) return node;
    }
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
export function nodeWords(scene: MapScene, node: MapNode): string {
  const sample = sampleOf(scene, node);
  const age = sample === null ? scene.unsampled : `no change for ${formatAgeMs(sample.silentMs)}`;
  const more = node.place.incarnations.length - 1;
  return `${node.place.name}, ${node.word}, ${age}, ${barWords(scene, node)}${more > 0 ? `, ${more} more of this name` : ""}${node.changed ? ", differs" : ""}`;
}

export function clusterWords({ view, counts }: MapCluster): string {
  return `${view.source} ${view.cluster}: ${plural(view.places.length, "node")}, ${counts.map(({ word, count }) => `${count} ${word}`).join(", ")}`;
}
