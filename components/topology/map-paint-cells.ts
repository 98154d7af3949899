/**
 * Paints the nodes of a cluster by how large they are on the page: a mark of colour, a glyph with its bar, the same with
 * name and age, and near enough with load, keys and partitions. What is alike is painted at once.
 */
import type { GlyphPress } from "#components/plan/flow-ink.ts";
import { formatAgeMs, formatCoarseAgeMs, formatCount, formatNumber, plural, shortNode } from "#components/ui/format.ts";
import { LATE_AFTER_MS } from "#server/contract/diagram/dna-lifecycle.ts";
import { kindWord, shortKindWord } from "./estate-layers.ts";
import { keysOf } from "./estate-view.ts";
import type { MapInk } from "./map-ink.ts";
import { CELL } from "./map-layout.ts";
import { nameLines } from "./map-names.ts";
import { barValueOf, type MapCell, type MapNode, type MapScene, type MapThing, sampleOf } from "./map-scene.ts";

export type Pen = CanvasRenderingContext2D;

/** Widths of a cell on the page from which on more of it is painted. */
const GLYPH_FROM_PX = 14;
const FUSE_FROM_PX = 24;
const NAME_FROM_PX = 40;
export const NEAR_FROM_PX = 124;
const DIMMED = 0.16;
const BAR_PX = 3;

export interface CellBrush {
  readonly pen: Pen;
  readonly scene: MapScene;
  readonly ink: MapInk;
  readonly press: GlyphPress;
  /** Upper left corner of the view in map pixels, and page pixels for one of the map. */
  readonly x: number;
  readonly y: number;
  readonly scale: number;
  readonly width: number;
  readonly height: number;
}

export interface Cell<T extends MapCell = MapCell> {
  readonly node: T;
  readonly x: number;
  readonly y: number;
}

/** Paints cells, the dimmed ones too; each strictly within its own rectangle, so that one can be painted anew alone. */
export function paintCells(brush: CellBrush, cells: readonly Cell[]): void {
  const meant = cells.filter(({ node }) => node.meant);
  if (meant.length < cells.length) {
    brush.pen.globalAlpha = DIMMED;
    paintAll(
      brush,
      cells.filter(({ node }) => !node.meant),
    );
    brush.pen.globalAlpha = 1;
  }
  paintAll(brush, meant);
}

/** The nodes in view with their corners on whole pixels. */
export function cellsInView(
  { x, y, scale, width, height, scene }: Omit<CellBrush, "pen" | "ink" | "press">,
  nodes: readonly MapCell[],
): readonly Cell[] {
  const cells: Cell[] = [];
  for (const node of nodes) {
    if (scene.filter.hides && !node.meant) continue;
    const [left, top] = [Math.round((node.x - x) * scale), Math.round((node.y - y) * scale)];
    if (left > width || top > height || left + CELL.width * scale < 0 || top + CELL.height * scale < 0) continue;
    cells.push({ node, x: left, y: top });
  }
  return cells;
}

/** Everything that a cell's painting depends on: while it is the same, so is the painting. */
export function cellSignature(scene: MapScene, node: MapCell, scale: number): string {
  const wide = CELL.width * scale;
  const base = `${node.word}${node.meant ? "" : "-"}${node.look}`;
  if (wide < GLYPH_FROM_PX) return base;
  if (node.sort === "thing") return `${base} ${node.thing.title} ${node.thing.detail}`;
  const own = `${base} ${barShare(scene, node)}`;
  if (wide < FUSE_FROM_PX) return own;
  const sample = sampleOf(scene, node);
  if (wide < NAME_FROM_PX) return `${own} ${Math.round(fuseOf(scene, node) * wide)}`;
  const named = `${own} ${sample?.silentMs ?? "-"} ${node.place.incarnations.length}`;
  if (wide < NEAR_FROM_PX) return named;
  const inside = scene.insideOf(node.stream, node.lead.id);
  const partitions = inside?.partitions?.join(",") ?? "";
  return `${named} ${sample?.load} ${keysOf(scene.owned[node.lead.id])} ${scene.nowMs} ${inside?.running} ${partitions}`;
}

function paintAll(brush: CellBrush, cells: readonly Cell[]): void {
  const wide = CELL.width * brush.scale;
  if (wide < GLYPH_FROM_PX) {
    paintMarks(brush, cells);
    return;
  }
  paintBoxes(brush, cells);
  if (wide < NAME_FROM_PX) {
    paintGlyphs(brush, cells);
    return;
  }
  const nodes = cells.filter(isNodeCell);
  if (wide >= NEAR_FROM_PX) for (const cell of nodes) paintNear(brush, cell);
  else paintNamed(brush, nodes);
  paintThings(brush, cells.filter(isThingCell), wide >= NEAR_FROM_PX);
}

const isNodeCell = (cell: Cell): cell is Cell<MapNode> => cell.node.sort === "node";
const isThingCell = (cell: Cell): cell is Cell<MapThing> => cell.node.sort === "thing";

/** Name, in two lines if it is long, and kind of a thing of another system; from near its state and what else it is known by. */
function paintThings(brush: CellBrush, cells: readonly Cell<MapThing>[], near: boolean): void {
  if (near) for (const cell of cells) paintThingNear(brush, cell);
  else paintThingsFar(brush, cells);
}

/**
 * The whole width is the name's: the mark stands on the last line, beside the kind, of which the group's head says the
 * rest. In a low cell that line is the second of a long name.
 */
function paintThingsFar(brush: CellBrush, cells: readonly Cell<MapThing>[]): void {
  const { pen, ink, press } = brush;
  const { width, height } = sizeOf(brush);
  const { top, line, mark, left } = THING_FAR;
  const [first, last] = [width - THING_LEFT_PX - THING_EDGE_PX, width - left - THING_EDGE_PX];
  const roomy = height >= THING_FAR.roomyFrom;
  pen.textBaseline = "alphabetic";
  pen.textAlign = "left";
  for (const { node, x, y } of cells) {
    pen.font = `${roomy ? 10.5 : 9.5}px ${ink.sans}`;
    pen.fillStyle = node.look === "hatched" ? ink.text2 : ink.text1;
    const [start = "", rest] = namedLines(pen, node.thing.title, { first, second: roomy ? first : last });
    pen.fillText(start, x + THING_LEFT_PX, y + top);
    if (rest !== undefined)
      pen.fillText(rest, x + (roomy ? THING_LEFT_PX : left), y + (roomy ? top + line : height - 7));
    press.stamp(pen, node, x + mark, y + height - 10.5, 9);
    if (rest !== undefined && !roomy) continue;
    pen.font = `9.5px ${ink.sans}`;
    pen.fillStyle = node.look === "loud" ? ink.text[node.tone] : ink.text3;
    pen.fillText(cutTo(pen, shortKindWord(node.thing.ref), last), x + left, y + height - 7);
  }
}

function paintThingNear(brush: CellBrush, { node, x, y }: Cell<MapThing>): void {
  const { pen, ink, press } = brush;
  const { width, height } = sizeOf(brush);
  const { left, top, line, step } = THING_NEAR;
  const { title, detail, ref } = node.thing;
  pen.textBaseline = "alphabetic";
  pen.textAlign = "left";
  press.stamp(pen, node, x + left - 10, y + top - 4, 11);
  pen.font = `12px ${ink.sans}`;
  pen.fillStyle = node.look === "hatched" ? ink.text2 : ink.text1;
  const rooms = { first: width - left - THING_EDGE_PX, second: width - THING_LEFT_PX - THING_EDGE_PX };
  const [first = "", second = ""] = namedLines(pen, title, rooms);
  pen.fillText(first, x + left, y + top);
  if (second !== "") pen.fillText(second, x + THING_LEFT_PX, y + top + line);
  pen.font = `11px ${ink.sans}`;
  pen.fillStyle = node.look === "loud" ? ink.text[node.tone] : ink.text3;
  const from = top + step + (second === "" ? 0 : line);
  for (const [at, text] of [`${kindWord(ref)}, ${node.word}`, detail].entries()) {
    const baseline = from + step * at;
    if (baseline > height - 4) break;
    pen.fillText(cutTo(pen, text, width - 2 * THING_LEFT_PX), x + THING_LEFT_PX, y + baseline);
  }
}

/** Left edge of what is not beside the glyph, and what stays free at the right edge, of a thing's cell on the page. */
const [THING_LEFT_PX, THING_EDGE_PX] = [6, 2];
/** Baseline of the first line of a name, how far below it the second is, and from what height of a cell there is room for it. */
const THING_FAR = { top: 14.5, line: 12, roomyFrom: 43, mark: 9.5, left: 16.5 } as const;
/** Left edge and baseline of the first line of a name, how far below it the second is, and from line to line. */
const THING_NEAR = { left: 24, top: 20, line: 14, step: 17 } as const;

const namesLined = new Map<string, readonly string[]>();

/** Kept: the same names are painted again and again. */
function namedLines(pen: Pen, name: string, rooms: { readonly first: number; readonly second: number }) {
  const key = `${pen.font} ${rooms.first} ${rooms.second} ${name}`;
  const known = namesLined.get(key);
  if (known !== undefined) return known;
  if (namesLined.size >= WIDTHS_KEPT) namesLined.clear();
  const lines = nameLines(name, rooms, (text) => pen.measureText(text).width);
  namesLined.set(key, lines);
  return lines;
}

/** Too small for shapes: what is well is grey, the rest has its colour and a white cut if it failed. */
function paintMarks(brush: CellBrush, cells: readonly Cell[]): void {
  const { pen, ink } = brush;
  const { width, height } = sizeOf(brush);
  const third = Math.max(1, Math.round(height / 3));
  for (const { node, x, y } of cells) {
    pen.fillStyle = node.look === "loud" ? ink.tones[node.tone] : node.look === "hatched" ? ink.line2 : ink.line3;
    if (node.look === "hatched") pen.fillRect(x, y + third, width, third);
    else pen.fillRect(x, y, width, height);
    if (node.tone !== "failed" || width < 5) continue;
    pen.fillStyle = ink.surface;
    pen.fillRect(x + (width >> 1), y, 1, height);
  }
}

/** Of a cell on the page, in whole pixels. */
const sizeOf = ({ scale }: Pick<CellBrush, "scale">) => ({
  width: Math.max(1, Math.floor(CELL.width * scale)),
  height: Math.max(1, Math.floor(CELL.height * scale)),
});

/** Rectangles only, colour by colour: paths of a thousand of them cost many times as much. */
function paintBoxes(brush: CellBrush, cells: readonly Cell[]): void {
  const { pen, ink, scene } = brush;
  const { width, height } = sizeOf(brush);
  const barPx = Math.max(2, Math.min(BAR_PX, Math.floor(height / 7)));
  const barY = height - barPx - 1;
  pen.fillStyle = ink.line1;
  for (const { x, y } of cells) pen.fillRect(x, y, width, height);
  pen.fillStyle = ink.surface;
  for (const { x, y } of cells) pen.fillRect(x + 1, y + 1, width - 2, barY - 1);
  for (const { node, x, y } of cells) {
    if (node.look === "quiet") continue;
    if (node.look === "loud") {
      pen.fillStyle = ink.tones[node.tone];
      pen.fillRect(x, y, width, height);
      pen.fillStyle = ink.soft[node.tone];
      pen.fillRect(x + 1, y + 1, width - 2, height - 2);
    } else {
      pen.fillStyle = ink.canvas;
      pen.fillRect(x + 1, y + 1, width - 2, height - 2);
      pen.fillStyle = ink.hatch ?? ink.line2;
      pen.fillRect(x + 1, y + 1, width - 2, height - 2);
    }
  }
  // Only nodes have a bar.
  const shares = cells.map(({ node }) => (node.sort === "node" ? barShare(scene, node) : undefined));
  pen.fillStyle = ink.hatch ?? ink.line2;
  for (const [at, { x, y }] of cells.entries())
    if (shares[at] === null) pen.fillRect(x + 1, y + barY, width - 2, barPx);
  pen.fillStyle = ink.text3;
  for (const [at, { node, x, y }] of cells.entries()) {
    const share = shares[at];
    if (share == null || node.look === "loud") continue;
    pen.fillRect(x + 1, y + barY, Math.round(share * (width - 2)), barPx);
  }
  for (const [at, { node, x, y }] of cells.entries()) {
    const share = shares[at];
    if (share == null || node.look !== "loud") continue;
    pen.fillStyle = ink.tones[node.tone];
    pen.fillRect(x + 1, y + barY, Math.round(share * (width - 2)), barPx);
  }
  if (width < FUSE_FROM_PX) return;
  pen.fillStyle = ink.line3;
  for (const { node, x, y } of cells) {
    const left = node.sort === "node" ? fuseOf(scene, node) : 0;
    if (left > 0) pen.fillRect(x + 1, y + 1, Math.round(left * (width - 2)), 1);
  }
}

/** In steps of a twentieth: a bar that flickers by a pixel says nothing. */
function barShare(scene: MapScene, node: MapNode): number | null {
  const value = barValueOf(scene, node);
  return value === null ? null : Math.round(Math.min(1, value / Math.max(scene.barMax, 1e-9)) * 20) / 20;
}

/** What is left of the 10 s after which a node that does not beat is late: full at each beat. */
function fuseOf(scene: MapScene, node: MapNode): number {
  if (node.look === "hatched") return 0;
  const sample = sampleOf(scene, node);
  return sample === null ? 0 : Math.max(0, 1 - sample.silentMs / LATE_AFTER_MS);
}

function paintGlyphs(brush: CellBrush, cells: readonly Cell[]): void {
  const { pen, press } = brush;
  const { width, height } = sizeOf(brush);
  const size = Math.min(11, height - 6, width - 3);
  for (const { node, x, y } of cells) {
    const own = node.look === "quiet" ? size * 0.72 : size;
    press.stamp(pen, node, x + width / 2, y + (height - 2) / 2, own);
  }
}

const NAME_FONT_PX = 11;

function paintNamed(brush: CellBrush, cells: readonly Cell<MapNode>[]): void {
  const { pen, ink, press, scene } = brush;
  const { width, height } = sizeOf(brush);
  const roomy = height >= 38;
  const letters = Math.max(3, Math.floor((width - 22) / 6.4));
  pen.textBaseline = "alphabetic";
  pen.textAlign = "left";
  pen.font = `${NAME_FONT_PX - 0.5}px ${ink.mono}`;
  for (const { node, x, y } of cells) {
    press.stamp(pen, node, x + 10, y + 12, 9);
    pen.fillStyle = node.look === "hatched" ? ink.text2 : ink.text1;
    pen.fillText(shortNode(node.place.name).slice(0, letters), x + 18, y + 15.5);
  }
  if (!roomy) return;
  pen.font = `${NAME_FONT_PX}px ${ink.sans}`;
  for (const { node, x, y } of cells) {
    const sample = sampleOf(scene, node);
    const more = node.place.incarnations.length - 1;
    pen.textAlign = "right";
    pen.fillStyle = node.look === "loud" ? ink.text[node.tone] : ink.text3;
    pen.fillText(sample === null ? "–" : formatAgeMs(sample.silentMs), x + width - 5, y + height - 16);
    if (more === 0) continue;
    pen.textAlign = "left";
    pen.fillStyle = ink.text3;
    pen.fillText(`+${more}`, x + 5, y + height - 16);
  }
}

/** A count of keys is as old as its census. */
const keysText = (keys: number, at: number | null, nowMs: number | null): string =>
  `${plural(keys, "key")}${at === null || nowMs === null ? "" : `, ${formatCoarseAgeMs(nowMs - at)} ago`}`;

/** Everything that is known of it at a glance. */
function paintNear(brush: CellBrush, { node, x, y }: Cell<MapNode>): void {
  const { pen, ink, press, scene } = brush;
  const { width, height } = sizeOf(brush);
  const sample = sampleOf(scene, node);
  const right = x + width - 8;
  pen.textBaseline = "alphabetic";
  pen.textAlign = "left";
  press.stamp(pen, node, x + 14, y + 16, 11);
  pen.font = `12px ${ink.mono}`;
  pen.fillStyle = ink.text1;
  pen.fillText(cutTo(pen, node.place.name, width - 34), x + 24, y + 20);
  pen.font = `11px ${ink.sans}`;
  const line = (at: number, left: string, end: string, loud = false): void => {
    if (at > y + height - 10) return;
    pen.textAlign = "left";
    pen.fillStyle = loud ? ink.text[node.tone] : ink.text2;
    pen.fillText(cutTo(pen, left, width - 16 - pen.measureText(end).width - 6), x + 8, at);
    pen.textAlign = "right";
    pen.fillStyle = loud ? ink.text[node.tone] : ink.text3;
    pen.fillText(end, right, at);
  };
  const beat = sample === null ? "–" : formatAgeMs(sample.silentMs);
  line(y + 38, node.word.replace("_", " "), `beat ${beat}`, node.look === "loud");
  const load = sample?.load ?? null;
  const keys = keysOf(scene.owned[node.lead.id]);
  line(
    y + 54,
    keys === null ? "keys not counted" : keysText(keys, scene.owned[node.lead.id]?.asOf ?? null, scene.nowMs),
    load === null ? "load –" : `load ${formatNumber(load, 2)}`,
  );
  const inside = scene.insideOf(node.stream, node.lead.id);
  if (inside === null) {
    line(y + 70, "running: not asked", "");
    return;
  }
  const parts = inside.partitions === null ? "" : plural(inside.partitions.length, "partition");
  line(y + 70, `${formatCount(inside.running)} running`, parts);
  if (inside.partitions === null) return;
  paintPartitions(brush, inside.partitions, { x: x + 8, y: y + 76, width: width - 16, height: height - 76 - 12 });
}

interface Rect {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** A bar for each partition, as high as it has instances beside the fullest. */
function paintPartitions({ pen, ink }: CellBrush, partitions: readonly (number | null)[], at: Rect): void {
  if (at.height < 10 || partitions.length === 0) return;
  const most = Math.max(1, ...partitions.map((running) => running ?? 0));
  const step = at.width / partitions.length;
  const counts = step >= 26 && at.height >= 26;
  const tall = at.height - (counts ? 13 : 0);
  for (const [index, running] of partitions.entries()) {
    const x = at.x + index * step;
    const high = running === null ? tall : Math.max(1, (running / most) * tall);
    pen.fillStyle = running === null ? (ink.hatch ?? ink.line2) : ink.line3;
    pen.fillRect(x, at.y + tall - high, Math.max(1, step - 2), high);
    if (!counts) continue;
    pen.textAlign = "center";
    pen.fillStyle = ink.text3;
    pen.font = `10px ${ink.sans}`;
    pen.fillText(running === null ? "–" : formatCount(running), x + step / 2 - 1, at.y + at.height);
  }
  pen.font = `11px ${ink.sans}`;
}

/** What is selected, under the arrow keys, different, or changed a moment ago: over the cells, with each frame. */
export function paintFrames(brush: CellBrush, nodes: readonly MapCell[], moved: ReadonlySet<string>): void {
  const { pen, ink, scene, scale } = brush;
  const { width, height } = sizeOf(brush);
  const framed = nodes.filter((node) => moved.has(node.key) || node.changed || isHere(scene, node));
  for (const { node, x, y } of cellsInView(brush, framed)) {
    const around = (by: number): void => pen.strokeRect(x - by, y - by, width + 2 * by, height + 2 * by);
    if (moved.has(node.key)) {
      pen.fillStyle = ink.text2;
      pen.fillRect(x, y + height, width, Math.min(2, Math.max(1, scale * 3)));
    }
    if (node.changed) {
      pen.strokeStyle = ink.course;
      pen.lineWidth = 2;
      pen.setLineDash([3, 2]);
      around(0.5);
      pen.setLineDash([]);
    }
    if (!isHere(scene, node)) continue;
    const selected = isSelected(scene, node);
    pen.strokeStyle = ink.course;
    pen.lineWidth = selected ? 2 : 1.5;
    if (!selected) pen.setLineDash([1.5, 1.5]);
    around(selected ? 2 : 1);
    pen.setLineDash([]);
  }
}

const isSelected = (scene: MapScene, { key }: MapCell): boolean => scene.selected.has(key);
const isHere = (scene: MapScene, node: MapCell): boolean => scene.cursor === node.key || isSelected(scene, node);

const widths = new Map<string, number>();
const WIDTHS_KEPT = 2_000;

/** A text as far as there is room, with an ellipsis where it was cut. */
export function cutTo(pen: Pen, text: string, room: number): string {
  const widthOf = (part: string): number => {
    const key = `${pen.font} ${part}`;
    const known = widths.get(key);
    if (known !== undefined) return known;
    if (widths.size >= WIDTHS_KEPT) widths.clear();
    const { width } = pen.measureText(part);
    widths.set(key, width);
    return width;
  };
  if (room <= 0) return "";
  if (widthOf(text) <= room) return text;
  let [low, high] = [0, text.length];
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (widthOf(`${text.slice(0, middle)}…`) <= room) low = middle;
    else high = middle - 1;
  }
  return low === 0 ? "" : `${text.slice(0, low)}…`;
}
