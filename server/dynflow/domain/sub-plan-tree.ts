/**
 * Ways through a tree of sub-plans that may be no tree: an application can make circles, or have one plan planned by two
 * others. Nothing here reads; whoever walks asks what to read next and hands over what was read.
 */
import { flowStepIds } from "./flow-tree.ts";
import type { Decoded, Flow, UtcMicros } from "./model.ts";

/** A sub-plan and the plan that planned it. */
export interface TreeEdge {
  readonly parentId: string;
  readonly id: string;
  readonly callerActionId: number | null;
  /** `null` = the plan's row is gone. */
  readonly state: string | null;
  readonly result: string | null;
  readonly startedAt: UtcMicros | null;
  readonly failing: boolean;
  /** `null` = it has none, or names were not read. */
  readonly label: string | null;
  readonly rootActionClass: string | null;
}

export interface TreeQuestion {
  readonly parentIds: readonly string[];
  /** The last edge that was handed over for these; `null` = none yet. */
  readonly after: Pick<TreeEdge, "parentId" | "id"> | null;
}

export interface StateCount {
  readonly state: string | null;
  readonly result: string | null;
  readonly count: number;
}

export interface Breadth {
  /** What to read next; `null` = everything below was met. */
  ask(): TreeQuestion | null;
  /** The answer to the last question. `more` = there are more edges of these parents. */
  take(edges: readonly TreeEdge[], more: boolean): void;
  /** After a level was met whole: the failing plan of it that started first. */
  failingOfLevel(): TreeEdge | null;
  /** Edges from one of the tops down to this plan, which is last. */
  wayTo(edge: TreeEdge): readonly TreeEdge[];
  readonly walked: number;
  readonly levels: number;
  /** Plans met a second time, and not entered again. */
  readonly again: number;
  readonly failing: number;
  counts(): readonly StateCount[];
}

/** Level by level, each plan entered once. `tops` and what else is `known` count as met. */
export function createBreadth(
  tops: readonly string[],
  options: {
    readonly parentsPerRead: number;
    readonly known?: readonly string[];
    /** Told of each plan when it is met for the first time; 1 = it is a sub-plan of one of the tops. */
    readonly onMet?: (edge: TreeEdge, level: number) => void;
  },
): Breadth {
  const met = new Map<string, TreeEdge | null>([...(options.known ?? []), ...tops].map((id) => [id, null]));
  const counts = new Map<string, { readonly state: string | null; readonly result: string | null; count: number }>();
  let level: readonly string[] = tops;
  let below: TreeEdge[] = [];
  let at = 0;
  let after: TreeQuestion["after"] = null;
  let ended: readonly TreeEdge[] | null = null;
  let walked = 0;
  let levels = 0;
  let again = 0;
  let failing = 0;

  const parents = () => level.slice(at, at + options.parentsPerRead);

  function meet(edge: TreeEdge): void {
    if (met.has(edge.id)) {
      again += 1;
      return;
    }
    met.set(edge.id, edge);
    below.push(edge);
    walked += 1;
    options.onMet?.(edge, levels + 1);
    if (edge.failing) failing += 1;
    const key = `${edge.state} ${edge.result}`;
    const known = counts.get(key);
    if (known === undefined) counts.set(key, { state: edge.state, result: edge.result, count: 1 });
    else known.count += 1;
  }

  function endLevel(): void {
    below.sort(byTime);
    ended = below;
    if (below.length > 0) levels += 1;
    level = below.map(({ id }) => id);
    below = [];
    at = 0;
  }

  return {
    ask: () => (level.length === 0 ? null : { parentIds: parents(), after }),
    take(edges, more) {
      ended = null;
      for (const edge of edges) meet(edge);
      after = more ? (edges.at(-1) ?? null) : null;
      if (after !== null) return;
      at += options.parentsPerRead;
      if (at >= level.length) endLevel();
    },
    failingOfLevel: () => ended?.find((edge) => edge.failing) ?? null,
    wayTo(edge) {
      const way = [edge];
      for (let up = met.get(edge.parentId); up !== null && up !== undefined; up = met.get(up.parentId)) way.unshift(up);
      return way;
    },
    get walked() {
      return walked;
    },
    get levels() {
      return levels;
    },
    get again() {
      return again;
    },
    get failing() {
      return failing;
    },
    counts: () => [...counts.values()],
  };
}

type Timed = Pick<TreeEdge, "startedAt" | "id">;

/** Oldest start first, those that never started last, ties by id. */
export const byTime = (a: Timed, b: Timed): number =>
  textOrder(a.startedAt ?? "~", b.startedAt ?? "~") || textOrder(a.id, b.id);
const textOrder = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

/** Where each calling action stands in the flows of its plan: run flow first, then finalize. */
export function callerRanks(
  plan: { readonly runFlow: Decoded<Flow>; readonly finalizeFlow: Decoded<Flow> },
  callers: readonly { readonly actionId: number; readonly stepId: number | null }[],
): ReadonlyMap<number, number> {
  const order = [plan.runFlow, plan.finalizeFlow].flatMap((flow) => (flow.ok ? flowStepIds(flow.value) : []));
  const places = new Map(order.map((stepId, place) => [stepId, place]));
  return new Map(callers.map(({ actionId, stepId }) => [actionId, places.get(stepId ?? -1) ?? order.length]));
}

/** The one that a person wants to see first: by the flow order of what called it, then by time. */
export function firstInFlow<T extends Timed & Pick<TreeEdge, "callerActionId">>(
  plans: readonly T[],
  ranks: ReadonlyMap<number, number>,
): T | null {
  const rank = ({ callerActionId }: T): number => ranks.get(callerActionId ?? -1) ?? Number.POSITIVE_INFINITY;
  const before = (a: T, b: T): boolean => (rank(a) === rank(b) ? byTime(a, b) < 0 : rank(a) < rank(b));
  return plans.reduce<T | null>((first, plan) => (first === null || before(plan, first) ? plan : first), null);
}
