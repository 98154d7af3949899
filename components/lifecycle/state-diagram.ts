import { type Diagram, type DiagramEdge, type DiagramNode, escapeMermaid, placeholder } from "./diagram.ts";

export interface StateDiagramInput {
  readonly title: string;
  readonly states: readonly string[];
  readonly transitions: readonly { readonly from: string; readonly to: string; readonly label: string }[];
  /** Where it begins and where it ends. */
  readonly first: readonly string[];
  readonly last: readonly string[];
  readonly direction?: "LR" | "TB";
  /** What stands in the box of a state, e.g. with a number; the state itself when left out. */
  readonly labelOf?: (state: string) => string;
}

/** Key of the arrow between two states. */
export const transitionKey = (from: string, to: string): string => `${from} ${to}`;

/** A life cycle as a mermaid `stateDiagram-v2`. The order of nodes and arrows is that of the input. */
export function toStateDiagram(input: StateDiagramInput): Diagram {
  const { title, states, transitions, first, last, direction = "LR", labelOf = (state) => state } = input;
  const idOf = (state: string): string => `n${states.indexOf(state)}`;
  const nodes: readonly DiagramNode[] = states.map((state) => ({ id: idOf(state), key: state, label: labelOf(state) }));
  // Mermaid numbers the arrows of a state diagram in their order in the text: the ways in come first.
  const edges: readonly DiagramEdge[] = transitions.map(({ from, to, label }, index) => ({
    id: `edge${index + first.length}`,
    key: transitionKey(from, to),
    from,
    to,
    label,
  }));
  const write = (word: (label: string) => string, name: (label: string) => string): string =>
    [
      "stateDiagram-v2",
      `  direction ${direction}`,
      ...nodes.map(({ id, label }) => `  state "${name(label)}" as ${id}`),
      ...first.map((state) => `  [*] --> ${idOf(state)}`),
      ...edges.map(({ from, to, label }) => `  ${idOf(from)} --> ${idOf(to)} : ${word(label)}`),
      ...last.map((state) => `  ${idOf(state)} --> [*]`),
      "",
    ].join("\n");
  return { title, nodes, edges, source: write(placeholder, placeholder), text: write(escapeMermaid, escapeMermaid) };
}
