/** Where keys lead in a flow: from cell to cell, and to another scale. Pure. */
import type { FlowIndex, PlacedCell } from "#server/contract/view/plan-flow-index.ts";

/** Left and right go along the order of the flow, up and down to the nearest cell of the next row, home and end to its ends. */
export function nextCell(index: FlowIndex, from: PlacedCell | null, key: string): PlacedCell | null {
  const { order } = index;
  const at = from === null ? -1 : order.indexOf(from);
  const inOrder = (place: number): PlacedCell | null => order[Math.min(order.length - 1, Math.max(0, place))] ?? null;
  switch (key) {
    case "ArrowRight":
      return inOrder(at + 1);
    case "ArrowLeft":
      return inOrder(at - 1);
    case "Home":
      return inOrder(0);
    case "End":
      return inOrder(order.length - 1);
    case "ArrowDown":
      return from === null ? inOrder(0) : inRow(index, from, 1);
    case "ArrowUp":
      return from === null ? inOrder(0) : inRow(index, from, -1);
    default:
      return null;
  }
}

/** The nearest cell in the next row above or below; itself when there is none. */
function inRow(index: FlowIndex, from: PlacedCell, by: 1 | -1): PlacedCell {
  const row = index.rows[index.rowY.indexOf(from.y) + by];
  if (row === undefined) return from;
  let nearest = row[0] ?? from;
  for (const cell of row) if (Math.abs(cell.x - from.x) < Math.abs(nearest.x - from.x)) nearest = cell;
  return nearest;
}

export const isMove = (key: string): boolean => /^(Arrow(Left|Right|Up|Down)|Home|End)$/.test(key);

/** The cell of a fold, by its key; `null` when it is open, or of another flow. */
export const foldCell = (order: readonly PlacedCell[], key: number): PlacedCell | null =>
  order.find((cell) => cell.kind === "fold" && cell.fold.fold.key === key) ?? null;

const ZOOM_STEP = 1.25;
const SCALE_MIN = 0.004;
const SCALE_MAX = 2;
/** So close to the size of the page is that size: words stay sharp. */
const SNAP = 0.04;

/** A scale within what can be shown. */
export function clampScale(scale: number): number {
  const within = Math.min(SCALE_MAX, Math.max(SCALE_MIN, scale));
  return Math.abs(within - 1) < SNAP ? 1 : within;
}

/** The scale that a key leads to; `null` for any other key. */
export function zoomOf(key: string, scale: number): number | null {
  if (key === "+" || key === "=") return clampScale(scale * ZOOM_STEP);
  if (key === "-") return clampScale(scale / ZOOM_STEP);
  return key === "0" ? 1 : null;
}
