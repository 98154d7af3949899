/** Flows as trees: their steps in order, and where a step sits. No walk is recursive: neither depth nor width ends it. */
import type { Flow } from "./model.ts";

interface Visit {
  readonly flows: readonly Flow[];
  /** The part that is looked at. */
  at: number;
}

/** Visits the steps depth first; `onStep` is given the visits that lead to it, and ends the walk with `true`. */
function walkSteps(flow: Flow, onStep: (stepId: number, way: readonly Visit[]) => boolean): void {
  const way: Visit[] = [{ flows: [flow], at: 0 }];
  for (let visit = way.at(-1); visit !== undefined; visit = way.at(-1)) {
    const node = visit.flows[visit.at];
    if (node === undefined) {
      way.pop();
      const parent = way.at(-1);
      if (parent !== undefined) parent.at += 1;
    } else if (node.kind === "step") {
      if (onStep(node.stepId, way)) return;
      visit.at += 1;
    } else {
      way.push({ flows: node.flows, at: 0 });
    }
  }
}

/** Ids of all steps of a flow, depth first. Source: Dynflow/dynflow 2.0.0 lib/dynflow/flows/abstract_composed.rb `all_step_ids`. */
export function flowStepIds(flow: Flow): readonly number[] {
  const ids: number[] = [];
  walkSteps(flow, (stepId) => {
    ids.push(stepId);
    return false;
  });
  return ids;
}

/**
 * The way to a step: the index to take at each composed flow from the root on. Empty when the flow is that step,
 * `null` when the step is not in it.
 */
export function pathToStep(flow: Flow, stepId: number): readonly number[] | null {
  let path: readonly number[] | null = null;
  walkSteps(flow, (id, way) => {
    if (id !== stepId) return false;
    // The first visit is of the root itself, which is no choice.
    path = way.slice(1).map((visit) => visit.at);
    return true;
  });
  return path;
}

/** The node at the end of a path; `null` when the path leads nowhere in this flow. */
export function flowAt(flow: Flow, path: readonly number[]): Flow | null {
  let node = flow;
  for (const index of path) {
    const next = node.kind === "step" ? undefined : node.flows[index];
    if (next === undefined) return null;
    node = next;
  }
  return node;
}
