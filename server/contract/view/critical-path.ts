/**
 * The longest chain of a flow by measured time: what had to run one after the other for the plan to take as long as it did.
 * Along a sequence times add; of a concurrence the branch that took longest counts. Iterative, one pass up and one down.
 */
import type { FlowTree } from "./plan-flow.ts";

export interface CriticalPath {
  /** Steps of the chain in order, those without a measured time left out. */
  readonly stepIds: readonly number[];
  readonly totalMs: number;
}

interface Node {
  readonly flow: FlowTree;
  readonly parts: Node[];
  totalMs: number;
  /** Of a concurrence: the part that took longest, the first of several. */
  longest: Node | null;
}

/** @param timeOf measured milliseconds of a step; `null` = it has none, because it has not begun */
export function criticalPath(flow: FlowTree, timeOf: (stepId: number) => number | null): CriticalPath {
  const nodes: Node[] = [];
  const make = (of: FlowTree): Node => {
    const node: Node = { flow: of, parts: [], totalMs: 0, longest: null };
    nodes.push(node);
    return node;
  };
  const root = make(flow);
  for (let at = 0; at < nodes.length; at += 1) {
    const node = nodes[at];
    if (node === undefined || node.flow.kind === "step") continue;
    for (const part of node.flow.flows) node.parts.push(make(part));
  }
  for (let at = nodes.length - 1; at >= 0; at -= 1) {
    const node = nodes[at];
    if (node !== undefined) settle(node, timeOf);
  }
  return { stepIds: chainOf(root, timeOf), totalMs: root.totalMs };
}

function settle(node: Node, timeOf: (stepId: number) => number | null): void {
  const { flow, parts } = node;
  if (flow.kind === "step") {
    node.totalMs = Math.max(0, timeOf(flow.stepId) ?? 0);
    return;
  }
  for (const part of parts) {
    if (flow.kind === "sequence") node.totalMs += part.totalMs;
    else if (node.longest === null || part.totalMs > node.longest.totalMs) node.longest = part;
  }
  if (node.longest !== null) node.totalMs = node.longest.totalMs;
}

function chainOf(root: Node, timeOf: (stepId: number) => number | null): readonly number[] {
  const ids: number[] = [];
  const stack = [root];
  for (let node = stack.pop(); node !== undefined; node = stack.pop()) {
    const { flow, parts, longest } = node;
    if (flow.kind === "step") {
      if (timeOf(flow.stepId) !== null) ids.push(flow.stepId);
    } else if (flow.kind === "concurrence") {
      if (longest !== null) stack.push(longest);
    } else
      for (let at = parts.length - 1; at >= 0; at -= 1) {
        const part = parts[at];
        if (part !== undefined) stack.push(part);
      }
  }
  return ids;
}
