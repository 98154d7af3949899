/**
 * Where everything of the map stands, in pixels of the map at scale 1. Closed form at first; from then on it only grows:
 * what has a place keeps it, whatever comes or goes. Pure.
 */

export interface ClusterNeed {
  readonly key: string;
  /** How many places it has given so far. */
  readonly end: number;
}

export interface RegionNeed {
  readonly id: string;
  readonly clusters: readonly ClusterNeed[];
  /** Lines that its database hosts take. */
  readonly databaseLines: number;
}

/** A grid of places, filled row by row. */
export interface Block {
  /** Index of its first place. */
  readonly first: number;
  readonly x: number;
  readonly y: number;
  readonly columns: number;
  readonly rows: number;
}

export interface ClusterBox {
  readonly key: string;
  /** The first is the cluster's own; the others were added as it outgrew it. */
  readonly blocks: readonly [Block, ...Block[]];
  readonly capacity: number;
}

export interface RegionBox {
  readonly id: string;
  readonly y: number;
  readonly height: number;
  /** Where its next annex goes. */
  readonly right: number;
  readonly clusters: readonly ClusterBox[];
}

export interface EstateLayout {
  readonly width: number;
  readonly height: number;
  /** As large as it was at first: a view that shows all of it does not jump when it grows. */
  readonly first: { readonly width: number; readonly height: number };
  /** Pixels of the map for one of words and lines: they are as large as the page writes when all of it is in view. */
  readonly unit: number;
  /** Left edge of the regions, and of the database hosts; the latter `null` where there is no room for them. */
  readonly bodyX: number;
  readonly databaseX: number | null;
  readonly regions: readonly RegionBox[];
}

export interface Room {
  /** Of the box that shows the map, in pixels of the page. */
  readonly width: number;
  readonly height: number;
  readonly loadBalancer: boolean;
}

export const CELL = { width: 58, height: 46, gap: 3 } as const;
const PITCH_X = CELL.width + CELL.gap;
const PITCH_Y = CELL.height + CELL.gap;
/** In pixels of the page while all is in view. */
export const CHROME = {
  loadBalancer: 108,
  tie: 24,
  regionPad: 12,
  regionHead: 24,
  clusterHead: 22,
  clusterGap: 20,
  regionGap: 16,
  database: 172,
  databaseGap: 16,
  databaseLine: 20,
} as const;
/** Less wide than this there is no room beside the nodes. */
const NARROW_PX = 720;
/** Places that are kept free in a cluster, so that a join finds one in its midst. */
const SPARE_SHARE = 0.04;
const SPARE_MIN = 2;
/** Width over height that a cluster should have. */
const CLUSTER_ASPECT = 2.4;
const CLUSTER_MIN_COLUMNS = 4;
const SCALES = [
  1, 0.9, 0.8, 0.7, 0.6, 0.5, 0.42, 0.35, 0.3, 0.25, 0.2, 0.16, 0.13, 0.1, 0.08, 0.06, 0.045, 0.03,
] as const;
const ANNEX_COLUMNS = 4;

/** The map of an estate. With `before` nothing of that is moved. */
export function layoutEstate(before: EstateLayout | null, regions: readonly RegionNeed[], room: Room): EstateLayout {
  if (before !== null) return grown(before, regions);
  let layout = laidOut(regions, room, 1);
  for (const scale of SCALES) {
    layout = laidOut(regions, room, scale);
    if (layout.height * scale <= room.height) return layout;
  }
  return layout;
}

function laidOut(needs: readonly RegionNeed[], room: Room, scale: number): EstateLayout {
  const unit = 1 / scale;
  const wide = room.width >= NARROW_PX;
  const bodyX = wide && room.loadBalancer ? (CHROME.loadBalancer + CHROME.tie) * unit : 2 * unit;
  const databases = wide && needs.some(({ databaseLines }) => databaseLines > 0);
  const right = room.width * unit - (databases ? (CHROME.database + CHROME.databaseGap) * unit : 2 * unit);
  const innerX = bodyX + CHROME.regionPad * unit;
  const regions: RegionBox[] = [];
  let y = 0;
  for (const need of needs) {
    const { clusters, height } = regionOf(need, innerX, y, right - innerX, unit);
    const lines = databases ? need.databaseLines * CHROME.databaseLine * unit : 0;
    const tall = Math.max(height, lines);
    regions.push({ id: need.id, y, height: tall, right: room.width * unit + CHROME.clusterGap * unit, clusters });
    y += tall + CHROME.regionGap * unit;
  }
  const height = Math.max(1, y - CHROME.regionGap * unit);
  const databaseX = databases ? right + CHROME.databaseGap * unit : null;
  const width = room.width * unit;
  return { width, height, first: { width, height }, unit, bodyX, databaseX, regions };
}

function regionOf(
  need: RegionNeed,
  x: number,
  y: number,
  width: number,
  unit: number,
): { readonly clusters: readonly ClusterBox[]; readonly height: number } {
  const headY = CHROME.regionHead * unit;
  const abreast = clustersAbreast(need, width, unit);
  const gap = CHROME.clusterGap * unit;
  const each = (width - gap * (abreast - 1)) / abreast;
  const columns = Math.max(1, Math.floor((each + CELL.gap) / PITCH_X));
  const clusters: ClusterBox[] = [];
  let lineY = y + headY;
  for (let start = 0; start < need.clusters.length; start += abreast) {
    const line = need.clusters.slice(start, start + abreast);
    const rows = Math.max(...line.map(({ end }) => Math.ceil(roomFor(end) / columns)));
    for (const [at, { key }] of line.entries()) {
      const block = { first: 0, x: x + at * (each + gap), y: lineY + CHROME.clusterHead * unit, columns, rows };
      clusters.push({ key, blocks: [block], capacity: columns * rows });
    }
    lineY += CHROME.clusterHead * unit + rows * PITCH_Y + CHROME.clusterGap * unit * 0.5;
  }
  const bottom = need.clusters.length === 0 ? lineY : lineY - CHROME.clusterGap * unit * 0.5;
  return { clusters, height: bottom - y };
}

const roomFor = (end: number): number => end + Math.max(SPARE_MIN, Math.ceil(end * SPARE_SHARE));

/** How many clusters stand side by side, so that they are neither strips nor towers. */
function clustersAbreast({ clusters }: RegionNeed, width: number, unit: number): number {
  const largest = Math.max(1, ...clusters.map(({ end }) => roomFor(end)));
  let best = 1;
  let bestOff = Number.POSITIVE_INFINITY;
  for (let abreast = 1; abreast <= Math.max(1, clusters.length); abreast += 1) {
    const each = (width - CHROME.clusterGap * unit * (abreast - 1)) / abreast;
    const columns = Math.floor((each + CELL.gap) / PITCH_X);
    if (abreast > 1 && columns < CLUSTER_MIN_COLUMNS) break;
    const aspect = each / (Math.ceil(largest / Math.max(1, columns)) * PITCH_Y);
    const off = Math.abs(Math.log(aspect / CLUSTER_ASPECT));
    if (off < bestOff) {
      best = abreast;
      bestOff = off;
    }
  }
  return best;
}

function grown(before: EstateLayout, needs: readonly RegionNeed[]): EstateLayout {
  const regions: RegionBox[] = before.regions.map((box) => {
    const need = needs.find(({ id }) => id === box.id);
    return need === undefined ? box : grownRegion(box, need, before.unit);
  });
  let bottom = before.height;
  for (const need of needs) {
    if (before.regions.some(({ id }) => id === need.id)) continue;
    const y = bottom + CHROME.regionGap * before.unit;
    const innerX = before.bodyX + CHROME.regionPad * before.unit;
    const right = before.databaseX ?? before.width;
    const { clusters, height } = regionOf(need, innerX, y, right - innerX, before.unit);
    const lines = need.databaseLines * CHROME.databaseLine * before.unit;
    const tall = Math.max(height, before.databaseX === null ? 0 : lines);
    regions.push({ id: need.id, y, height: tall, right: before.width + CHROME.clusterGap * before.unit, clusters });
    bottom = y + tall;
  }
  const same = regions.every((region, at) => region === before.regions[at]) && bottom === before.height;
  if (same && regions.length === before.regions.length) return before;
  const width = Math.max(before.width, ...regions.map((region) => region.right - CHROME.clusterGap * before.unit));
  return { ...before, width, height: bottom, regions };
}

function grownRegion(box: RegionBox, need: RegionNeed, unit: number): RegionBox {
  let { right } = box;
  const top = box.y + (CHROME.regionHead + CHROME.clusterHead) * unit;
  const rows = Math.max(1, Math.floor((box.y + box.height - top + CELL.gap) / PITCH_Y));
  const annex = (first: number, places: number): Block => {
    const columns = Math.max(ANNEX_COLUMNS, Math.ceil(places / rows));
    const block = { first, x: right, y: top, columns, rows };
    right += columns * PITCH_X + CHROME.clusterGap * unit;
    return block;
  };
  const clusters: ClusterBox[] = box.clusters.map((cluster) => {
    const end = need.clusters.find(({ key }) => key === cluster.key)?.end ?? 0;
    if (end <= cluster.capacity) return cluster;
    const block = annex(cluster.capacity, roomFor(end) - cluster.capacity);
    return {
      ...cluster,
      blocks: [...cluster.blocks, block],
      capacity: cluster.capacity + block.columns * block.rows,
    };
  });
  for (const { key, end } of need.clusters) {
    if (box.clusters.some((known) => known.key === key)) continue;
    const block = annex(0, roomFor(end));
    clusters.push({ key, blocks: [block], capacity: block.columns * block.rows });
  }
  return right === box.right ? box : { ...box, right, clusters };
}

/** The upper left corner of a place; `null` when the cluster has no such place. */
export function placeAt(cluster: ClusterBox, slot: number): { readonly x: number; readonly y: number } | null {
  for (const { first, columns, rows, x, y } of cluster.blocks) {
    const at = slot - first;
    if (at < 0 || at >= columns * rows) continue;
    return { x: x + (at % columns) * PITCH_X, y: y + Math.floor(at / columns) * PITCH_Y };
  }
  return null;
}

/** The place under a point; `null` between places. */
export function slotUnder(cluster: ClusterBox, x: number, y: number): number | null {
  for (const block of cluster.blocks) {
    const column = Math.floor((x - block.x) / PITCH_X);
    const row = Math.floor((y - block.y) / PITCH_Y);
    if (column < 0 || row < 0 || column >= block.columns || row >= block.rows) continue;
    return block.first + row * block.columns + column;
  }
  return null;
}

/** How wide a block is, without the gap after its last column. */
export const blockWidth = ({ columns }: Block): number => columns * PITCH_X - CELL.gap;
export const blockHeight = ({ rows }: Block): number => rows * PITCH_Y - CELL.gap;

/** The place one arrow key away in its block, or the same at the edge. */
export function slotBeside(cluster: ClusterBox, slot: number, key: string): number {
  const block = cluster.blocks.find(({ first, columns, rows }) => slot >= first && slot < first + columns * rows);
  if (block === undefined) return slot;
  const step = { ArrowRight: 1, ArrowLeft: -1, ArrowDown: block.columns, ArrowUp: -block.columns }[key] ?? 0;
  return slot + step;
}
