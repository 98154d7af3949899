/** The plan phase as the rows that are seen of it: plan steps under those that planned them. Pure. */

/** Deeper than this a plan step is folded at first, unless something failed below it. */
const OPEN_DEPTH = 3;

export interface PhaseTree {
  readonly roots: readonly number[];
  readonly childrenOf: ReadonlyMap<number, readonly number[]>;
  /** Of each step the one that planned it; the first where there are more. */
  readonly parentOf: ReadonlyMap<number, number>;
}

export interface PhaseRow {
  readonly stepId: number;
  readonly depth: number;
  readonly children: number;
  readonly open: boolean;
  /** It stands in the tree a second time, or above itself: nothing is below it here. */
  readonly again: boolean;
}

/**
 * @param nodes plan steps in order of id, and what each planned; `null` = not told
 * @param rootId the plan's root step, if it is told
 */
export function phaseTree(
  nodes: readonly (readonly [stepId: number, children: readonly number[] | null])[],
  rootId: number | null,
): PhaseTree {
  const childrenOf = new Map<number, readonly number[]>();
  const parentOf = new Map<number, number>();
  for (const [id, children] of nodes) {
    childrenOf.set(id, children ?? []);
    for (const child of children ?? []) if (!parentOf.has(child) && child !== rootId) parentOf.set(child, id);
  }
  const reached = new Set<number>();
  const roots: number[] = [];
  const reach = (from: number): void => {
    roots.push(from);
    const open = [from];
    for (let id = open.pop(); id !== undefined; id = open.pop()) {
      if (reached.has(id)) continue;
      reached.add(id);
      open.push(...(childrenOf.get(id) ?? []));
    }
  };
  if (rootId !== null && childrenOf.has(rootId)) reach(rootId);
  // What nobody planned stands beside the root; then what only a circle leads to.
  for (const [id] of nodes) if (!parentOf.has(id) && !reached.has(id)) reach(id);
  for (const [id] of nodes) if (!reached.has(id)) reach(id);
  return { roots, childrenOf, parentOf };
}

/** The steps on the way from the roots down to these, themselves not among them. */
export function waysTo(tree: PhaseTree, stepIds: Iterable<number>): ReadonlySet<number> {
  const ways = new Set<number>();
  for (const stepId of stepIds) {
    for (let up = tree.parentOf.get(stepId); up !== undefined && !ways.has(up); up = tree.parentOf.get(up))
      ways.add(up);
  }
  return ways;
}

/**
 * Depth first, as far as it is unfolded.
 *
 * @param turned steps that somebody folded or unfolded against what is usual
 * @param ways steps that are unfolded however deep they stand
 */
export function phaseRows(
  tree: PhaseTree,
  turned: ReadonlySet<number>,
  ways: ReadonlySet<number>,
): readonly PhaseRow[] {
  const rows: PhaseRow[] = [];
  const drawn = new Set<number>();
  const open: { readonly stepId: number; readonly depth: number }[] = tree.roots
    .toReversed()
    .map((stepId) => ({ stepId, depth: 0 }));
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const { stepId, depth } = next;
    const again = drawn.has(stepId);
    drawn.add(stepId);
    const children = tree.childrenOf.get(stepId) ?? [];
    const usual = depth < OPEN_DEPTH || ways.has(stepId);
    const unfolded = !again && children.length > 0 && usual !== turned.has(stepId);
    rows.push({ stepId, depth, children: children.length, open: unfolded, again });
    if (unfolded) for (const child of children.toReversed()) open.push({ stepId: child, depth: depth + 1 });
  }
  return rows;
}
