/** The tree of sub-plans as the rows that are seen of it. Pure. */
import { formatCount } from "#components/ui/format.ts";
import type { SubPlanRow, SubPlansOutput } from "#server/contract/wire/dynflow-sub-plans.ts";

/** One page of one level: read, on the way, or not to be had. */
export interface LevelPage {
  readonly data: SubPlansOutput | undefined;
  readonly error: unknown;
}

/** What is known of the plans below one. */
export interface Level {
  readonly pages: readonly LevelPage[];
}

export type TreeRow =
  | {
      readonly kind: "plan";
      readonly key: string;
      readonly depth: number;
      readonly parentId: string;
      readonly row: SubPlanRow;
      readonly open: boolean;
      /** Of those below it, once they are unfolded and read; `null` = not yet. */
      readonly below: SubPlansOutput["counts"];
      /** It stands above itself: nothing is unfolded below it again. */
      readonly circle: boolean;
    }
  | { readonly kind: "reading"; readonly key: string; readonly depth: number; readonly parentId: string }
  | {
      readonly kind: "more";
      readonly key: string;
      readonly depth: number;
      readonly parentId: string;
      readonly after: string;
    }
  | { readonly kind: "none"; readonly key: string; readonly depth: number; readonly parentId: string }
  | {
      readonly kind: "failed";
      readonly key: string;
      readonly depth: number;
      readonly parentId: string;
      readonly error: unknown;
    };

/** Deeper than this nothing is unfolded: whoever wants to go on opens the plan. */
export const TREE_DEPTH_MAX = 40;

/** Each plan under its caller, depth first, as far as it is unfolded. A key is the whole way: a plan can be there twice. */
export function treeRows(
  rootId: string,
  levelOf: (planId: string) => Level | undefined,
  opened: ReadonlySet<string>,
): readonly TreeRow[] {
  const rows: TreeRow[] = [];
  const visit = (parentId: string, way: readonly string[]): void => {
    const depth = way.length - 1;
    const at = way.join("/");
    const pages = levelOf(parentId)?.pages ?? [];
    let plans = 0;
    for (const page of pages) {
      for (const row of page.data?.rows ?? []) {
        const key = `${at}/${row.id}`;
        const circle = way.includes(row.id);
        const open = opened.has(key) && !circle && depth < TREE_DEPTH_MAX;
        plans += 1;
        const below = open ? (levelOf(row.id)?.pages[0]?.data?.counts ?? null) : null;
        rows.push({ kind: "plan", key, depth, parentId, row, open, below, circle });
        if (open) visit(row.id, [...way, row.id]);
      }
    }
    const last = pages.at(-1);
    const place = { key: `${at}/…`, depth, parentId };
    if (last === undefined || (last.data === undefined && last.error === null))
      rows.push({ kind: "reading", ...place });
    else if (last.data === undefined) rows.push({ kind: "failed", ...place, error: last.error });
    else if (last.data.nextCursor !== null) rows.push({ kind: "more", ...place, after: last.data.nextCursor });
    else if (plans === 0) rows.push({ kind: "none", ...place });
  };
  visit(rootId, [rootId]);
  return rows;
}

/** Where the arrow keys lead from a row: down into it, or up to the one that it stands below. */
export function parentKey(key: string): string | null {
  const parts = key.split("/");
  return parts.length <= 2 ? null : parts.slice(0, -1).join("/");
}

/** `980 success, 20 error, 3 running`: stopped ones by their result, the others by their state. */
export function levelText(counts: NonNullable<SubPlansOutput["counts"]>): string {
  const words = new Map<string, number>();
  for (const { state, result, count } of counts) {
    const word = state === null ? "without a row" : state === "stopped" ? (result ?? "") : state;
    words.set(word, (words.get(word) ?? 0) + count);
  }
  const all = [...words].sort(([, a], [, b]) => b - a);
  const said = all.slice(0, WORDS_MAX).map(([word, count]) => `${formatCount(count)} ${word}`);
  return `${said.join(", ")}${all.length > WORDS_MAX ? ", …" : ""}`;
}
const WORDS_MAX = 4;

export interface LevelSum {
  readonly total: number;
  /** Most first. */
  readonly states: readonly { readonly state: string | null; readonly result: string | null; readonly count: number }[];
  readonly callers: readonly { readonly actionId: number | null; readonly count: number }[];
}

/** All of one level by state and result, and by the action that planned them. */
export function sumLevel(counts: NonNullable<SubPlansOutput["counts"]>): LevelSum {
  const states = new Map<string, { state: string | null; result: string | null; count: number }>();
  const callers = new Map<number | null, number>();
  let total = 0;
  for (const { callerActionId, state, result, count } of counts) {
    total += count;
    callers.set(callerActionId, (callers.get(callerActionId) ?? 0) + count);
    const key = `${state} ${result}`;
    const known = states.get(key);
    if (known === undefined) states.set(key, { state, result, count });
    else known.count += count;
  }
  return {
    total,
    states: [...states.values()].sort((a, b) => b.count - a.count),
    callers: [...callers].map(([actionId, count]) => ({ actionId, count })),
  };
}
