/** Paints what a view shows of the map: load balancer, regions, clusters with their counts, nodes, database hosts. */
import type { GlyphPress } from "#components/plan/flow-ink.ts";
import { formatCount, plural } from "#components/ui/format.ts";
import type { DatabaseView } from "./estate-view.ts";
import type { Camera } from "./map-camera.ts";
import type { MapInk } from "./map-ink.ts";
import { blockHeight, blockWidth, CELL, CHROME, type ClusterBox, type RegionBox } from "./map-layout.ts";
import { type CellBrush, cutTo, type Pen, paintFrames } from "./map-paint-cells.ts";
import { paintTies } from "./map-paint-layers.ts";
import type { MapCluster, MapGroup, MapRegion, MapScene, StateCount } from "./map-scene.ts";

export interface MapView {
  readonly camera: Camera;
  /** Of the canvas, in pixels of the page. */
  readonly width: number;
  readonly height: number;
  /** Pixels of the device for one of the page. */
  readonly ratio: number;
  /** Keys of nodes whose state changed a moment ago. */
  readonly moved: ReadonlySet<string>;
}

const HEAD_LINE_PX = 20;
const EDGE_PX = 8;

/** Everything but the cells, which `cells` brings: they are painted apart and kept. */
export function paintMap(
  pen: Pen,
  scene: MapScene,
  view: MapView,
  ink: MapInk,
  press: GlyphPress,
  cells: (pen: Pen) => void,
): void {
  const { camera, width, height, ratio } = view;
  pen.setTransform(ratio, 0, 0, ratio, 0, 0);
  pen.clearRect(0, 0, width, height);
  pen.setLineDash([]);
  const brush: CellBrush = { pen, scene, ink, press, ...camera, width, height };
  paintLoadBalancer(brush);
  cells(pen);
  paintTies(brush, scene.ties);
  paintFrames(brush, scene.cells, view.moved);
  for (const region of scene.regions) paintRegion(brush, region);
  const [layer] = scene.layers;
  if (layer === undefined || !paintRegionHead(brush, "Other systems", layer.box)) return;
  for (const { view, groups } of scene.layers)
    for (const group of groups) paintClusterHead(brush, headOfGroup(view.title, group));
}

const toX = ({ x, scale }: CellBrush, at: number): number => (at - x) * scale;
const toY = ({ y, scale }: CellBrush, at: number): number => (at - y) * scale;

/** Its name, and a line to each region: that it sends there is configured; how much is not known and not drawn. */
function paintLoadBalancer(brush: CellBrush): void {
  const { pen, ink, scene } = brush;
  const { loadBalancer, layout, regions } = scene;
  const room = CHROME.loadBalancer * layout.unit;
  if (loadBalancer === null || layout.bodyX < room) return;
  const middles = regions.map(({ box }) => box.y + box.height / 2);
  const [first, last] = [middles[0], middles.at(-1)];
  if (first === undefined || last === undefined) return;
  const trunk = toX(brush, room);
  const middle = (toY(brush, first) + toY(brush, last)) / 2;
  pen.strokeStyle = ink.line3;
  pen.lineWidth = 1;
  pen.beginPath();
  pen.moveTo(trunk, toY(brush, first));
  pen.lineTo(trunk, toY(brush, last));
  for (const at of middles) {
    pen.moveTo(trunk, toY(brush, at));
    pen.lineTo(toX(brush, layout.bodyX), toY(brush, at));
  }
  pen.stroke();
  const wide = Math.min(room * brush.scale, CHROME.loadBalancer * 1.6) - 8;
  pen.textBaseline = "alphabetic";
  pen.textAlign = "left";
  pen.font = `600 13px ${ink.sans}`;
  pen.fillStyle = ink.text1;
  const left = toX(brush, 0);
  pen.fillText(cutTo(pen, loadBalancer.title, wide), left, middle - 2);
  pen.font = `11px ${ink.sans}`;
  pen.fillStyle = ink.text3;
  pen.fillText(cutTo(pen, "load balancer", wide), left, middle + 14);
  pen.fillText(cutTo(pen, `of ${plural(loadBalancer.regions, "region")}`, wide), left, middle + 29);
}

function paintRegion(brush: CellBrush, { view, box, clusters }: MapRegion): void {
  const { layout, shown } = brush.scene;
  if (!paintRegionHead(brush, view.title, box)) return;
  if (shown.has("dna")) for (const cluster of clusters) paintClusterHead(brush, headOfCluster(cluster));
  if (layout.databaseX === null || !shown.has("database")) return;
  const [top, bottom] = [toY(brush, box.y), toY(brush, box.y + box.height)];
  paintDatabases(brush, view.databases, toX(brush, layout.databaseX), top, bottom);
}

/** `false` = it is out of view. */
function paintRegionHead(brush: CellBrush, title: string, box: RegionBox): boolean {
  const { pen, ink, scene, height } = brush;
  const { layout } = scene;
  const [top, bottom] = [toY(brush, box.y), toY(brush, box.y + box.height)];
  if (bottom < 0 || top > height) return false;
  pen.fillStyle = ink.line3;
  pen.fillRect(toX(brush, layout.bodyX), top, 2, bottom - top);
  pen.textBaseline = "alphabetic";
  pen.textAlign = "left";
  pen.font = `600 13px ${ink.sans}`;
  const x = Math.max(EDGE_PX, toX(brush, layout.bodyX) + CHROME.regionPad);
  const y = Math.min(Math.max(top, 0) + 14, bottom - 4);
  if (top < 0) paintBand(brush, Math.min(HEAD_BAND_PX, bottom));
  pen.fillStyle = ink.text1;
  pen.fillText(title, x, y);
  return true;
}

/** What stands over a grid of cells. */
interface GridHead {
  readonly box: ClusterBox;
  readonly name: string;
  readonly title: string;
  readonly counts: readonly StateCount[];
  readonly total: number;
  /** `node`, of which several are `nodes`. */
  readonly unit: string;
  readonly old: boolean;
}

function headOfCluster({ box, view, counts, old }: MapCluster): GridHead {
  const title = view.cluster === view.source ? view.title : `${view.cluster} · ${view.title}`;
  return { box, name: view.source, title, counts, total: view.places.length, unit: "node", old };
}

const headOfGroup = (system: string, { box, view, counts, old }: MapGroup): GridHead => ({
  box,
  name: view.source,
  title: view.title.toLowerCase() === view.source ? system : `${system} · ${view.title}`,
  counts,
  total: view.things.length,
  unit: "thing",
  old,
});

const HEAD_BAND_PX = 42;

/** Ground for the names at the top of the view while their nodes are scrolled under them. */
function paintBand({ pen, ink, width }: CellBrush, bottom: number): void {
  pen.fillStyle = ink.canvas;
  pen.fillRect(0, 0, width, bottom);
  pen.fillStyle = ink.line1;
  pen.fillRect(0, bottom, width, 1);
}

/** Ground for words that lie over nodes. */
function plate({ pen, ink }: CellBrush, x: number, baseline: number, width: number): void {
  pen.fillStyle = ink.canvas;
  pen.globalAlpha = 0.9;
  pen.fillRect(x - 4, baseline - 13, width + 8, 18);
  pen.globalAlpha = 1;
}

/** Name and counts by state; it stays in view as long as a part of its nodes does. */
function paintClusterHead(brush: CellBrush, cluster: GridHead): void {
  const { pen, ink, scene, width, height, scale } = brush;
  for (const [at, block] of cluster.box.blocks.entries()) {
    const left = Math.max(EDGE_PX, toX(brush, block.x));
    const right = Math.min(width - EDGE_PX, toX(brush, block.x + blockWidth(block)));
    const top = toY(brush, block.y);
    const bottom = toY(brush, block.y + blockHeight(block));
    if (right - left < 24 || bottom < 0 || top > height + HEAD_LINE_PX) continue;
    // Under the name of the region when that is pushed down to the edge too.
    const sticky = 14 + HEAD_LINE_PX;
    const y = Math.min(Math.max(top - 7, sticky), bottom - 2);
    if (y > top && y > HEAD_BAND_PX) plate(brush, left, y, right - left);
    pen.textAlign = "left";
    pen.font = `600 12px ${ink.sans}`;
    pen.fillStyle = ink.text1;
    const countsAt = paintCounts(brush, cluster, right, y, right - left);
    pen.textAlign = "left";
    pen.font = `600 12px ${ink.sans}`;
    pen.fillStyle = ink.text1;
    const name = cutTo(pen, at === 0 ? cluster.name : `${cluster.name}, more`, countsAt - left - 8);
    pen.fillText(name, left, y);
    const after = left + pen.measureText(name).width + 8;
    pen.font = `11px ${ink.sans}`;
    pen.fillStyle = ink.text3;
    if (countsAt - after > 40) pen.fillText(cutTo(pen, cluster.title, countsAt - after - 12), after, y);
  }
  if (CELL.width * scale < SHARES_BELOW_PX) paintShares(brush, cluster, scene);
}

const SHARES_BELOW_PX = 12;

/** From afar: the states as shares of a bar under the name, so that a cluster can be judged without its marks. */
function paintShares(brush: CellBrush, { box, counts, total: all }: GridHead, scene: MapScene): void {
  const { pen, ink } = brush;
  const [block] = box.blocks;
  const total = Math.max(1, all);
  const wide = blockWidth(block) * brush.scale;
  const y = toY(brush, block.y) - 4;
  let x = toX(brush, block.x);
  for (const { tone, count } of counts) {
    const share = Math.max(2, (count / total) * wide);
    pen.fillStyle = tone === "good" ? ink.line3 : ink.tones[tone];
    if (!scene.filter.hides) pen.fillRect(x, y, Math.max(1, share - 1), 2);
    x += share;
  }
}

/** From right to left: how many nodes, and how many of each state that is not well. Answers where it ends. */
function paintCounts(brush: CellBrush, cluster: GridHead, right: number, y: number, room: number): number {
  const { pen, ink, press } = brush;
  pen.font = `11px ${ink.sans}`;
  pen.textAlign = "right";
  const all = room > 150 ? plural(cluster.total, cluster.unit) : formatCount(cluster.total);
  pen.fillStyle = cluster.old ? ink.failedText : ink.text3;
  const said = cluster.old ? `source down · ${all}` : all;
  if (room < 60) return right;
  pen.fillText(said, right, y);
  let x = right - pen.measureText(said).width - 10;
  const odd: readonly StateCount[] = cluster.counts.filter(({ tone }) => tone !== "good");
  for (const { tone, shape, count } of [...odd].reverse()) {
    const text = formatCount(count);
    const wide = pen.measureText(text).width + 16;
    if (x - wide < right - room + 60) break;
    pen.fillStyle = tone === "idle" || tone === "unknown" ? ink.text2 : ink.text[tone];
    pen.fillText(text, x, y);
    press.stamp(pen, { tone, shape }, x - wide + 9, y - 4, 9);
    x -= wide + 6;
  }
  return x;
}

function paintDatabases(
  brush: CellBrush,
  databases: readonly DatabaseView[],
  x: number,
  top: number,
  bottom: number,
): void {
  const { pen, ink, press, width } = brush;
  if (x > width || databases.length === 0) return;
  const lines = databases.reduce((sum, { hosts }) => sum + 1 + hosts.length, 0);
  const high = lines * CHROME.databaseLine;
  pen.fillStyle = ink.line2;
  pen.fillRect(x, top, 1, bottom - top);
  const from = Math.max(top, Math.min((top + bottom - high) / 2, bottom - high));
  const room = CHROME.database - 12;
  let y = Math.max(from, Math.min(4, bottom - high)) + 13;
  pen.textAlign = "left";
  for (const { name, product, hosts, known } of databases) {
    pen.font = `600 11px ${ink.sans}`;
    pen.fillStyle = ink.text1;
    const shown = cutTo(pen, name, room);
    pen.fillText(shown, x + 12, y);
    const after = x + 12 + pen.measureText(shown).width + 6;
    pen.font = `11px ${ink.sans}`;
    pen.fillStyle = ink.text3;
    if (pen.measureText(product).width <= x + room + 12 - after) pen.fillText(product, after, y);
    y += CHROME.databaseLine;
    for (const { address, rack, up } of hosts) {
      const unknown = up === null || !known;
      const look = unknown
        ? ({ tone: "unknown", shape: "hatch" } as const)
        : up
          ? ({ tone: "good", shape: "dot" } as const)
          : ({ tone: "failed", shape: "cross" } as const);
      press.stamp(pen, look, x + 17, y - 4, 9);
      pen.font = `11px ${ink.sans}`;
      pen.textAlign = "right";
      pen.fillStyle = ink.text3;
      const end = cutTo(pen, rack, 44);
      pen.fillText(end, x + room + 8, y);
      pen.textAlign = "left";
      pen.font = `10.5px ${ink.mono}`;
      pen.fillStyle = unknown ? ink.text3 : ink.text1;
      pen.fillText(cutTo(pen, address, room - 30 - pen.measureText(end).width), x + 27, y);
      y += CHROME.databaseLine;
    }
  }
}
