import type { FlowTree, FoldedFlow } from "#server/contract/view/plan-flow.ts";
import { cutLabel, type Diagram, type DiagramEdge, type DiagramNode, escapeMermaid, placeholder } from "./diagram.ts";

/** What is drawn of a cell: upstream text goes nowhere but into `label`, which is set as text afterwards. */
export interface FlowDiagramInput {
  readonly title: string;
  readonly flow: FoldedFlow | FlowTree;
  /** `12 CreatePublication`, `2 000 × Sync`. */
  readonly labelOf: (cell: FlowCell) => string;
}

export type FlowCell = Extract<FoldedFlow, { kind: "step" | "fold" }>;

/** Key of a cell in the diagram's marks. */
export const flowCellKey = (cell: FlowCell): string =>
  cell.kind === "step" ? `step ${cell.stepId}` : `fold ${cell.key}`;

/** How many cells a flow has. */
export function countCells(flow: FoldedFlow): number {
  let count = 0;
  const stack: FoldedFlow[] = [flow];
  for (let part = stack.pop(); part !== undefined; part = stack.pop())
    if (part.kind === "step" || part.kind === "fold") count += 1;
    else for (const inner of part.flows) stack.push(inner);
  return count;
}

interface Ends {
  readonly first: readonly string[];
  readonly last: readonly string[];
}

/**
 * A flow of a bounded number of cells (`DIAGRAM_NODES_MAX`; the caller counts) as a mermaid flowchart. Where several meet
 * several, a point stands between them.
 */
export function toFlowDiagram({ title, flow, labelOf }: FlowDiagramInput): Diagram {
  const nodes: DiagramNode[] = [];
  const joins: string[] = [];
  const edges: DiagramEdge[] = [];

  const link = (from: string, to: string): void => {
    edges.push({ id: `e${edges.length}`, key: `${keyOf(from)} > ${keyOf(to)}`, from, to, label: "" });
  };
  const keyOf = (id: string): string => nodes.find((node) => node.id === id)?.key ?? id;
  const connect = (from: readonly string[], to: readonly string[]): void => {
    if (from.length < 2 || to.length < 2) {
      for (const a of from) for (const b of to) link(a, b);
      return;
    }
    const join = `j${joins.length}`;
    joins.push(join);
    for (const a of from) link(a, join);
    for (const b of to) link(join, b);
  };
  const build = (part: FoldedFlow): Ends => {
    if (part.kind === "step" || part.kind === "fold") {
      const id = `n${nodes.length}`;
      nodes.push({ id, key: flowCellKey(part), label: cutLabel(labelOf(part)) });
      return { first: [id], last: [id] };
    }
    if (part.kind === "concurrence") {
      const ends = part.flows.map(build);
      return { first: ends.flatMap((end) => end.first), last: ends.flatMap((end) => end.last) };
    }
    let first: readonly string[] = [];
    let last: readonly string[] = [];
    for (const inner of part.flows) {
      const end = build(inner);
      if (end.first.length === 0) continue;
      if (first.length === 0) first = end.first;
      else connect(last, end.first);
      last = end.last;
    }
    return { first, last };
  };
  build(flow);
  const write = (name: (label: string) => string): string =>
    [
      "flowchart LR",
      ...nodes.map(({ id, label }) => `  ${id}["${name(label)}"]`),
      ...joins.map((id) => `  ${id}(( ))`),
      ...edges.map(({ id, from, to }) => `  ${from} ${id}@--> ${to}`),
      "",
    ].join("\n");
  return { title, nodes, edges, source: write(placeholder), text: write(escapeMermaid) };
}
