/**
 * Every address of the console is made here and nowhere else (`routes.test.ts` looks). `Href` is branded, so `Link`
 * takes no text of another origin: upstream text can be a parameter of a page, never a target.
 */
export type Href = string & { readonly __href: "console" };

type Parameters_ = Readonly<Record<string, string | number | null | undefined>>;

function href(path: string, parameters: Parameters_ = {}): Href {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(parameters))
    if (value !== null && value !== undefined) search.set(name, String(value));
  const text = search.toString();
  return (text === "" ? path : `${path}?${text}`) as Href;
}

const segment = (text: string): string => encodeURIComponent(text);

export interface TopologyPlace {
  readonly region?: string | null;
  readonly source?: string | null;
  readonly cluster?: string | null;
  /** Incarnation id `created:id`; opens its drawer and leaves the map as it is. */
  readonly node?: string | null;
  /** Source of that node. */
  readonly of?: string | null;
  /** `table` shows the twin instead of the map. */
  readonly view?: "table" | null;
  /** States and flags that are meant, with commas between them; and a text that must occur. */
  readonly state?: string | null;
  readonly text?: string | null;
  /** Nodes that are not meant are left out instead of being dimmed. */
  readonly others?: "hidden" | null;
  /** Systems that are drawn, with commas between them; left out = all that there are. */
  readonly layers?: string | null;
  /** A name of a host; opens its drawer. */
  readonly host?: string | null;
  /** Kind of another thing, whose source is `of`; opens its drawer. */
  readonly thing?: string | null;
  /** Id of that thing. */
  readonly id?: string | null;
}

/** The list of incarnations as it is filtered and sorted. */
export interface NodesPlace {
  readonly source?: string | null;
  readonly cluster?: string | null;
  /** States and flags, with commas between them. */
  readonly state?: string | null;
  readonly text?: string | null;
  /** Column; with a leading `-` from the largest on. */
  readonly sort?: string | null;
}

export interface ActorPlace {
  readonly source?: string | null;
  readonly namespace?: string | null;
  readonly moduleId?: number | null;
  readonly prefix?: string | null;
  /** Last name of the page before: the list goes on behind it. */
  readonly after?: string | null;
  /** Whole name of one actor: opens its page. */
  readonly name?: string | null;
  /** Incarnation at whose node a message is thought to arrive. */
  readonly entry?: string | null;
}

/** Part of the page of a HAF stack. */
export interface HafPlace {
  readonly source?: string | null;
  readonly app?: string | null;
  readonly tab?: string | null;
}

/** The list of agents as it is filtered. */
export interface AgentsPlace {
  /** States, with commas between them. */
  readonly state?: string | null;
  readonly text?: string | null;
  readonly view?: "table" | "map" | null;
  readonly sort?: string | null;
}

/** The lists of worlds and locks as they are filtered. */
export interface WorldsPlace {
  readonly source?: string | null;
  readonly world?: string | null;
  /** State of the worlds that are shown; and of the locks. */
  readonly state?: string | null;
  readonly lock?: string | null;
}

/** Filters of the plan list as they stand in the address; the list page reads them back. */
export interface PlansPlace {
  readonly source?: string | null;
  readonly state?: string | null;
  readonly result?: string | null;
  readonly label?: string | null;
  readonly [other: string]: string | null | undefined;
}

/** Part of the page of one plan. */
export interface PlanPlace {
  readonly step?: number | null;
  readonly tab?: string | null;
  /** Plan it is compared with. */
  readonly run?: string | null;
  /** Step of that plan that `step` is compared with. */
  readonly against?: number | null;
}

export interface JournalPlace {
  /** Stream name; see `server/contract/event.ts`. */
  readonly stream?: string | null;
  readonly subject?: string | null;
  readonly kind?: string | null;
  /** Id of the event to select. */
  readonly event?: string | null;
  /** Who asked for it, and for which action. */
  readonly user?: string | null;
  readonly action?: string | null;
  /** Phase of an action: `failed`, `unknown`, … */
  readonly phase?: string | null;
  /** ISO text, both inclusive. */
  readonly from?: string | null;
  readonly to?: string | null;
  /** `actions` groups the phases of each action. */
  readonly view?: "actions" | null;
}

/** What of the journal is exported: as `journal.range` takes it. */
export interface ExportPlace {
  readonly streams: readonly string[];
  readonly kinds: readonly string[];
  readonly subject: string | null;
  readonly user: string | null;
  readonly action: string | null;
  readonly from: string | null;
  readonly to: string | null;
}

export const routes = {
  overview: () => href("/"),
  topology: ({ text, ...place }: TopologyPlace = {}) => href("/topology", { ...place, q: text === "" ? null : text }),
  nodes: ({ text, ...place }: NodesPlace = {}) => href("/nodes", { ...place, q: text === "" ? null : text }),
  /** The page of one incarnation. */
  node: (source: string, incarnation: string, place: { readonly tab?: string | null } = {}) =>
    href(`/nodes/${segment(source)}/${segment(incarnation)}`, { ...place }),
  actors: ({ source, namespace, moduleId, prefix, after, name, entry }: ActorPlace = {}) =>
    href("/actors", {
      source,
      ns: namespace,
      module: moduleId,
      prefix: prefix === "" ? null : prefix,
      after,
      name,
      entry,
    }),
  plans: (place: PlansPlace = {}) => href("/plans", place),
  plan: (source: string, planId: string, place: PlanPlace = {}) =>
    href(`/plans/${segment(source)}/${segment(planId)}`, { ...place }),
  worlds: (place: WorldsPlace = {}) => href("/worlds", { ...place }),
  /** The keys of one source by owner and type as last counted. Without a source the first one. */
  census: (place: { readonly source?: string | null } = {}) => href("/census", place),
  /** The checks of one source, or of all. */
  health: (place: { readonly source?: string | null; readonly check?: string | null } = {}) => href("/health", place),
  /** A HAF stack; without a source the first one. */
  haf: (place: HafPlace = {}) => href("/haf", { ...place }),
  agents: ({ text, ...place }: AgentsPlace = {}) => href("/agents", { ...place, q: text === "" ? null : text }),
  /** The page of one agent. */
  agent: (agentId: string, place: { readonly tab?: string | null } = {}) =>
    href(`/agents/${segment(agentId)}`, { ...place }),
  /** From agents over doors and types to receivers. */
  pipeline: (place: { readonly receiver?: string | null; readonly view?: string | null } = {}) =>
    href("/pipeline", { ...place }),
  /** The console's own parts. */
  architecture: (place: { readonly reader?: string | null } = {}) => href("/architecture", { ...place }),
  /** What the console tells others, and what is silenced. */
  alerts: (place: { readonly kind?: string | null } = {}) => href("/alerts", { ...place }),
  /** A state machine by its kind, and what is searched for in the glossary. */
  lifecycles: ({ kind, text }: { readonly kind?: string | null; readonly text?: string | null } = {}) =>
    href("/lifecycles", { kind, q: text === "" ? null : text }),
  journal: (place: JournalPlace = {}) => href("/journal", { ...place }),
  /** A file, made by the server as it is read. */
  journalExport: (format: "jsonl" | "csv", { streams, kinds, ...place }: ExportPlace) => {
    const search = new URLSearchParams({ format });
    for (const stream of streams) search.append("stream", stream);
    for (const kind of kinds) search.append("kind", kind);
    for (const [name, value] of Object.entries(place)) if (value !== null) search.set(name, value);
    return `/api/journal/export?${search}` as Href;
  },
  /** The list of plans of one source as it is filtered, as a file. */
  plansExport: (
    format: "csv" | "json",
    place: { readonly source: string; readonly filter: string; readonly sort: string; readonly descending: boolean },
  ) => {
    const { source, filter, sort, descending } = place;
    const search = new URLSearchParams({ source, format, filter, sort, descending: String(descending) });
    return `/api/plans/export?${search}` as Href;
  },
  jobs: (place: { readonly state?: string | null } = {}) => href("/jobs", { ...place }),
  job: (jobId: string) => href(`/jobs/${segment(jobId)}`),
  settings: () => href("/settings"),
  /** The sandboxed page that draws one diagram; for `<iframe src>` only. */
  diagram: (place: Parameters_ = {}) => href("/diagram", place),
  /** `next` is where to go afterwards; it is honoured only if it is a path of this console. */
  login: (next?: string) => href("/login", { next: next === "/" ? null : next }),
} as const;

/** The parameters that every page has: which instant is shown, and with which it is compared. */
const INSTANT_PARAMETERS = ["at", "with"] as const;
const TIMELESS = /^\/(login|diagram)([?#]|$)/;

/**
 * The address with the instants of where one is: whoever looks into the past goes on looking there. One that names an
 * instant itself, and pages that have none, stay as they are.
 *
 * @param from parameters of where one is
 */
export function keepInstants(to: Href, from: URLSearchParams): Href {
  const kept = INSTANT_PARAMETERS.filter((name) => from.has(name));
  if (kept.length === 0 || TIMELESS.test(to)) return to;
  const [path = "", text = ""] = to.split("?", 2);
  const search = new URLSearchParams(text);
  if (search.has("at")) return to;
  for (const name of kept) search.set(name, from.get(name) ?? "");
  return `${path}?${search}` as Href;
}

/** The page where one is at other instants, ISO text in UTC; `null` = without. */
export function atInstants(
  path: string,
  from: URLSearchParams,
  instants: { readonly at: string | null; readonly with: string | null },
): Href {
  const search = new URLSearchParams(from);
  for (const name of INSTANT_PARAMETERS) {
    const text = instants[name];
    if (text === null) search.delete(name);
    else search.set(name, text);
  }
  const text = search.toString();
  return (text === "" ? path : `${path}?${text}`) as Href;
}

/** A path handed over in an address, or the overview when it would leave this console. */
export function safeNext(next: string | null): Href {
  if (next === null || !next.startsWith("/") || /^\/[/\\]/.test(next) || /[\p{Cc}\\]/u.test(next))
    return routes.overview();
  return next as Href;
}
