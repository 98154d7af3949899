import {
  REQUEST_EDGE_TABLE,
  REQUEST_EDGES,
  REQUEST_NODE_TABLE,
  REQUEST_NODES,
  type RequestEdgeId,
  type RequestNode,
  type RequestNodeId,
} from "#server/contract/diagram/request-path.ts";
import { cutLabel, type Diagram, type DiagramEdge, type DiagramMarks, escapeMermaid, placeholder } from "./diagram.ts";

const SHAPES: Readonly<Record<RequestNode["shape"], readonly [open: string, close: string]>> = {
  step: ["[", "]"],
  question: ["{{", "}}"],
  database: ["[(", ")]"],
  end: ["([", "])"],
};

/** Words short enough for the boxes; the table twin has the whole ones. */
const SHORT: Readonly<Record<RequestNodeId, string>> = {
  request: "request",
  cache: "cached owner?",
  row: "read owner row",
  owner: "owner is",
  registry: "instance here?",
  deliver: "deliver",
  start: "start instance",
  insert: "LWT insert",
  refresh: "own refresh age",
  halt: "entry VM halts",
  verdict: "verdict on owner",
  forward: "forward by erpc",
  wait: "sleep, retry",
  replace: "LWT replace",
  crash: "caller crashes",
};
/** Words short enough to stand beside their neighbours with a second line. */
const SHORT_EDGES: Readonly<Partial<Record<RequestEdgeId, string>>> = { verdict_same_name: "mine" };
/** Ends in which nothing was delivered. */
const BAD_ENDS: ReadonlySet<string> = new Set<RequestNodeId>(["halt", "crash"]);

/** The way of one request through DNA, as a mermaid flowchart. */
export const REQUEST_DIAGRAM: Diagram = build();

function build(): Diagram {
  const nodes = REQUEST_NODES.map((key, index) => ({ id: `n${index}`, key, label: SHORT[key] }));
  const idOf = (key: string): string => nodes.find((node) => node.key === key)?.id ?? "n0";
  const edges: readonly DiagramEdge[] = REQUEST_EDGES.map((key, index) => {
    const { from, to, label } = REQUEST_EDGE_TABLE[key];
    return { id: `e${index}`, key, from, to, label: SHORT_EDGES[key] ?? label };
  });
  const isLoop = (key: string): boolean => REQUEST_EDGES.some((id) => id === key && REQUEST_EDGE_TABLE[id].loop);
  const arrow = ({ id, key }: DiagramEdge): string => `${id}@${isLoop(key) ? "-.->" : "-->"}`;
  const write = (name: (label: string) => string, word: (edge: DiagramEdge) => string): string =>
    [
      "flowchart TB",
      ...nodes.map(({ id, key, label }) => {
        const [open, close] = BAD_ENDS.has(key) ? ["[[", "]]"] : SHAPES[REQUEST_NODE_TABLE[key].shape];
        return `  ${id}${open}"${name(label)}"${close}`;
      }),
      ...edges.map((edge) => {
        const said = word(edge);
        return `  ${idOf(edge.from)} ${arrow(edge)}${said === "" ? "" : `|"${said}"|`} ${idOf(edge.to)}`;
      }),
      "",
    ].join("\n");
  const roomFor = ({ label }: DiagramEdge): string => (label === "" ? "" : placeholder(label));
  return {
    title: "The way of a request",
    nodes,
    edges,
    source: write(placeholder, roomFor),
    text: write(escapeMermaid, ({ label }) => escapeMermaid(label)),
  };
}

interface Explained {
  readonly nodes: readonly string[];
  readonly edges: readonly { readonly id: string; readonly note: string | null }[];
}

/** Marks the way that a message would take now: its nodes and edges, the numbers it rests on, and where it ends. */
export function requestMarks({ nodes, edges }: Explained): DiagramMarks {
  const end = nodes.at(-1);
  return {
    now: end === undefined ? [] : [end],
    passed: nodes.slice(0, -1),
    live: edges.map(({ id }) => id),
    notes: Object.fromEntries(edges.flatMap(({ id, note }) => (note === null ? [] : [[id, cutLabel(note)]]))),
  };
}
