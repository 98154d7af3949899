/**
 * Paints what a viewport shows of a flow on a canvas. Near: the same cells as in the drawing of small flows. Farther away:
 * marks without words. From afar: one pixel or few for each cell, the worst of those that share it.
 */
import { FLOW_MEASURES } from "#server/contract/view/plan-flow.ts";
import { CELL_ABOVE, type PlacedCell } from "#server/contract/view/plan-flow-index.ts";
import { TONES_WORST_FIRST, type Tone } from "#server/kernel/states.ts";
import type { GlyphPress, Ink } from "./flow-ink.ts";
import { type FlowScene, lineOf, markOf, progressOf } from "./flow-scene.ts";
import { shortClass } from "./step-words.ts";

export interface PaintView {
  /** Of the top left corner, in pixels of the layout. */
  readonly x: number;
  readonly y: number;
  /** Pixels of the page for one of the layout. */
  readonly scale: number;
  /** Of the canvas, in pixels of the page. */
  readonly width: number;
  readonly height: number;
  /** Pixels of the device for one of the page. */
  readonly ratio: number;
}

export type Pen = CanvasRenderingContext2D;

/** From here on words can be read. */
export const WORDS_SCALE = 0.55;
/** From here on marks can be told apart. */
const MARKS_SCALE = 0.16;
const { cellWidth, rowHeight, lead } = FLOW_MEASURES;
const NAME_MAX = 17;
const FOLD_NAME_MAX = 34;
const FOLD_BAR_WIDTH = 176;
const GLYPH_SIZE = 12;

export function paintFlow(pen: Pen, scene: FlowScene, view: PaintView, ink: Ink, press: GlyphPress): void {
  const { scale, ratio } = view;
  pen.setTransform(1, 0, 0, 1, 0, 0);
  pen.clearRect(0, 0, view.width * ratio, view.height * ratio);
  if (scale < MARKS_SCALE) {
    paintFar(pen, scene, view, ink);
    return;
  }
  pen.setTransform(scale * ratio, 0, 0, scale * ratio, -view.x * scale * ratio, -view.y * scale * ratio);
  const seen = { x: view.x, y: view.y, width: view.width / scale, height: view.height / scale };
  const cells: PlacedCell[] = [];
  scene.index.cellsIn(seen, (cell) => cells.push(cell));
  paintGrounds(pen, scene, cells, ink);
  paintLines(pen, scene, seen, ink);
  if (scene.critical.length > 0) paintCritical(pen, scene, seen, ink);
  if (scale >= WORDS_SCALE) paintNear(pen, scene, cells, ink, press);
  else paintMarks(pen, scene, cells, press);
}

type Seen = { readonly x: number; readonly y: number; readonly width: number; readonly height: number };

/** Grounds of what is selected, failed, found or under the arrow keys. */
function paintGrounds(pen: Pen, scene: FlowScene, cells: readonly PlacedCell[], ink: Ink): void {
  const frame = (cell: PlacedCell, color: string, fill: string | null): void => {
    const [x, y, width, height] = [cell.x + 1, cell.y - CELL_ABOVE + 1, cell.width - 3, rowHeight - 2];
    if (fill !== null) {
      pen.fillStyle = fill;
      pen.fillRect(x, y, width, height);
    }
    if (color === "") return;
    pen.strokeStyle = color;
    pen.lineWidth = 2;
    pen.strokeRect(x, y, width, height);
  };
  pen.setLineDash([]);
  for (const cell of cells) {
    if (cell.kind === "fold") {
      if (cell.fold.fold.key === scene.cursor) frame(cell, ink.course, ink.selected);
      else if (scene.hits.size > 0 && cell.fold.fold.stepIds.some((id) => scene.hits.has(id)))
        frame(cell, ink.text3, null);
      continue;
    }
    const { stepId } = cell.step;
    const failed = scene.steps.get(stepId)?.state === "error";
    if (stepId === scene.selected) frame(cell, ink.course, failed ? ink.failedSoft : ink.selected);
    else if (failed) frame(cell, scene.hits.has(stepId) ? ink.text3 : "", ink.failedSoft);
    else if (scene.hits.has(stepId)) frame(cell, ink.text3, null);
  }
}

function paintLines(pen: Pen, scene: FlowScene, seen: Seen, ink: Ink): void {
  const passed = new Path2D();
  const ahead = new Path2D();
  scene.index.linesIn(seen, ({ x1, y1, x2, y2, passed: over }) => {
    const path = over ? passed : ahead;
    path.moveTo(x1, y1);
    path.lineTo(x2, y2);
  });
  pen.lineWidth = 1.5;
  pen.strokeStyle = scene.critical.length > 0 ? ink.line3 : ink.text2;
  pen.setLineDash([]);
  pen.stroke(passed);
  pen.lineWidth = 1;
  pen.strokeStyle = ink.line3;
  pen.setLineDash([3, 3]);
  pen.stroke(ahead);
  pen.setLineDash([]);
}

/** The chain as one thick line from cell to cell. */
function paintCritical(pen: Pen, scene: FlowScene, seen: Seen, ink: Ink): void {
  const [right, bottom] = [seen.x + seen.width, seen.y + seen.height];
  pen.strokeStyle = ink.text1;
  pen.lineWidth = 3.5;
  pen.lineJoin = "round";
  pen.beginPath();
  let before: PlacedCell | null = null;
  for (const id of scene.critical) {
    const cell = scene.index.cellOf(id);
    if (cell === null || cell === before) continue;
    const from = before ?? cell;
    const near =
      Math.max(from.x + from.width, cell.x + cell.width) >= seen.x &&
      Math.min(from.x, cell.x) <= right &&
      Math.max(from.y, cell.y) >= seen.y &&
      Math.min(from.y, cell.y) <= bottom;
    if (near) {
      if (before !== null) {
        const turn = Math.max(before.x + before.width, cell.x - FLOW_MEASURES.fork);
        pen.moveTo(before.x + before.width, before.y);
        pen.lineTo(turn, before.y);
        pen.lineTo(turn, cell.y);
        pen.lineTo(cell.x, cell.y);
      }
      pen.moveTo(cell.x, cell.y);
      pen.lineTo(cell.x + cell.width, cell.y);
    }
    before = cell;
  }
  pen.stroke();
}

function paintNear(pen: Pen, scene: FlowScene, cells: readonly PlacedCell[], ink: Ink, press: GlyphPress): void {
  pen.textBaseline = "alphabetic";
  for (const cell of cells) {
    // The line does not run through the mark.
    const [x, y] = [cell.x + lead, cell.y];
    pen.fillStyle = groundOf(scene, cell, ink);
    pen.beginPath();
    pen.arc(x, y, 8, 0, 2 * Math.PI);
    pen.fill();
    if (cell.kind === "fold") paintFold(pen, scene, cell, ink, press);
    else paintStep(pen, scene, cell, ink, press);
  }
}

function groundOf(scene: FlowScene, cell: PlacedCell, ink: Ink): string {
  if (cell.kind === "fold") return cell.fold.fold.key === scene.cursor ? ink.selected : ink.canvas;
  if (scene.steps.get(cell.step.stepId)?.state === "error") return ink.failedSoft;
  return cell.step.stepId === scene.selected ? ink.selected : ink.canvas;
}

type StepCell = Extract<PlacedCell, { kind: "step" }>;
type FoldCell = Extract<PlacedCell, { kind: "fold" }>;

function paintStep(pen: Pen, scene: FlowScene, cell: StepCell, ink: Ink, press: GlyphPress): void {
  const { stepId, x, y } = cell.step;
  const step = scene.steps.get(stepId);
  const mark = markOf(step);
  const failed = step?.state === "error";
  const progress = progressOf(step);
  if (progress !== null) {
    pen.strokeStyle = ink.tones[mark.tone];
    pen.lineWidth = 2;
    pen.beginPath();
    pen.arc(x, y, 8, -Math.PI / 2, -Math.PI / 2 + 2 * Math.PI * progress);
    pen.stroke();
  }
  if (scene.changed.has(String(stepId))) {
    pen.strokeStyle = ink.course;
    pen.lineWidth = 1.5;
    pen.beginPath();
    pen.arc(x, y, 9.5, 0, 2 * Math.PI);
    pen.stroke();
  }
  press.stamp(pen, mark, x, y, GLYPH_SIZE);
  pen.font = `10px ${ink.sans}`;
  pen.fillStyle = ink.text3;
  pen.fillText(String(stepId), x + 10, y - 5);
  pen.fillStyle = failed ? ink.failedText : ink.text3;
  pen.fillText(lineOf(step, scene.nowMs), x - 5, y + 30, cellWidth - lead);
  pen.font = `${failed ? "600 " : ""}11px ${ink.sans}`;
  pen.fillStyle = step?.state === "pending" ? ink.text2 : ink.text1;
  pen.fillText(cut(step === undefined ? "…" : shortClass(step.actionClass), NAME_MAX), x - 5, y + 18, cellWidth - lead);
}

function paintFold(pen: Pen, scene: FlowScene, cell: FoldCell, ink: Ink, press: GlyphPress): void {
  const { fold, x, y } = cell.fold;
  const words = scene.foldOf(fold);
  // Two shadows say that there are more behind it.
  pen.globalAlpha = 0.35;
  press.stamp(pen, words.mark, x + 5, y, GLYPH_SIZE);
  pen.globalAlpha = 1;
  press.stamp(pen, words.mark, x, y, GLYPH_SIZE);
  pen.font = `500 11px ${ink.sans}`;
  pen.fillStyle = ink.text1;
  pen.fillText(cut(words.name, FOLD_NAME_MAX), x - 5, y + 18, FLOW_MEASURES.foldWidth - lead - 8);
  pen.font = `10px ${ink.sans}`;
  pen.fillStyle = ink.text3;
  pen.fillText(words.counts, x - 5, y + 30, FLOW_MEASURES.foldWidth - lead - 8);
  let at = x - 5;
  for (const { mark, share } of words.shares) {
    const width = Math.max(2, share * FOLD_BAR_WIDTH);
    pen.fillStyle = ink.tones[mark.tone];
    pen.fillRect(at, y - 14, Math.max(1, width - 1), 3);
    at += width;
  }
}

function paintMarks(pen: Pen, scene: FlowScene, cells: readonly PlacedCell[], press: GlyphPress): void {
  for (const cell of cells) {
    const mark = cell.kind === "fold" ? scene.foldOf(cell.fold.fold).mark : markOf(scene.steps.get(cell.step.stepId));
    press.stamp(pen, mark, cell.x + lead, cell.y, cell.kind === "fold" ? 34 : 22);
  }
}

const cut = (text: string, max: number): string => (text.length > max ? `${text.slice(0, max - 1)}…` : text);

/** Worse ones win the pixels that they share. */
const RANK: Readonly<Record<Tone, number>> = Object.fromEntries(
  TONES_WORST_FIRST.map((tone, index) => [tone, TONES_WORST_FIRST.length - index]),
) as Readonly<Record<Tone, number>>;
const FAR_MARK_MIN = 1.6;

/** Every cell a few pixels; good ones first, so that what is worse lies over them. */
function paintFar(pen: Pen, scene: FlowScene, view: PaintView, ink: Ink): void {
  const { scale, ratio } = view;
  pen.setTransform(ratio, 0, 0, ratio, 0, 0);
  const byTone = new Map<Tone, number[]>();
  const taken = new Map<number, number>();
  const seen = { x: view.x, y: view.y, width: view.width / scale, height: view.height / scale };
  const columns = Math.ceil(view.width);
  scene.index.cellsIn(seen, (cell) => {
    const { tone } =
      cell.kind === "fold" ? scene.foldOf(cell.fold.fold).mark : markOf(scene.steps.get(cell.step.stepId));
    const x = (cell.x - view.x) * scale;
    const y = (cell.y - view.y) * scale;
    // Of those that share a pixel only the worst is drawn.
    const place = Math.floor(y) * columns + Math.floor(x);
    if ((taken.get(place) ?? 0) >= RANK[tone]) return;
    taken.set(place, RANK[tone]);
    const list = byTone.get(tone) ?? [];
    list.push(x, y, cell.width * scale);
    byTone.set(tone, list);
  });
  const height = Math.max(FAR_MARK_MIN, rowHeight * scale * 0.6);
  for (const tone of [...TONES_WORST_FIRST].reverse()) {
    const list = byTone.get(tone) ?? [];
    pen.fillStyle = ink.tones[tone];
    const least = tone === "failed" ? 3 : FAR_MARK_MIN;
    for (let at = 0; at + 2 < list.length; at += 3) {
      const [x = 0, y = 0, width = 0] = [list[at], list[at + 1], list[at + 2]];
      pen.fillRect(x, y - height / 2, Math.max(least, width - Math.min(1, width * 0.2)), Math.max(least, height));
    }
  }
  const chosen = scene.selected === null ? null : scene.index.cellOf(scene.selected);
  if (chosen === null) return;
  pen.strokeStyle = ink.course;
  pen.lineWidth = 2;
  pen.strokeRect(
    (chosen.x - view.x) * scale - 4,
    (chosen.y - view.y) * scale - 5,
    Math.max(10, chosen.width * scale + 8),
    10,
  );
}
