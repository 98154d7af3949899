/** The list of plans as it stands in the address: filters, order, position. Pure, both ways. */
import type { PlansPlace } from "#components/ui/routes.ts";

/** Every order that Dynflow's own list has, and the one that puts a person's work first. */
export const SORTS = [
  "needs",
  "startedAt",
  "endedAt",
  "label",
  "state",
  "result",
  "realTime",
  "executionTime",
  "class",
  "rootPlanStepId",
  "id",
] as const;
export type Sort = (typeof SORTS)[number];
export type ServerSort = Exclude<Sort, "needs">;

export const SORT_WORDS: Readonly<Record<Sort, string>> = {
  needs: "what needs a person first",
  startedAt: "started",
  endedAt: "ended",
  label: "label",
  state: "state",
  result: "result",
  realTime: "real time",
  executionTime: "execution time",
  class: "class",
  rootPlanStepId: "root plan step",
  id: "id",
};

/** In the order in which they matter to a person. */
export const UNFINISHED = ["paused", "running", "planning", "planned", "scheduled", "pending"] as const;
export const ALL_STATES: readonly string[] = [...UNFINISHED, "stopped"];
export const RESULTS: readonly string[] = ["error", "warning", "cancelled", "success", "pending"];

export const WITHIN_HOURS = { "1h": 1, "24h": 24, "7d": 168, "30d": 720 } as const;
export type Within = keyof typeof WITHIN_HOURS;
export const WITHIN_WORDS: Readonly<Record<Within, string>> = {
  "1h": "1 h",
  "24h": "24 h",
  "7d": "7 d",
  "30d": "30 d",
};

export interface Label {
  readonly kind: "exact" | "prefix";
  readonly text: string;
}

export interface PlansQuery {
  /** `null` = all of them. */
  readonly source: string | null;
  /** Empty = every state. */
  readonly states: readonly string[];
  readonly results: readonly string[];
  readonly label: Label | null;
  readonly within: Within | null;
  /** ISO text; only without `within`. */
  readonly from: string | null;
  readonly to: string | null;
  readonly sort: Sort;
  readonly descending: boolean;
  /** Where the list begins; `null` = at its start. */
  readonly position: Position | null;
}
export interface Position {
  readonly cursor: string;
  readonly direction: "next" | "previous";
}

const DEFAULT_STATES: readonly string[] = UNFINISHED;

export const sameSet = (a: readonly string[], b: readonly string[]): boolean =>
  a.length === b.length && a.every((each) => b.includes(each));

/** Whether the fold holds every plan that the filter can find. */
export const isUnfinished = (states: readonly string[]): boolean => states.length > 0 && !states.includes("stopped");

const list = (text: string | null): readonly string[] =>
  text === null ? [] : [...new Set(text.split(",").filter((part) => part !== ""))].slice(0, LIST_MAX);
const LIST_MAX = 20;

/** `Actions::Foo` is exact, `Actions::*` begins so. */
export function parseLabel(text: string | null): Label | null {
  const trimmed = (text ?? "").trim().slice(0, LABEL_MAX);
  if (trimmed === "" || trimmed === "*") return null;
  return trimmed.endsWith("*") ? { kind: "prefix", text: trimmed.slice(0, -1) } : { kind: "exact", text: trimmed };
}
const LABEL_MAX = 500;
export const labelText = (label: Label | null): string =>
  label === null ? "" : label.kind === "prefix" ? `${label.text}*` : label.text;

const instantOf = (text: string | null): string | null =>
  text === null || Number.isNaN(Date.parse(text)) ? null : new Date(Date.parse(text)).toISOString();

/** Whatever stands in the address becomes a query; what makes no sense is left out. */
export function parseQuery(search: URLSearchParams): PlansQuery {
  const stateText = search.get("state");
  const states = stateText === null ? DEFAULT_STATES : stateText === "all" ? [] : list(stateText);
  const asked = SORTS.find((sort) => sort === search.get("sort"));
  const sort = asked === undefined || (asked === "needs" && !isUnfinished(states)) ? defaultSort(states) : asked;
  const within = search.get("within");
  const known = within !== null && Object.hasOwn(WITHIN_HOURS, within) ? (within as Within) : null;
  const at = /^(next|previous)\.(.+)$/.exec(search.get("at") ?? "");
  return {
    source: search.get("source"),
    states,
    results: list(search.get("result")),
    label: parseLabel(search.get("label")),
    within: known,
    from: known === null ? instantOf(search.get("from")) : null,
    to: known === null ? instantOf(search.get("to")) : null,
    sort,
    descending: search.get("order") === null ? isDescendingFirst(sort) : search.get("order") === "desc",
    position: at === null ? null : { direction: at[1] === "next" ? "next" : "previous", cursor: at[2] ?? "" },
  };
}

const defaultSort = (states: readonly string[]): Sort => (isUnfinished(states) ? "needs" : "startedAt");
/** Times and durations begin with the greatest, words with the first. */
export const isDescendingFirst = (sort: Sort): boolean =>
  sort === "startedAt" || sort === "endedAt" || sort === "realTime" || sort === "executionTime";

/** The query as parameters of the address; what is as it is by default is left out. */
export function toPlace(query: PlansQuery): PlansPlace {
  const { source, states, results, label, within, from, to, descending, position } = query;
  const sort = query.sort === "needs" ? defaultSort(states) : query.sort;
  return {
    source,
    state: sameSet(states, DEFAULT_STATES) ? null : states.length === 0 ? "all" : states.join(","),
    result: results.length === 0 ? null : results.join(","),
    label: label === null ? null : labelText(label),
    within,
    from: within === null ? from : null,
    to: within === null ? to : null,
    sort: sort === defaultSort(states) ? null : sort,
    order: sort !== query.sort || descending === isDescendingFirst(sort) ? null : descending ? "desc" : "asc",
    at: position === null ? null : `${position.direction}.${position.cursor}`,
  };
}

const HOUR_MS = 3_600_000;
/** Questions about "the last 24 h" are the same question for this long. */
const WITHIN_STEP_MS = 60_000;

/** The filter as the procedures take it. */
export function toFilter(query: Omit<PlansQuery, "sort" | "descending" | "position" | "source">, nowMs: number) {
  const { states, results, label, within } = query;
  const since = Math.floor(nowMs / WITHIN_STEP_MS) * WITHIN_STEP_MS;
  const startedFrom = within === null ? query.from : new Date(since - WITHIN_HOURS[within] * HOUR_MS).toISOString();
  return {
    states: [...states],
    results: [...results],
    label: label === null ? null : { ...label },
    startedFrom,
    startedTo: within === null ? query.to : null,
  };
}
export type Filter = ReturnType<typeof toFilter>;

/** One condition that could be dropped, and the query without it. */
export interface Condition {
  readonly words: string;
  readonly without: PlansQuery;
}

/** The conditions besides the states: what to drop when nothing matches. */
export function conditionsOf(query: PlansQuery): readonly Condition[] {
  const free = { ...query, position: null };
  return [
    ...(query.label === null ? [] : [{ words: `label ${labelText(query.label)}`, without: { ...free, label: null } }]),
    ...(query.within === null
      ? []
      : [{ words: `started within ${WITHIN_WORDS[query.within]}`, without: { ...free, within: null } }]),
    ...(query.from === null && query.to === null
      ? []
      : [{ words: "started from – to", without: { ...free, from: null, to: null } }]),
    ...(query.results.length === 0
      ? []
      : [{ words: `result ${query.results.join(", ")}`, without: { ...free, results: [] } }]),
    ...(query.states.length === 0 ? [] : [{ words: stateWords(query.states), without: { ...free, states: [] } }]),
  ];
}

const stateWords = (states: readonly string[]): string =>
  sameSet(states, DEFAULT_STATES) ? "only unfinished" : `state ${states.join(", ")}`;

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
/** A pasted plan id, in the form that the procedures take; `null` for anything else. */
export const parsePlanId = (text: string): string | null => {
  const trimmed = text.trim();
  return UUID.test(trimmed) ? trimmed.toLowerCase() : null;
};
