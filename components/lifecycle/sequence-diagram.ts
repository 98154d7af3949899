import { type Diagram, type DiagramEdge, type DiagramNode, escapeMermaid, placeholder } from "./diagram.ts";

export interface SequenceMessage {
  readonly key: string;
  readonly from: string;
  readonly to: string;
  readonly label: string;
  /** Drawn dashed: nobody wrote it down, it follows from what is known. */
  readonly inferred: boolean;
}

/** Who says what to whom, in order, as a mermaid sequence diagram; what was inferred is dashed and says so. */
export function toSequenceDiagram(input: {
  readonly title: string;
  readonly actors: readonly { readonly key: string; readonly label: string }[];
  readonly messages: readonly SequenceMessage[];
}): Diagram {
  const nodes: readonly DiagramNode[] = input.actors.map(({ key, label }, index) => ({ id: `n${index}`, key, label }));
  const idOf = (key: string): string => nodes.find((node) => node.key === key)?.id ?? "n0";
  const edges: readonly DiagramEdge[] = input.messages.map(({ key, from, to, label, inferred }, index) => ({
    id: `m${index}`,
    key,
    from,
    to,
    label: inferred ? `${label} (inferred)` : label,
  }));
  const arrow = (index: number): string => (input.messages[index]?.inferred === true ? "-->>" : "->>");
  const write = (word: (label: string) => string): string =>
    [
      "sequenceDiagram",
      ...nodes.map(({ id, label }) => `  participant ${id} as ${word(label)}`),
      ...edges.map(({ from, to, label }, index) => `  ${idOf(from)}${arrow(index)}${idOf(to)}: ${word(label)}`),
      "",
    ].join("\n");
  return { title: input.title, nodes, edges, source: write(placeholder), text: write(escapeMermaid) };
}
