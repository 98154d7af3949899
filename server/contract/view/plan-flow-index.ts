/** A layout sorted by rows, so that what a viewport shows is found without looking at the rest. */
import {
  FLOW_MEASURES,
  type FlowLayout,
  type FlowMeasures,
  type PlacedFold,
  type PlacedLine,
  type PlacedStep,
  type Viewport,
} from "./plan-flow.ts";

/** A cell of either kind, in order of the flow. */
export type PlacedCell =
  | { readonly kind: "step"; readonly x: number; readonly y: number; readonly width: number; readonly step: PlacedStep }
  | {
      readonly kind: "fold";
      readonly x: number;
      readonly y: number;
      readonly width: number;
      readonly fold: PlacedFold;
    };

export interface FlowIndex {
  readonly layout: FlowLayout;
  /** All cells in order of the flow. */
  readonly order: readonly PlacedCell[];
  /** All cells, row by row, from left to right in each. */
  readonly rows: readonly (readonly PlacedCell[])[];
  /** Y of the line of each row. */
  readonly rowY: readonly number[];
  /** Calls back for every cell that touches the viewport. */
  cellsIn(view: Viewport, each: (cell: PlacedCell) => void): void;
  /** Calls back for every line that touches it. */
  linesIn(view: Viewport, each: (line: PlacedLine) => void): void;
  /** The cell at a point, `null` where there is none. */
  cellAt(x: number, y: number): PlacedCell | null;
  /** The cell of a step: its own, or the fold it is in. */
  cellOf(stepId: number): PlacedCell | null;
}

/** First index whose value is at least `wanted`; values ascend. */
function firstAtLeast(length: number, valueAt: (index: number) => number, wanted: number): number {
  let low = 0;
  let high = length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (valueAt(middle) < wanted) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** What stands in one row, by its y; rows ascend, and within a row things stand in order of the flow: left to right. */
function byRow<T>(items: readonly T[], yOf: (item: T) => number): { readonly ys: number[]; readonly rows: T[][] } {
  const rows = new Map<number, T[]>();
  for (const item of items) {
    const y = yOf(item);
    const row = rows.get(y);
    if (row === undefined) rows.set(y, [item]);
    else row.push(item);
  }
  const ys = [...rows.keys()].sort((a, b) => a - b);
  return { ys, rows: ys.map((y) => rows.get(y) ?? []) };
}

/** The cells of a layout in order of the flow, those of steps and folds merged. */
export function cellsOf(layout: FlowLayout, measures: FlowMeasures = FLOW_MEASURES): readonly PlacedCell[] {
  const { lead, cellWidth, foldWidth } = measures;
  const cells: PlacedCell[] = [];
  let next = 0;
  const foldsUpTo = (after: number): void => {
    for (let fold = layout.folds[next]; fold !== undefined && fold.after <= after; fold = layout.folds[next]) {
      cells.push({ kind: "fold", x: fold.x - lead, y: fold.y, width: foldWidth, fold });
      next += 1;
    }
  };
  for (const [at, step] of layout.steps.entries()) {
    foldsUpTo(at);
    cells.push({ kind: "step", x: step.x - lead, y: step.y, width: cellWidth, step });
  }
  foldsUpTo(layout.steps.length);
  return cells;
}

export function indexFlow(layout: FlowLayout, measures: FlowMeasures = FLOW_MEASURES): FlowIndex {
  const { rowHeight } = measures;
  const order = cellsOf(layout, measures);
  const { ys, rows } = byRow(order, (cell) => cell.y);
  if (layout.folds.length > 0) for (const row of rows) row.sort((a, b) => a.x - b.x);
  const level = layout.lines.filter((line) => line.y1 === line.y2);
  const upright = layout.lines.filter((line) => line.y1 !== line.y2);
  const flat = byRow(level, (line) => line.y1);
  for (const row of flat.rows) row.sort((a, b) => a.x1 - b.x1);
  const cellOfStep = new Map<number, PlacedCell>();
  for (const row of rows)
    for (const cell of row) {
      if (cell.kind === "step") cellOfStep.set(cell.step.stepId, cell);
      else for (const id of cell.fold.fold.stepIds) if (!cellOfStep.has(id)) cellOfStep.set(id, cell);
    }

  return {
    layout,
    order,
    rows,
    rowY: ys,
    cellsIn(view, each) {
      const bottom = view.y + view.height + rowHeight;
      const right = view.x + view.width;
      for (let at = firstAtLeast(ys.length, (i) => ys[i] ?? 0, view.y - rowHeight); at < ys.length; at += 1) {
        if ((ys[at] ?? 0) > bottom) break;
        const row = rows[at] ?? [];
        const endOf = (index: number) => (row[index]?.x ?? 0) + (row[index]?.width ?? 0);
        for (let in_ = firstAtLeast(row.length, endOf, view.x); in_ < row.length; in_ += 1) {
          const cell = row[in_];
          if (cell === undefined || cell.x > right) break;
          each(cell);
        }
      }
    },
    linesIn(view, each) {
      const bottom = view.y + view.height;
      const right = view.x + view.width;
      for (let at = firstAtLeast(flat.ys.length, (i) => flat.ys[i] ?? 0, view.y); at < flat.ys.length; at += 1) {
        if ((flat.ys[at] ?? 0) > bottom) break;
        const row = flat.rows[at] ?? [];
        for (let in_ = firstAtLeast(row.length, (i) => row[i]?.x2 ?? 0, view.x); in_ < row.length; in_ += 1) {
          const line = row[in_];
          if (line === undefined || line.x1 > right) break;
          each(line);
        }
      }
      for (const line of upright)
        if (line.x1 >= view.x && line.x1 <= right && line.y2 >= view.y && line.y1 <= bottom) each(line);
    },
    cellAt(x, y) {
      // A row reaches from above its line, where the number stands, to below the words.
      const at = firstAtLeast(ys.length, (i) => (ys[i] ?? 0) + rowHeight - CELL_ABOVE, y);
      if ((ys[at] ?? Number.POSITIVE_INFINITY) - CELL_ABOVE > y) return null;
      const row = rows[at] ?? [];
      const cell = row[firstAtLeast(row.length, (i) => (row[i]?.x ?? 0) + (row[i]?.width ?? 0), x)];
      return cell === undefined || cell.x > x ? null : cell;
    },
    cellOf: (stepId) => cellOfStep.get(stepId) ?? null,
  };
}

/** How far a cell reaches above its line, in pixels. */
export const CELL_ABOVE = 18;
