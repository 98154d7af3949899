import { type Diagram, type DiagramEdge, type DiagramNode, escapeMermaid, placeholder } from "./diagram.ts";

export type PartShape = "step" | "database" | "end";

interface PartsDiagramInput {
  readonly title: string;
  readonly nodes: readonly { readonly key: string; readonly label: string; readonly shape: PartShape }[];
  readonly edges: readonly {
    readonly key: string;
    readonly from: string;
    readonly to: string;
    /** Empty = none; such a way bears no note either. */
    readonly label: string;
  }[];
  readonly direction?: "TB" | "LR";
}

const SHAPES: Readonly<Record<PartShape, readonly [open: string, close: string]>> = {
  step: ["[", "]"],
  database: ["[(", ")]"],
  end: ["([", "])"],
};

/** Parts and what passes between them as a mermaid flowchart. The order of parts and arrows is that of the input. */
export function toPartsDiagram({ title, nodes: parts, edges: ways, direction = "TB" }: PartsDiagramInput): Diagram {
  const nodes: readonly DiagramNode[] = parts.map(({ key, label }, index) => ({ id: `n${index}`, key, label }));
  const edges: readonly DiagramEdge[] = ways.map((way, index) => ({ ...way, id: `e${index}` }));
  const idOf = (key: string): string => nodes.find((node) => node.key === key)?.id ?? "n0";
  const write = (word: (label: string) => string): string =>
    [
      `flowchart ${direction}`,
      ...parts.map(({ key, label, shape }) => {
        const [open, close] = SHAPES[shape];
        return `  ${idOf(key)}${open}"${word(label)}"${close}`;
      }),
      ...edges.map(
        ({ id, from, to, label }) => `  ${idOf(from)} ${id}@-->${label === "" ? "" : `|"${word(label)}"|`} ${idOf(to)}`,
      ),
      "",
    ].join("\n");
  return { title, nodes, edges, source: write(placeholder), text: write(escapeMermaid) };
}
