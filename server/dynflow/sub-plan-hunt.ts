/**
 * Looks for the first failing leaf below a plan. While a plan has failing sub-plans, it goes into the first of them: by the
 * flow order of the action that planned it, then by time (of the 500 that started first). Where it has none it looks through
 * all that is below, level by level, for one that fails all the same: a failure can be deeper than what has heard of it.
 * What then has no failing plan below it is the leaf. A failing branch so goes before one that stands well, and circles end.
 */
import {
  type Breadth,
  byTime,
  callerRanks,
  createBreadth,
  firstInFlow,
  type TreeEdge,
} from "./domain/sub-plan-tree.ts";
import type { DynflowStore } from "./ports.ts";

export const PARENTS_PER_READ = 500;
export const EDGES_PER_READ = 5_000;
const CHILDREN_PER_READ = 500;

export interface HuntNode {
  readonly id: string;
  readonly callerActionId: number | null;
}

type Store = Pick<DynflowStore, "links" | "planRow">;

export interface Hunt {
  /** Does one statement's worth of it; true = it is at its end. */
  step(store: Store): Promise<boolean>;
  /** From the plan asked for down to where it is. */
  path(): readonly HuntNode[];
  readonly walked: number;
  readonly levels: number;
  readonly again: number;
}

export function createHunt(rootId: string): Hunt {
  const path: HuntNode[] = [{ id: rootId, callerActionId: null }];
  let breadth: Breadth | null = null;
  let before = { walked: 0, again: 0 };
  let ended = false;

  const here = (): string => path.at(-1)?.id ?? rootId;
  const enter = (nodes: readonly HuntNode[]): void => {
    path.push(...nodes.map(({ id, callerActionId }) => ({ id, callerActionId })));
    before = { walked: before.walked + (breadth?.walked ?? nodes.length), again: before.again + (breadth?.again ?? 0) };
    breadth = null;
  };

  async function descend(store: Store): Promise<void> {
    const query = { planId: here(), failingOnly: true, limit: CHILDREN_PER_READ, after: null };
    const { rows } = await store.links.children(query);
    const onPath = new Set(path.map(({ id }) => id));
    const fresh = rows.filter(({ id }) => !onPath.has(id));
    const first = await firstOf(store, here(), fresh);
    if (first !== null) enter([first]);
    else breadth = createBreadth([here()], { parentsPerRead: PARENTS_PER_READ, known: [...onPath] });
  }

  async function search(store: Store, tree: Breadth): Promise<void> {
    const found = await walkOn(store, tree);
    if (found === "end") ended = true;
    else if (found !== null) enter(tree.wayTo(found));
  }

  return {
    async step(store) {
      if (!ended) await (breadth === null ? descend(store) : search(store, breadth));
      return ended;
    },
    path: () => path,
    get walked() {
      return before.walked + (breadth?.walked ?? 0);
    },
    get levels() {
      return path.length - 1 + (breadth?.levels ?? 0);
    },
    get again() {
      return before.again + (breadth?.again ?? 0);
    },
  };
}

/** One read of a walk by levels: the first failing plan of a level that it ended, `end`, or nothing yet. */
async function walkOn(store: Store, tree: Breadth): Promise<TreeEdge | "end" | null> {
  await readOn(store, tree);
  return tree.failingOfLevel() ?? (tree.ask() === null ? "end" : null);
}

/** Reads what the walk asks for. */
export async function readOn(store: Store, tree: Breadth, named = false): Promise<void> {
  const question = tree.ask();
  if (question === null) return;
  const edges = await store.links.childEdges(question.parentIds, question.after, EDGES_PER_READ, named);
  tree.take(edges, edges.length >= EDGES_PER_READ);
}

type Candidate = HuntNode & Pick<TreeEdge, "startedAt">;

/** The flow is read only where more than one action planned them. */
async function firstOf(store: Store, parentId: string, plans: readonly Candidate[]): Promise<Candidate | null> {
  const actionIds = [...new Set(plans.flatMap(({ callerActionId }) => callerActionId ?? []))];
  if (actionIds.length < 2) return plans.toSorted(byTime)[0] ?? null;
  const callers = actionIds.map((actionId) => ({ planId: parentId, actionId }));
  const [parent, steps] = await Promise.all([store.planRow(parentId), store.links.actionSteps(callers)]);
  return firstInFlow(plans, parent === null ? new Map() : callerRanks(parent, steps));
}
