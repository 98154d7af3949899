/** What both diagrams of a HAF stack are drawn from: its apps as lanes, and where each stands now. Pure. */
import { hafAppPhases } from "#server/contract/diagram/haf-process.ts";
import type { HafAppFold, HafFold } from "#server/contract/fold/haf.ts";
import { own } from "#server/contract/fold/record.ts";
import type { HafPhase, HafSample } from "#server/contract/haf.ts";
import { formatCount } from "#server/contract/view/words.ts";
import { cutLabel } from "./diagram.ts";

/** One app, or all that are not drawn one by one. */
export interface HafLane {
  readonly key: string;
  readonly label: string;
  /** Names of the apps it stands for; none = apps that are to come. */
  readonly apps: readonly string[];
  /** Some of them asked for indexes on HAF's tables. */
  readonly indexed: boolean;
  /** Where it stands among the phases of lanes; of several apps all of theirs. Empty = not there yet. */
  readonly phases: readonly HafPhase[];
  /** What it suffers from, for a note in red; `null` = nothing. */
  readonly failing: string | null;
  readonly progress: string;
}

export interface HafLanes {
  readonly lanes: readonly HafLane[];
  /** Apps that the last lane stands for. */
  readonly folded: number;
  readonly all: number;
}

/** Up to so many apps each has its own lane, unless all are asked for. */
export const LANES_FULL_MAX = 6;
const REST = "rest";
/** Room kept for a text that changes all the time. */
export const PROGRESS_ROOM = 32;

/** Its apps by context; those without one come last, by name. */
export function appsInOrder(fold: HafFold): readonly (readonly [name: string, app: HafAppFold])[] {
  const order = ([, { contextId }]: readonly [string, HafAppFold]): number => contextId ?? Number.MAX_SAFE_INTEGER;
  return Object.entries(fold.apps).toSorted((a, b) => order(a) - order(b) || (a[0] < b[0] ? -1 : a[0] > b[0] ? 1 : 0));
}

/** The apps that are drawn one by one: all, or first, second, those that failed or moved last. */
export function shownApps(names: readonly string[], fold: HafFold, all: boolean): ReadonlySet<string> {
  if (all || names.length <= LANES_FULL_MAX) return new Set(names);
  const first = names.slice(0, 2);
  const weight = (name: string): number => {
    const app = own(fold.apps, name);
    if (app === undefined) return 0;
    return (failingOf(app) === null ? 0 : Number.MAX_SAFE_INTEGER / 2) + app.movedAt;
  };
  const others = names.slice(2).toSorted((a, b) => weight(b) - weight(a));
  const kept = new Set([...first, ...others.slice(0, LANES_FULL_MAX - 1 - first.length)]);
  return new Set(names.filter((name) => kept.has(name)));
}

const failingOf = (app: HafAppFold): string | null =>
  app.state === "detached" ? "detached: takes no blocks" : app.state === "lagging" ? "lags behind" : null;

/** Lanes of the plan: apps that were removed have none. */
export function lanesOf(fold: HafFold, sample: HafSample | null, all: boolean): HafLanes {
  const apps = appsInOrder(fold).filter(([, { state }]) => state !== "removed");
  const names = apps.map(([name]) => name);
  const shown = shownApps(names, fold, all);
  const lanes = apps.flatMap(([name, app]) => (shown.has(name) ? [laneOf(name, app, fold, sample)] : []));
  const rest = apps.filter(([name]) => !shown.has(name)).map(([name, app]) => laneOf(name, app, fold, sample));
  if (names.length === 0)
    return {
      lanes: [
        {
          key: REST,
          label: "each app",
          apps: [],
          indexed: fold.phases.includes("index_building"),
          phases: [],
          failing: null,
          progress: "",
        },
      ],
      folded: 0,
      all: 0,
    };
  if (rest.length === 0) return { lanes, folded: 0, all: names.length };
  return { lanes: [...lanes, restLane(rest)], folded: rest.length, all: names.length };
}

function laneOf(name: string, app: HafAppFold, fold: HafFold, sample: HafSample | null): HafLane {
  return {
    key: `app ${name}`,
    label: cutLabel(name),
    apps: [name],
    indexed: isIndexed(name, app, fold),
    phases: lanePhasesOf(app, fold),
    failing: failingOf(app),
    progress: appProgress(name, app, fold, sample),
  };
}

function restLane(rest: readonly HafLane[]): HafLane {
  return {
    key: REST,
    label: `+${rest.length} apps`,
    apps: rest.flatMap(({ apps }) => apps),
    indexed: rest.some(({ indexed }) => indexed),
    phases: [...new Set(rest.flatMap(({ phases }) => phases))],
    failing: rest.find(({ failing }) => failing !== null)?.failing ?? null,
    progress: "",
  };
}

function isIndexed(name: string, app: HafAppFold, fold: HafFold): boolean {
  if (app.contextId !== null && (fold.indexes?.pending[String(app.contextId)] ?? 0) > 0) return true;
  if (app.state === "indexes_pending") return true;
  return (
    Object.values(fold.roles).some((life) => life.role === "mib" && life.app === name) ||
    fold.facts.some(({ ref, to }) => ref?.app === name && to === "indexes_pending")
  );
}

/** The phases of lanes that the stack is in, and of them those of the app. */
function lanePhasesOf(app: HafAppFold, fold: HafFold): readonly HafPhase[] {
  return hafAppPhases(app.state, app.stage).filter((phase) => fold.phases.includes(phase));
}

/** How far the replay is, on as many signs as are kept for it. */
export function replayProgress(fold: HafFold, sample: HafSample | null): string {
  const block = sample?.block ?? fold.progress?.block ?? null;
  const head = sample?.head ?? fold.progress?.head ?? null;
  const state = fold.syncState ?? "not known";
  if (block === null) return cutProgress(state);
  if (head === null || head <= block) return cutProgress(`${state}, block ${formatCount(block)}`);
  return cutProgress(`${state}, ${formatCount(block)} of ${formatCount(head)}, ${percent(block, head)}`);
}

/** Where an app is, on as many signs as are kept for it. */
export function appProgress(name: string, app: HafAppFold, fold: HafFold, sample: HafSample | null): string {
  const block = own(sample?.apps ?? {}, name)?.block ?? own(fold.progress?.apps ?? {}, name) ?? app.block;
  const target = sample?.block ?? fold.progress?.block ?? null;
  const stage = app.state === "massive" && app.stage !== null ? app.stage : app.state;
  if (block === null || app.contextId === null) return cutProgress(stage);
  if (target === null || block >= target) return cutProgress(`block ${formatCount(block)}, ${stage}`);
  return cutProgress(`block ${formatCount(block)}, ${percent(block, target)}, ${stage}`);
}

const percent = (part: number, whole: number): string => `${Math.floor((100 * part) / Math.max(1, whole))} %`;

/** Cut to the room that is kept for it. */
export const cutProgress = (text: string): string => cutLabel(text, PROGRESS_ROOM);
