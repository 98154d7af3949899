"use client";
import { useMemo } from "react";
import { useKeptHere } from "./kept-here.ts";

/** A view is the address of the list: whoever has the link has the view. */
export interface View {
  readonly name: string;
  /** Parameters of the address, without the page. */
  readonly search: string;
}

/** What people look for every day. */
export const READY_VIEWS: readonly View[] = [
  { name: "Unfinished", search: "" },
  { name: "Paused with error", search: "state=paused&result=error" },
  { name: "Running long", search: "state=running&lasting=1h" },
  { name: "Scheduled", search: "state=scheduled" },
  { name: "Failed in 24 h", search: "state=paused%2Cstopped&result=error&within=24h" },
  { name: "Stopped with warning", search: "state=stopped&result=warning" },
  { name: "All", search: "state=all" },
];

const KEY = "worldline.plans.views";
const VIEWS_MAX = 30;
export const NAME_MAX_CHARS = 40;
const SEARCH_MAX_CHARS = 4_000;

/** Where one is in a list is no part of a view, nor at which instant. */
const NOT_OF_A_VIEW = ["page", "row", "at", "with"];

/** The same parameters in the same order, whoever wrote them. */
export function viewSearch(search: URLSearchParams | string): string {
  const kept = [...new URLSearchParams(search)].filter(([name]) => !NOT_OF_A_VIEW.includes(name));
  return new URLSearchParams(kept.toSorted(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0))).toString();
}

/** What was kept, as far as it makes sense: somebody else may have written it. */
export function parseViews(text: string | null): readonly View[] {
  const stored = parseJson(text);
  if (!Array.isArray(stored)) return [];
  return stored
    .flatMap((each: unknown): View[] => {
      if (typeof each !== "object" || each === null || !("name" in each) || !("search" in each)) return [];
      const { name, search } = each;
      return typeof name === "string" && typeof search === "string" && search.length <= SEARCH_MAX_CHARS
        ? [{ name: name.slice(0, NAME_MAX_CHARS), search: viewSearch(search) }]
        : [];
    })
    .slice(0, VIEWS_MAX);
}

function parseJson(text: string | null): unknown {
  if (text === null) return null;
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

/** The views that this browser keeps. Saving under a name that there is replaces it; it tells why it could not. */
export function useSavedViews() {
  const [text, keep] = useKeptHere(KEY);
  const views = useMemo(() => parseViews(text), [text]);
  return {
    views,
    save(view: View): string | null {
      const others = views.filter(({ name }) => name !== view.name);
      if (others.length >= VIEWS_MAX) return `This browser keeps ${VIEWS_MAX} views at most: drop one first.`;
      return keep(JSON.stringify([...others, view])) ? null : "This browser keeps nothing for this page.";
    },
    drop(name: string): void {
      keep(JSON.stringify(views.filter((view) => view.name !== name)));
    },
  };
}
