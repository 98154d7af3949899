/** A walk that ends, stops, or can be gone on with: down to the first failure, or through everything below a plan. */
import type { WireIn, WireShape } from "#server/contract/wire/common.ts";
import type * as wire from "#server/contract/wire/dynflow-sub-plans.ts";
import type { Clock } from "#server/kernel/clock.ts";
import { type Breadth, createBreadth, type TreeEdge } from "./domain/sub-plan-tree.ts";
import type { DynflowStore } from "./ports.ts";
import { createHunt, type Hunt, type HuntNode, PARENTS_PER_READ, readOn } from "./sub-plan-hunt.ts";

/** A call ends after this, with what it has: well below the time-out of a statement. */
const SLICE_MS = 800;
/** Plans of one walk at most: they are remembered while it lasts. */
export const WALK_PLANS_MAX = 100_000;
/** A path this long is no tree of plans. */
const WALK_LEVELS_MAX = 2_000;
/** The same as the wire says. */
const FOUND_MAX = 200;

type Input = WireIn<typeof wire.subPlanWalkInput>;
type Output = WireShape<typeof wire.subPlanWalkOutput>;
type FigureKeys = "walked" | "levels" | "again" | "counts" | "failing" | "matches" | "found";

export interface SubPlanWalk {
  readonly walked: number;
  /** Statement by statement for as long as a call may take; true = at its end. */
  advance(store: DynflowStore, clock: Clock): Promise<boolean>;
  /** Why it goes no further although there is more. */
  limit(): string | null;
  figures(): Pick<Output, FigureKeys>;
  /** Down to the first failing leaf; `null` = this walk does not look for one. */
  path(): readonly HuntNode[] | null;
}

/** What tells one walk from another: a token goes on with the same only. */
export const walkKey = (sourceId: string, { planId, until, find }: Input): string =>
  `${sourceId} ${planId} ${until} ${until === "end" ? find : ""}`;

export const beginWalk = ({ planId, until, find }: Input): SubPlanWalk =>
  until === "failure" ? huntWalk(createHunt(planId)) : treeWalk(planId, find);

function huntWalk(hunt: Hunt): SubPlanWalk {
  const limit = () => limitOf(hunt.walked, hunt.levels);
  return {
    get walked() {
      return hunt.walked;
    },
    advance: (store, clock) => sliced(clock, limit, () => hunt.step(store)),
    limit,
    figures: () => {
      const { walked, levels, again } = hunt;
      return { walked, levels, again, counts: [], failing: 0, matches: 0, found: [] };
    },
    path: () => hunt.path(),
  };
}

function treeWalk(planId: string, find: string): SubPlanWalk {
  const needle = find.toLowerCase();
  const found: Output["found"] = [];
  let matches = 0;
  const tree: Breadth = createBreadth([planId], {
    parentsPerRead: PARENTS_PER_READ,
    ...(needle === ""
      ? {}
      : {
          onMet: (edge, level) => {
            if (!holds(edge, needle)) return;
            matches += 1;
            if (found.length < FOUND_MAX) found.push({ ...edge, level });
          },
        }),
  });
  const limit = () => limitOf(tree.walked, tree.levels);
  return {
    get walked() {
      return tree.walked;
    },
    advance: (store, clock) =>
      sliced(clock, limit, async () => {
        await readOn(store, tree, needle !== "");
        return tree.ask() === null;
      }),
    limit,
    figures: () => {
      const { walked, levels, again, failing } = tree;
      return { walked, levels, again, failing, counts: [...tree.counts()], matches, found: [...found] };
    },
    path: () => null,
  };
}

const holds = ({ id, label, rootActionClass }: TreeEdge, needle: string): boolean =>
  id.includes(needle) ||
  label?.toLowerCase().includes(needle) === true ||
  rootActionClass?.toLowerCase().includes(needle) === true;

async function sliced(clock: Clock, limit: () => string | null, step: () => Promise<boolean>): Promise<boolean> {
  const from = clock.monotonic();
  do {
    if (await step()) return true;
  } while (clock.monotonic() - from < SLICE_MS && limit() === null);
  return false;
}

function limitOf(walked: number, levels: number): string | null {
  if (walked >= WALK_PLANS_MAX) return `A walk ends after ${WALK_PLANS_MAX} plans. Begin further down`;
  return levels >= WALK_LEVELS_MAX ? `A walk ends after ${WALK_LEVELS_MAX} levels. Begin further down` : null;
}
