import type { DnaFold } from "#server/contract/fold/dna.ts";

export interface ClusterCount {
  readonly cluster: string;
  readonly nodes: number;
  /** Incarnations by state; states nobody is in are left out. */
  readonly byState: Record<string, number>;
}

/** The clusters of one keyspace with their incarnations counted by state, by name. */
export function countClusters(fold: DnaFold): readonly ClusterCount[] {
  const clusters = new Map<string, Record<string, number>>();
  for (const { cluster, state } of Object.values(fold.nodes)) {
    const byState = clusters.get(cluster) ?? {};
    byState[state] = (byState[state] ?? 0) + 1;
    clusters.set(cluster, byState);
  }
  const sorted = [...clusters].sort(([a], [b]) => (a < b ? -1 : 1));
  return sorted.map(([cluster, byState]) => ({ cluster, nodes: sum(Object.values(byState)), byState }));
}

const sum = (counts: readonly number[]): number => counts.reduce((total, count) => total + count, 0);
