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

/** Shortest duration that is looked for, in seconds. */
export const LASTING_SECONDS = {
  "1m": 60,
  "10m": 600,
  "1h": 3_600,
  "6h": 21_600,
  "1d": 86_400,
  "7d": 604_800,
} as const;
export type Lasting = keyof typeof LASTING_SECONDS;
export const LASTING_WORDS: Readonly<Record<Lasting, string>> = {
  "1m": "1 min",
  "10m": "10 min",
  "1h": "1 h",
  "6h": "6 h",
  "1d": "1 d",
  "7d": "7 d",
};

export interface Label {
  readonly kind: "exact" | "prefix" | "contains";
  readonly text: string;
}

/** What only a look into every plan tells: a search, slice by slice. */
export interface Needle {
  readonly error: string | null;
  readonly input: string | null;
  /** Class of any action. */
  readonly action: string | null;
  /** World in the execution history. */
  readonly ran: string | null;
}

export interface PlansQuery extends Needle {
  /** `null` = all of them. */
  readonly source: string | null;
  /** Empty = every state. */
  readonly states: readonly string[];
  readonly results: readonly string[];
  /** Part of label, class or id. */
  readonly text: string | null;
  readonly label: Label | null;
  readonly rootClass: Label | null;
  /** Id of the plan whose sub-plans are meant. */
  readonly caller: string | null;
  readonly topLevel: boolean;
  /** World that holds the plan now. */
  readonly heldBy: string | null;
  readonly delayed: boolean | null;
  readonly lasting: Lasting | null;
  readonly ended: Within | null;
  readonly within: Within | null;
  /** ISO text; only without `within`. */
  readonly from: string | null;
  readonly to: string | null;
  readonly sort: Sort;
  readonly descending: boolean;
  /** Where the page of a server order begins; `null` = at the start. */
  readonly position: Position | null;
  /** Number of the first row of the page, as far as it is known; from 0. */
  readonly row: number | null;
  /** Columns that this link shows; `null` = as this browser likes it. */
  readonly columns: readonly string[] | null;
}
export type Position =
  | { readonly cursor: string; readonly direction: "next" | "previous" }
  | { readonly offset: number }
  | { readonly last: true };

const DEFAULT_STATES: readonly string[] = UNFINISHED;

export const sameSet = (a: readonly string[], b: readonly string[]): boolean =>
  a.length === b.length && a.every((each) => b.includes(each));

/** Whether the fold holds every plan that these states can find. */
export const isUnfinished = (states: readonly string[]): boolean => states.length > 0 && !states.includes("stopped");

type Asked = Pick<
  PlansQuery,
  "states" | "caller" | "topLevel" | "delayed" | "ended" | "error" | "input" | "action" | "ran"
>;
/** Whether the feed tells everything that is asked for: then nothing is asked of the database. */
export const isLive = (query: Asked): boolean => isUnfinished(query.states) && beyondFeed(query).length === 0;

/** What is asked for that the feed does not tell, in words. */
export const beyondFeed = (query: Omit<Asked, "states">): readonly string[] => [
  ...(query.caller === null ? [] : ["sub-plans of a plan"]),
  ...(query.topLevel ? ["only top-level plans"] : []),
  ...(query.delayed === null ? [] : ["delayed starts"]),
  ...(query.ended === null ? [] : ["ends"]),
  ...(isSearch(query) ? ["what only plans themselves tell"] : []),
];

/** Whether plans have to be looked into, one by one. */
export const isSearch = ({ error, input, action, ran }: Needle): boolean =>
  error !== null || input !== null || action !== null || ran !== null;

const list = (text: string | null): readonly string[] =>
  text === null ? [] : [...new Set(text.split(",").filter((part) => part !== ""))].slice(0, LIST_MAX);
const LIST_MAX = 20;

/** `Actions::Foo` is exact, `Actions::*` begins so, `*Sync*` contains it. */
export function parseLabel(text: string | null): Label | null {
  const trimmed = (text ?? "").trim().slice(0, LABEL_MAX);
  if (/^\**$/.test(trimmed)) return null;
  if (!trimmed.endsWith("*")) return { kind: "exact", text: trimmed };
  return trimmed.startsWith("*")
    ? { kind: "contains", text: trimmed.slice(1, -1) }
    : { kind: "prefix", text: trimmed.slice(0, -1) };
}
const LABEL_MAX = 500;
const LABEL_FORMS = { exact: ["", ""], prefix: ["", "*"], contains: ["*", "*"] } as const;
export function labelText(label: Label | null): string {
  if (label === null) return "";
  const [before, after] = LABEL_FORMS[label.kind];
  return `${before}${label.text}${after}`;
}

/** What somebody types: a star makes it a label, everything else is looked for in label, class and id. */
export function parseTyped(text: string): Pick<PlansQuery, "text" | "label"> {
  const trimmed = text.trim();
  return /^\*|\*$/.test(trimmed)
    ? { text: null, label: parseLabel(trimmed) }
    : { text: words(trimmed, TEXT_MAX), label: null };
}
const TEXT_MAX = 200;

const words = (text: string | null, max: number): string | null => {
  const trimmed = (text ?? "").trim().slice(0, max);
  return trimmed === "" ? null : trimmed;
};
/** The server takes no less than two characters. */
const needle = (text: string | null): string | null => {
  const found = words(text, TEXT_MAX);
  return found === null || found.length < 2 ? null : found;
};

const instantOf = (text: string | null): string | null =>
  text === null || Number.isNaN(Date.parse(text)) ? null : new Date(Date.parse(text)).toISOString();

/** Whatever stands in the address becomes a query; what makes no sense is left out. */
export function parseQuery(search: URLSearchParams): PlansQuery {
  const stateText = search.get("state");
  const states = stateText === null ? DEFAULT_STATES : stateText === "all" ? [] : list(stateText);
  const within = oneOf(WITHIN_HOURS, search.get("within"));
  const top = search.get("top") === "yes";
  const row = /^[0-9]{1,9}$/.test(search.get("row") ?? "") ? Number(search.get("row")) : null;
  const asked = {
    states,
    caller: parsePlanId(search.get("caller") ?? ""),
    topLevel: top,
    delayed: search.get("delayed") === "yes" ? true : search.get("delayed") === "no" ? false : null,
    ended: oneOf(WITHIN_HOURS, search.get("ended")),
    error: needle(search.get("error")),
    input: needle(search.get("input")),
    action: needle(search.get("action")),
    ran: words(search.get("ran"), 100),
  };
  const wanted = SORTS.find((sort) => sort === search.get("sort"));
  const sort = wanted === undefined || (wanted === "needs" && !isLive(asked)) ? defaultSort(asked) : wanted;
  const columns = search.get("cols");
  return {
    ...asked,
    source: search.get("source"),
    results: list(search.get("result")),
    text: words(search.get("q"), TEXT_MAX),
    label: parseLabel(search.get("label")),
    rootClass: parseLabel(search.get("class")),
    heldBy: words(search.get("world"), 100),
    lasting: oneOf(LASTING_SECONDS, search.get("lasting")),
    within,
    from: within === null ? instantOf(search.get("from")) : null,
    to: within === null ? instantOf(search.get("to")) : null,
    sort,
    descending: search.get("order") === null ? isDescendingFirst(sort) : search.get("order") === "desc",
    position: parsePosition(search.get("page") ?? ""),
    row,
    columns: columns === null ? null : list(columns),
  };
}

const oneOf = <T extends object>(known: T, text: string | null): keyof T | null =>
  text !== null && Object.hasOwn(known, text) ? (text as keyof T) : null;

function parsePosition(text: string): Position | null {
  if (text === "last") return { last: true };
  const after = /^after\.([0-9]{1,9})$/.exec(text);
  if (after !== null) return { offset: Number(after[1]) };
  const at = /^(next|previous)\.(.+)$/.exec(text);
  return at === null ? null : { direction: at[1] === "next" ? "next" : "previous", cursor: at[2] ?? "" };
}

function positionText(position: Position | null): string | null {
  if (position === null) return null;
  if ("last" in position) return "last";
  return "offset" in position ? `after.${position.offset}` : `${position.direction}.${position.cursor}`;
}

const defaultSort = (asked: Asked): Sort => (isLive(asked) ? "needs" : "startedAt");
/** Times and durations begin with the greatest, words with the first. */
export const isDescendingFirst = (sort: Sort): boolean =>
  sort === "startedAt" || sort === "endedAt" || sort === "realTime" || sort === "executionTime";

/** The query as parameters of the address; what is as it is by default is left out. */
export function toPlace(query: PlansQuery): PlansPlace {
  const { source, states, results, text, label, rootClass, within, from, to, descending, position, row } = query;
  const { caller, topLevel, heldBy, delayed, lasting, ended, error, input, action, ran, columns } = query;
  const usual = defaultSort(query);
  const sort = query.sort === "needs" ? usual : query.sort;
  return {
    source,
    state: sameSet(states, DEFAULT_STATES) ? null : states.length === 0 ? "all" : states.join(","),
    result: results.length === 0 ? null : results.join(","),
    q: text,
    label: label === null ? null : labelText(label),
    class: rootClass === null ? null : labelText(rootClass),
    caller,
    top: topLevel ? "yes" : null,
    world: heldBy,
    delayed: delayed === null ? null : delayed ? "yes" : "no",
    lasting,
    ended,
    within,
    from: within === null ? from : null,
    to: within === null ? to : null,
    error,
    input,
    action,
    ran,
    sort: sort === usual ? null : sort,
    order: sort !== query.sort || descending === isDescendingFirst(sort) ? null : descending ? "desc" : "asc",
    page: positionText(position),
    row: row === null ? null : String(row),
    cols: columns === null ? null : columns.join(","),
  };
}

const HOUR_MS = 3_600_000;
/** Questions about "the last 24 h" are the same question for this long. */
const WITHIN_STEP_MS = 60_000;

const stepped = (nowMs: number): number => Math.floor(nowMs / WITHIN_STEP_MS) * WITHIN_STEP_MS;
const sinceOf = (within: Within, nowMs: number): string =>
  new Date(stepped(nowMs) - WITHIN_HOURS[within] * HOUR_MS).toISOString();

export interface Filter {
  states: string[];
  results: string[];
  label: Label | null;
  startedFrom: string | null;
  startedTo: string | null;
  anyText?: string;
  rootClass?: Label;
  callerPlanId?: string;
  topLevel?: true;
  heldBy?: string;
  delayed?: boolean;
  minDurationSec?: number;
  endedFrom?: string;
}

/** The filter as the procedures take it. */
export function toFilter(query: PlansQuery, nowMs: number): Filter {
  const { states, results, text, label, rootClass, within, caller, topLevel, heldBy, delayed, lasting, ended } = query;
  return {
    states: [...states],
    results: [...results],
    label: label === null ? null : { ...label },
    startedFrom: within === null ? query.from : sinceOf(within, nowMs),
    startedTo: within === null ? query.to : null,
    ...(text === null ? {} : { anyText: text }),
    ...(rootClass === null ? {} : { rootClass: { ...rootClass } }),
    ...(caller === null ? {} : { callerPlanId: caller }),
    ...(topLevel ? { topLevel } : {}),
    ...(heldBy === null ? {} : { heldBy }),
    ...(delayed === null ? {} : { delayed }),
    ...(lasting === null ? {} : { minDurationSec: LASTING_SECONDS[lasting] }),
    ...(ended === null ? {} : { endedFrom: sinceOf(ended, nowMs) }),
  };
}

/** One condition that could be dropped, and the query without it. */
export interface Condition {
  readonly words: string;
  readonly without: PlansQuery;
  /** It has no other place on the page: it stands in the search box. */
  readonly inBox: boolean;
}

/** The conditions besides the states: what to drop when nothing matches, and what stands in the search box. */
export function conditionsOf(query: PlansQuery): readonly Condition[] {
  const drop = (said: string, part: Partial<PlansQuery>, inBox = true): Condition => ({
    words: said,
    without: { ...query, position: null, row: null, ...part },
    inBox,
  });
  const { text, label, rootClass, caller, heldBy, lasting, ended, within, error, input, action, ran } = query;
  return [
    ...(text === null ? [] : [drop(`text ${text}`, { text: null }, false)]),
    ...(label === null ? [] : [drop(`label ${labelText(label)}`, { label: null }, label.kind === "exact")]),
    ...(rootClass === null ? [] : [drop(`class ${labelText(rootClass)}`, { rootClass: null })]),
    ...(error === null ? [] : [drop(`error ${error}`, { error: null })]),
    ...(input === null ? [] : [drop(`input ${input}`, { input: null })]),
    ...(action === null ? [] : [drop(`any action ${action}`, { action: null })]),
    ...(ran === null ? [] : [drop(`ran in world ${ran}`, { ran: null })]),
    ...(heldBy === null ? [] : [drop(`held by world ${heldBy}`, { heldBy: null })]),
    ...(caller === null ? [] : [drop(`sub-plans of ${caller}`, { caller: null })]),
    ...(query.topLevel ? [drop("only top-level", { topLevel: false })] : []),
    ...(query.delayed === null ? [] : [drop(query.delayed ? "delayed" : "not delayed", { delayed: null })]),
    ...(lasting === null ? [] : [drop(`lasting at least ${LASTING_WORDS[lasting]}`, { lasting: null })]),
    ...(within === null ? [] : [drop(`started within ${WITHIN_WORDS[within]}`, { within: null }, false)]),
    ...(query.from === null && query.to === null ? [] : [drop("started from – to", { from: null, to: null }, false)]),
    ...(ended === null ? [] : [drop(`ended within ${WITHIN_WORDS[ended]}`, { ended: null })]),
    ...(query.results.length === 0 ? [] : [drop(`result ${query.results.join(", ")}`, { results: [] }, false)]),
    ...(query.states.length === 0 ? [] : [drop(stateWords(query.states), { states: [] }, false)]),
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

/** A query that asks for nothing in particular: every plan of every source. */
export const ANY_PLAN: PlansQuery = parseQuery(new URLSearchParams("state=all"));
