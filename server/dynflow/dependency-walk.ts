/** All that a plan waits for and all that waits for it, directly or not, as far as a screen shows. */
import type { DependencyEdge, DynflowStore } from "./ports.ts";

const PLANS_PER_READ = 500;

export interface DependencyWalk {
  /** Distance of each plan that was met on this side; the plan itself is not in it unless it waits for itself. */
  readonly distances: ReadonlyMap<string, number>;
  readonly edges: readonly DependencyEdge[];
  readonly cut: boolean;
}

/** Level by level, each plan entered once. */
export async function walkDependencies(
  store: Pick<DynflowStore, "links">,
  planId: string,
  direction: "waits-for" | "blocks",
  plansMax: number,
): Promise<DependencyWalk> {
  const distances = new Map<string, number>();
  const edges: DependencyEdge[] = [];
  const entered = new Set([planId]);
  let level: readonly string[] = [planId];
  for (let distance = 1; level.length > 0; distance += 1) {
    const next: string[] = [];
    for (let start = 0; start < level.length; start += PLANS_PER_READ) {
      const found = await store.links.dependencies(level.slice(start, start + PLANS_PER_READ), direction);
      for (const edge of found) {
        const beyond = direction === "waits-for" ? edge.prerequisite : edge.waiting;
        if (!distances.has(beyond) && distances.size >= plansMax) return { distances, edges, cut: true };
        edges.push(edge);
        if (!distances.has(beyond)) distances.set(beyond, distance);
        if (entered.has(beyond)) continue;
        entered.add(beyond);
        next.push(beyond);
      }
    }
    level = next;
  }
  return { distances, edges, cut: false };
}
