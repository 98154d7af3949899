/** Everything the palette can find or do, and which of it a search means. Pure. */
import type { ActorPlaceOf } from "#components/actors/actor-place.ts";
import { shortId, shortIncarnation, splitClassName } from "#components/ui/format.ts";
import { type Href, routes } from "#components/ui/routes.ts";
import type { Folds } from "#server/contract/fold/fold.ts";
import { lookOf } from "#server/kernel/states.ts";
import { type Act, type DemoScenario, type Entry, entry, GROUPS, type Group, go } from "./entry.ts";
import { agentEntries, hafEntries, hostEntries, lifecycleEntries, morePages } from "./estate-entries.ts";

export type { Act, DemoScenario, Entry, Group } from "./entry.ts";

export interface ActorType {
  readonly source: string;
  readonly namespace: string;
  readonly moduleId: number;
  readonly module: string | null;
}

/** What can be done to the plan whose page is open, besides a resume: that is offered of every paused plan. */
export type OpenPlanAct = "start" | "skip" | "cancel" | "abort" | "halt";

export interface OpenPlan {
  readonly source: string;
  readonly planId: string;
  /** Its label or class. */
  readonly name: string;
  /** The step that is shown; `null` = none was chosen. */
  readonly stepId: number | null;
  readonly refusals: Readonly<Record<OpenPlanAct, string | null>>;
}

export interface Known {
  readonly folds: Folds;
  readonly pages: readonly { readonly title: string; readonly href: Href; readonly key: string }[];
  readonly types: readonly ActorType[];
  /** `null` = no page of a plan is open. */
  readonly plan: OpenPlan | null;
  /** The actor whose page is open; `null` = another page is. */
  readonly actor: ActorPlaceOf | null;
  /** Sources on which nothing is done: why, by id. */
  readonly idle: ReadonlyMap<string, string>;
  /** Why not, by what is asked for. */
  readonly refusals: {
    readonly resume: string | null;
    readonly failover: string | null;
    readonly drain: string | null;
    readonly stop: string | null;
    readonly ping: string | null;
    readonly invalidate: string | null;
    readonly scenario: string | null;
  };
  /** The brake over everything: whether it is on, and why it cannot be moved. */
  readonly readOnly: { readonly on: boolean; readonly refusal: string | null };
  readonly demo: boolean;
}

const FREEZE_MS = 40_000;
const FAILING_PLANS = 3;

/** All entries there are now. */
export function entriesOf(known: Known): readonly Entry[] {
  const { folds } = known;
  const sources = Object.entries(folds).map(([stream, fold]) => ({
    source: stream.slice(stream.indexOf(":") + 1),
    fold,
  }));
  return [
    ...known.pages.map(({ title, href, key }) => entry("Pages", title, title, go(href), { detail: `G ${key}` })),
    ...morePages(folds, known.pages),
    ...(known.plan === null ? [] : openPlanEntries(known.plan)),
    ...(known.actor === null ? [] : [stopEntry(known.actor, known)]),
    ...sources.flatMap(({ source, fold }) => {
      if (fold.family === "dna") return [...countedEntries(source), ...dnaEntries(source, fold.nodes, known)];
      if (fold.family === "dynflow") return dynflowEntries(source, fold, known);
      if (fold.family === "haf") return hafEntries(folds, source, fold);
      if (fold.family === "ingest") return agentEntries(folds, source, fold);
      return fold.family === "operator" ? jobEntries(fold.jobs) : [];
    }),
    ...hostEntries(folds),
    ...lifecycleEntries(),
    ...known.types.map(({ source, namespace, moduleId, module }) =>
      entry(
        "Actors",
        `${source} ${moduleId}/${namespace}`,
        `${namespace} / ${moduleId}${module === null ? "" : ` ${module}`}`,
        go(routes.actors({ source, namespace, moduleId })),
        { detail: source, words: `${namespace}/${moduleId}` },
      ),
    ),
    entry(
      "Actions",
      "read-only",
      known.readOnly.on ? "Allow acting again…" : "Make everything read-only…",
      { kind: "read-only", on: !known.readOnly.on },
      { detail: "everybody, everywhere", refusal: known.readOnly.refusal, words: "stop brake switch emergency lift" },
    ),
    ...VIEW,
  ];
}

const VIEW: readonly Entry[] = [
  entry("View", "light", "Light theme", { kind: "theme", theme: "light" }),
  entry("View", "dark", "Dark theme", { kind: "theme", theme: "dark" }),
  entry("View", "system", "Theme of the system", { kind: "theme", theme: "system" }),
  entry("View", "utc", "Times in UTC", { kind: "zone", zone: "utc" }),
  entry("View", "local", "Times in local time", { kind: "zone", zone: "local" }),
];

function openPlanEntries({ source, planId, stepId, name, refusals }: OpenPlan): readonly Entry[] {
  const shown = splitClassName(name)[1];
  const act = (what: OpenPlanAct, title: string) =>
    entry(
      "Actions",
      `${what} ${source} ${planId}`,
      title,
      { kind: "plan-act", source, planId, stepId, act: what },
      { detail: `this plan · ${source} · ${shortId(planId)}`, refusal: refusals[what], words: `${planId} ${name}` },
    );
  return [
    act("start", `Start ${shown} now…`),
    act("skip", `Skip in ${shown}…`),
    act("cancel", `Cancel ${shown}…`),
    act("abort", `Abort steps of ${shown}…`),
    act("halt", `Halt ${shown}…`),
  ];
}

const countedEntries = (source: string): readonly Entry[] => [
  entry("Pages", `census ${source}`, `Census of ${source}`, go(routes.census({ source })), {
    detail: "who owns how many keys",
    words: "count keys orphans skew",
  }),
  entry("Pages", `health ${source}`, `Health of ${source}`, go(routes.health({ source })), {
    detail: "checks of the cluster",
    words: "checks misconfiguration",
  }),
];

/** Stops the instance of one key, once its own dialog has looked at it. */
export const stopEntry = (place: ActorPlaceOf, { refusals, idle }: Pick<Known, "refusals" | "idle">): Entry =>
  entry(
    "Actions",
    `stop ${place.source} ${place.moduleId}/${place.namespace}/${place.name}`,
    `Stop actor ${place.name}…`,
    { kind: "stop", place },
    {
      detail: `${place.namespace} / ${place.moduleId} · ${place.source}`,
      refusal: refusals.stop ?? idle.get(place.source) ?? null,
      words: "end instance",
    },
  );

type DnaNodes = Extract<Folds[string], { family: "dna" }>["nodes"];

function dnaEntries(source: string, nodes: DnaNodes, { refusals, demo, idle }: Known): readonly Entry[] {
  const off = idle.get(source) ?? null;
  return Object.entries(nodes).flatMap(([incarnation, node]) => {
    const id = `${source} ${incarnation}`;
    const look = lookOf("node", node.state);
    const detail = `${node.state} · ${source} · ${shortIncarnation(incarnation)}`;
    const dead = node.state === "silent" || node.state === "gone";
    const scenario = (title: string, what: DemoScenario) =>
      entry(
        "Demo",
        `${what.scenario} ${id}`,
        title,
        { kind: "scenario", scenario: what },
        {
          detail: source,
          refusal: refusals.scenario,
        },
      );
    return [
      entry("Nodes", id, node.node, go(routes.topology({ of: source, node: incarnation })), {
        detail,
        look,
        words: incarnation,
      }),
      ...(dead
        ? [
            entry(
              "Actions",
              `failover ${id}`,
              `Fail over ${node.node}…`,
              { kind: "failover", source, incarnation },
              { detail, look, refusal: refusals.failover ?? off, words: incarnation },
            ),
          ]
        : [
            entry(
              "Actions",
              `drain ${id}`,
              `Drain and stop ${node.node}…`,
              { kind: "drain", source, incarnation },
              { detail, look, refusal: refusals.drain ?? off, words: `${incarnation} take out of service` },
            ),
          ]),
      ...(demo && dead
        ? [scenario(`Bring back ${node.node}`, { scenario: "bringBack", source, node: node.node })]
        : []),
      ...(demo && node.state === "alive"
        ? [
            scenario(`Kill ${node.node}`, { scenario: "killNode", source, incarnation }),
            scenario(`Freeze ${node.node} for ${FREEZE_MS / 1_000} s`, {
              scenario: "freezeNode",
              source,
              incarnation,
              forMs: FREEZE_MS,
            }),
          ]
        : []),
    ];
  });
}

type Dynflow = Extract<Folds[string], { family: "dynflow" }>;

function dynflowEntries(source: string, { plans, worlds }: Dynflow, { refusals, demo, idle }: Known): readonly Entry[] {
  const off = idle.get(source) ?? null;
  const planEntries = Object.entries(plans).flatMap(([planId, plan]) => {
    const name = splitClassName(plan.label ?? plan.rootActionClass ?? "plan")[1];
    const look = lookOf("plan", plan.state);
    const detail = `${plan.state}${plan.result === "error" ? " on error" : ""} · ${source} · ${shortId(planId)}`;
    const words = `${planId} ${plan.label ?? ""}`;
    return [
      entry("Plans", `${source} ${planId}`, name, go(routes.plan(source, planId)), { detail, look, words }),
      ...(plan.state === "paused"
        ? [
            entry(
              "Actions",
              `resume ${source} ${planId}`,
              `Resume ${name}…`,
              { kind: "plan-act", source, planId, stepId: null, act: "resume" },
              { detail, look, refusal: refusals.resume, words },
            ),
          ]
        : []),
    ];
  });
  const worldEntries = Object.entries(worlds).flatMap(([worldId, world]) => {
    const name = world.hostname ?? shortId(worldId);
    const detail = `${world.executor ? "executor" : "client"} · ${source} · ${shortId(worldId)}`;
    return [
      entry("Worlds", `${source} ${worldId}`, name, go(routes.worlds({ source, world: worldId })), {
        detail,
        words: worldId,
      }),
      entry(
        "Actions",
        `ping ${source} ${worldId}`,
        `Ping ${name}…`,
        { kind: "ping", source, worldId },
        {
          detail,
          refusal: refusals.ping ?? off,
          words: worldId,
        },
      ),
      entry(
        "Actions",
        `invalidate ${source} ${worldId}`,
        `Invalidate ${name}…`,
        { kind: "invalidate", source, worldId },
        { detail, refusal: refusals.invalidate ?? off, words: `${worldId} world dead` },
      ),
      ...(demo && world.executor
        ? [
            entry(
              "Demo",
              `kill ${source} ${worldId}`,
              `Kill ${name}`,
              { kind: "scenario", scenario: { scenario: "killWorld", source, worldId } },
              { detail, refusal: refusals.scenario, words: worldId },
            ),
          ]
        : []),
    ];
  });
  const failing: DemoScenario = { scenario: "failNextPlans", source, count: FAILING_PLANS };
  return [
    ...planEntries,
    ...worldEntries,
    ...(demo
      ? [
          entry(
            "Demo",
            `fail ${source}`,
            `Fail the next ${FAILING_PLANS} plans`,
            { kind: "scenario", scenario: failing },
            {
              detail: source,
              refusal: refusals.scenario,
            },
          ),
        ]
      : []),
  ];
}

type Jobs = Extract<Folds[string], { family: "operator" }>["jobs"];

const jobEntries = (jobs: Jobs): readonly Entry[] =>
  Object.entries(jobs).map(([id, job]) =>
    entry("Jobs", id, job.title, go(routes.job(id)), {
      detail: job.state,
      look: lookOf("job", job.state),
      words: `${id} ${job.target}`,
    }),
  );

/** Shown of one group; what more there is, more letters find. */
export const GROUP_MAX = 8;

export interface Found {
  readonly group: Group;
  readonly entries: readonly Entry[];
  readonly more: number;
  /** Score of the first one: the group with the best comes first. */
  readonly best: number;
}

/** The entries in which every word of the search occurs, the best first, by group. Nothing typed: pages and actions. */
export function search(entries: readonly Entry[], text: string): readonly Found[] {
  const words = text
    .toLowerCase()
    .split(/\s+/)
    .filter((word) => word !== "");
  const scored = entries.flatMap((each) => {
    const score = words.length === 0 ? firstScore(each) : scoreOf(each, words);
    return score === null ? [] : [{ each, score }];
  });
  const found = GROUPS.flatMap((group) => {
    const inGroup = scored.filter(({ each }) => each.group === group).sort((a, b) => a.score - b.score);
    if (inGroup.length === 0) return [];
    return [
      {
        group,
        entries: inGroup.slice(0, GROUP_MAX).map(({ each }) => each),
        more: Math.max(0, inGroup.length - GROUP_MAX),
        best: inGroup[0]?.score ?? 0,
      },
    ];
  });
  return found.sort((a, b) => a.best - b.best);
}

const SHOWN_FIRST: ReadonlySet<Group> = new Set(["Pages", "Actions"]);
/** Of every node and world there is: they would bury what a person looks for. */
const NEVER_FIRST: ReadonlySet<Act["kind"]> = new Set(["ping", "invalidate", "drain"]);
const firstScore = ({ group, act }: Entry): number | null =>
  SHOWN_FIRST.has(group) && !NEVER_FIRST.has(act.kind) ? 0 : null;

/** The less the better: title begins with it, a word of the title does, it is in there somewhere. */
function scoreOf({ title, detail, words: others, act }: Entry, words: readonly string[]): number | null {
  const name = title.toLowerCase();
  const all = `${name} ${detail} ${others}`.toLowerCase();
  let score = act.kind === "go" ? 0 : 0.5;
  for (const word of words) {
    if (name.startsWith(word)) continue;
    if (name.includes(` ${word}`) || name.includes(`:${word}`)) score += 1;
    else if (name.includes(word)) score += 2;
    else if (all.includes(word)) score += 3;
    else return null;
  }
  return score;
}

/** `weather/0/ljubljana-si`: namespace, module id and name of one actor. */
export function actorOf(
  text: string,
): { readonly namespace: string; readonly moduleId: number; readonly name: string } | null {
  const match = /^([^/\s]+)\/(-?\d{1,10})\/(.+)$/.exec(text.trim());
  if (match === null) return null;
  const [, namespace = "", moduleId = "", name = ""] = match;
  return { namespace, moduleId: Number(moduleId), name };
}
