/** Where the cells of a cluster stand: closed form, a function of width and count alone. Pure. */

export interface CellSize {
  readonly width: number;
  readonly height: number;
  readonly gap: number;
  /** `full` glyph, name, age and bar; `glyph` glyph and bar; `mark` colour and shape only. */
  readonly detail: "full" | "glyph" | "mark";
}

const FULL_MAX = 200;
const GLYPH_MAX = 2_000;
const WIDE_PX = 900;

/** By how many nodes are on the map in all, so that every cluster is drawn at the same size. */
export function cellSize(nodesOnMap: number, mapWidth: number): CellSize {
  if (nodesOnMap > GLYPH_MAX) return { width: 6, height: 6, gap: 1, detail: "mark" };
  if (nodesOnMap > FULL_MAX) return { width: 16, height: 20, gap: 2, detail: "glyph" };
  return mapWidth > WIDE_PX
    ? { width: 58, height: 46, gap: 3, detail: "full" }
    : { width: 48, height: 42, gap: 3, detail: "full" };
}

export interface CellGrid {
  readonly columns: number;
  readonly rows: number;
  readonly width: number;
  readonly height: number;
  xOf(index: number): number;
  yOf(index: number): number;
}

/** A grid filled row by row. The place of a cell depends on its index only. */
export function cellGrid(count: number, width: number, size: CellSize): CellGrid {
  const columns = Math.max(1, Math.floor((width + size.gap) / (size.width + size.gap)));
  const rows = Math.max(1, Math.ceil(count / columns));
  return {
    columns,
    rows,
    width: columns * (size.width + size.gap) - size.gap,
    height: rows * (size.height + size.gap) - size.gap,
    xOf: (index) => (index % columns) * (size.width + size.gap),
    yOf: (index) => Math.floor(index / columns) * (size.height + size.gap),
  };
}

/** The index one arrow key away, or the same at the edge. */
export function neighbour(index: number, key: string, columns: number, count: number): number {
  const step = { ArrowRight: 1, ArrowLeft: -1, ArrowDown: columns, ArrowUp: -columns }[key];
  if (key === "Home") return 0;
  if (key === "End") return Math.max(0, count - 1);
  if (step === undefined) return index;
  const next = index + step;
  return next < 0 || next >= count ? index : next;
}
