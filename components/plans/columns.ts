"use client";
import { useKeptHere } from "./kept-here.ts";
import type { PlansQuery, ServerSort } from "./plans-query.ts";

export interface Column {
  readonly id: string;
  readonly title: string;
  readonly sort?: ServerSort;
  readonly numeric?: boolean;
  /** Shown when nobody chose. */
  readonly usual: boolean;
  /** What gives way first on narrower screens: 3, then 2; 1 stays. */
  readonly place: 1 | 2 | 3;
}

/** In the order in which they stand. */
export const COLUMNS = [
  { id: "state", title: "State", sort: "state", usual: true, place: 1 },
  { id: "result", title: "Result", sort: "result", usual: true, place: 1 },
  { id: "label", title: "Label", sort: "label", usual: true, place: 1 },
  { id: "class", title: "Root action", usual: false, place: 2 },
  { id: "plan", title: "Plan", sort: "id", usual: true, place: 1 },
  { id: "source", title: "Source", usual: true, place: 3 },
  { id: "started", title: "started", sort: "startedAt", numeric: true, usual: true, place: 1 },
  { id: "ended", title: "ended", sort: "endedAt", numeric: true, usual: false, place: 2 },
  { id: "real", title: "real time", sort: "realTime", numeric: true, usual: true, place: 2 },
  { id: "execution", title: "execution", sort: "executionTime", numeric: true, usual: false, place: 2 },
  { id: "done", title: "done", numeric: true, usual: true, place: 2 },
  { id: "world", title: "World", usual: false, place: 2 },
  { id: "caller", title: "Planned by", usual: false, place: 2 },
  { id: "where", title: "where it is", usual: true, place: 2 },
] as const satisfies readonly Column[];
export type ColumnId = (typeof COLUMNS)[number]["id"];

/** Without its state and its name a row tells nothing. */
export const FIXED: ReadonlySet<string> = new Set(["state", "label"]);

const KEY = "worldline.plans.columns";

/** Those of the text that there are; `null` = nobody chose. */
export function chosenOf(ids: readonly string[] | null): readonly ColumnId[] | null {
  if (ids === null) return null;
  const wanted = new Set(ids);
  return COLUMNS.filter(({ id }) => wanted.has(id) || FIXED.has(id)).map(({ id }) => id);
}

const USUAL: readonly ColumnId[] = COLUMNS.filter(({ usual }) => usual).map(({ id }) => id);

/** The columns of a link, else those that this browser likes, else the usual ones. */
export function useColumns(query: PlansQuery) {
  const [kept, keep] = useKeptHere(KEY);
  const liked = chosenOf(kept === null ? null : kept.split(","));
  return {
    shown: chosenOf(query.columns) ?? liked ?? USUAL,
    /** Whether the link says so: then what this browser likes does not matter. */
    ofLink: query.columns !== null,
    isUsual: query.columns === null && liked === null,
    /** `null` = the usual ones again. */
    choose: (ids: readonly ColumnId[] | null) => keep(ids === null ? null : ids.join(",")),
  };
}
