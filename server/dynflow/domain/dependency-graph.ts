/** Circles among plans that wait for each other: none of them can ever start. */

export interface WaitsFor {
  readonly waiting: string;
  readonly prerequisite: string;
}

/**
 * The edges that lie on a circle, each plan on which waits in the end for itself. By strongly connected components (Tarjan),
 * without recursion: the graph may be deep.
 */
export function edgesOnCircles<T extends WaitsFor>(edges: readonly T[]): ReadonlySet<T> {
  const component = componentsOf(edges);
  return new Set(edges.filter((edge) => component.get(edge.waiting) === component.get(edge.prerequisite)));
}

function componentsOf(edges: readonly WaitsFor[]): ReadonlyMap<string, number> {
  const next = new Map<string, string[]>();
  for (const { waiting, prerequisite } of edges) {
    const known = next.get(waiting);
    if (known === undefined) next.set(waiting, [prerequisite]);
    else known.push(prerequisite);
  }
  const index = new Map<string, number>();
  const low = new Map<string, number>();
  const open: string[] = [];
  const component = new Map<string, number>();
  const number = (of: Map<string, number>, id: string) => of.get(id) ?? Number.POSITIVE_INFINITY;

  const begin = (id: string) => {
    index.set(id, index.size);
    low.set(id, number(index, id));
    open.push(id);
  };
  const close = (id: string) => {
    if (number(low, id) !== number(index, id)) return;
    for (let last = open.pop(); last !== undefined; last = open.pop()) {
      component.set(last, number(index, id));
      if (last === id) return;
    }
  };
  const visit = (start: string) => {
    const way: { readonly id: string; at: number }[] = [{ id: start, at: 0 }];
    begin(start);
    for (let here = way.at(-1); here !== undefined; here = way.at(-1)) {
      const { id } = here;
      const to = next.get(id)?.[here.at];
      here.at += 1;
      if (to === undefined) {
        close(id);
        way.pop();
        const above = way.at(-1);
        if (above !== undefined) low.set(above.id, Math.min(number(low, above.id), number(low, id)));
      } else if (!index.has(to)) {
        begin(to);
        way.push({ id: to, at: 0 });
      } else if (!component.has(to)) low.set(id, Math.min(number(low, id), number(index, to)));
    }
  };
  for (const id of next.keys()) if (!index.has(id)) visit(id);
  return component;
}
