/** The incarnations of one node name, and how long each of them lived as far as is known. Pure. */
import type { NodeFold } from "#server/contract/fold/dna.ts";

export interface Life {
  readonly id: string;
  readonly node: NodeFold;
  /** By its own clock; then by ours. */
  readonly from: number;
  readonly to: number;
}

const OVER = new Set<NodeFold["state"]>(["silent", "gone"]);

/** Newest first. One that is silent or gone lived until its last beat that was counted. */
export function livesOfName(
  nodes: Readonly<Record<string, NodeFold>>,
  { node: name, cluster }: Pick<NodeFold, "node" | "cluster">,
  now: number,
): readonly Life[] {
  return Object.entries(nodes)
    .filter(([, other]) => other.node === name && other.cluster === cluster)
    .map(([id, node]) => ({
      id,
      node,
      from: node.createdAt,
      to: Math.max(node.createdAt, OVER.has(node.state) ? node.since - node.silentMsThen : now),
    }))
    .sort((a, b) => b.from - a.from || (a.id < b.id ? -1 : 1));
}
