/** What differs in the topology between two instants. Pure; total. */
import { dnaStream, familyOf, type StreamName } from "#server/contract/event.ts";
import type { DnaFold, NodeFold } from "#server/contract/fold/dna.ts";
import type { Folds } from "#server/contract/fold/fold.ts";

/** One thing that has another value: words of the state language, or `null` where there was or is none. */
export interface FieldChange {
  readonly what: string;
  readonly from: string | null;
  readonly to: string | null;
}

export interface NodeChange {
  readonly stream: StreamName;
  readonly source: string;
  readonly cluster: string;
  readonly node: string;
  readonly incarnation: string;
  /** `came`: only the later instant has it. `gone`: only the earlier one has. */
  readonly change: "came" | "gone" | "changed";
  /** In a fixed order: state first. */
  readonly fields: readonly FieldChange[];
}

export interface TopologyDiff {
  /** By source, cluster and node, in a fixed order. */
  readonly nodes: readonly NodeChange[];
  /** Sources whose health differs. */
  readonly sources: readonly { readonly source: string; readonly change: FieldChange }[];
  /** Sources of which one of the two instants knows nothing: nothing of them can be compared. */
  readonly notComparable: readonly string[];
}

const collator = new Intl.Collator("en", { numeric: true });

export function diffTopology(earlier: Folds, later: Folds): TopologyDiff {
  const sources = [...new Set([...Object.keys(earlier), ...Object.keys(later)])]
    .filter((stream) => familyOf(stream) === "dna")
    .map((stream) => ({ stream, source: stream.slice(dnaStream("").length) }))
    .sort((a, b) => collator.compare(a.source, b.source));
  const both = sources.flatMap(({ stream, source }) => {
    const [before, after] = [earlier[stream], later[stream]];
    return before?.family === "dna" && after?.family === "dna" ? [{ stream, source, before, after }] : [];
  });
  const comparable = new Set(both.map(({ source }) => source));
  return {
    nodes: both.flatMap(({ stream, source, before, after }) => nodesOf(stream, source, before, after)),
    sources: both.flatMap(({ source, before, after }) =>
      before.source.state === after.source.state
        ? []
        : [{ source, change: { what: "source", from: before.source.state, to: after.source.state } }],
    ),
    notComparable: sources.flatMap(({ source }) => (comparable.has(source) ? [] : [source])),
  };
}

function nodesOf(stream: StreamName, source: string, before: DnaFold, after: DnaFold): readonly NodeChange[] {
  if (before.nodes === after.nodes) return [];
  const ids = [...new Set([...Object.keys(before.nodes), ...Object.keys(after.nodes)])];
  return ids
    .flatMap((incarnation): NodeChange[] => {
      const [was, is] = [entry(before.nodes, incarnation), entry(after.nodes, incarnation)];
      const known = is ?? was;
      if (known === undefined || was === is) return [];
      const fields = fieldsOf(was, is);
      if (fields.length === 0) return [];
      const change = was === undefined ? "came" : is === undefined ? "gone" : "changed";
      return [{ stream, source, cluster: known.cluster, node: known.node, incarnation, change, fields }];
    })
    .sort(
      (a, b) =>
        collator.compare(a.cluster, b.cluster) ||
        collator.compare(a.node, b.node) ||
        (a.incarnation < b.incarnation ? -1 : 1),
    );
}

const entry = (nodes: DnaFold["nodes"], id: string): NodeFold | undefined =>
  Object.hasOwn(nodes, id) ? nodes[id] : undefined;

function fieldsOf(was: NodeFold | undefined, is: NodeFold | undefined): readonly FieldChange[] {
  const flags = [...new Set([...Object.keys(was?.flags ?? {}), ...Object.keys(is?.flags ?? {})])].sort();
  const set = (node: NodeFold | undefined, flag: string) =>
    node !== undefined && Object.hasOwn(node.flags, flag) ? "set" : null;
  const fields: FieldChange[] = [
    { what: "state", from: was?.state ?? null, to: is?.state ?? null },
    ...flags.map((flag) => ({ what: flag.replace("_", " "), from: set(was, flag), to: set(is, flag) })),
  ];
  return fields.filter(({ from, to }) => from !== to);
}
