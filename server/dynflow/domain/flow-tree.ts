/** Flows as trees: their steps in order, and where a step sits. All bounded by the depth the codec allowed. */
import type { Flow } from "./model.ts";

/** Ids of all steps of a flow, depth first. Source: Dynflow/dynflow 2.0.0 lib/dynflow/flows/abstract_composed.rb `all_step_ids`. */
export function flowStepIds(flow: Flow): readonly number[] {
  const ids: number[] = [];
  const visit = (node: Flow): void => {
    if (node.kind === "step") ids.push(node.stepId);
    else node.flows.forEach(visit);
  };
  visit(flow);
  return ids;
}

/**
 * The way to a step: the index to take at each composed flow from the root on. Empty when the flow is that step,
 * `null` when the step is not in it.
 */
export function pathToStep(flow: Flow, stepId: number): readonly number[] | null {
  if (flow.kind === "step") return flow.stepId === stepId ? [] : null;
  for (const [index, part] of flow.flows.entries()) {
    const path = pathToStep(part, stepId);
    if (path !== null) return [index, ...path];
  }
  return null;
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
