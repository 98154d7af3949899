"use client";
import { useQueries } from "@tanstack/react-query";
import { useCallback, useMemo, useState } from "react";
import { useTRPC } from "#components/ui/trpc.ts";
import { SUB_PLANS_PAGE_MAX } from "./sub-plan-limits.ts";
import { type Level, type TreeRow, treeRows } from "./sub-plan-rows.ts";

const LOOK_EVERY_MS = 5_000;
/** Pages that are read again while something moves; the others stay as they were read. */
const RENEWED_PAGES_MAX = 12;

type Pages = Readonly<Record<string, readonly (string | null)[]>>;

export interface SubPlanTree {
  readonly rows: readonly TreeRow[];
  readonly first: Level | undefined;
  readonly opened: ReadonlySet<string>;
  toggle(row: Extract<TreeRow, { kind: "plan" }>): void;
  /** Asks for the next page of a level. */
  more(parentId: string, after: string): void;
  retry(): void;
}

/** The tree below a plan: a level is read when it is unfolded, page by page as somebody comes to its end. */
export function useSubPlans(source: string, rootId: string, failingOnly: boolean, moving: boolean): SubPlanTree {
  const trpc = useTRPC();
  const [opened, setOpened] = useState<ReadonlySet<string>>(new Set());
  const [pages, setPages] = useState<Pages>({ [rootId]: [null] });
  const wanted = useMemo(
    () => Object.entries(pages).flatMap(([planId, cursors]) => cursors.map((after) => ({ planId, after }))),
    [pages],
  );
  const answers = useQueries({
    queries: wanted.map(({ planId, after }, index) => ({
      ...trpc.dynflow.plans.subPlans.queryOptions({ source, planId, failingOnly, limit: SUB_PLANS_PAGE_MAX, after }),
      refetchInterval: moving && index < RENEWED_PAGES_MAX ? LOOK_EVERY_MS : (false as const),
      staleTime: Number.POSITIVE_INFINITY,
    })),
    combine: combined,
  });
  const levels = useMemo(() => {
    const byPlan = new Map<string, Level>();
    for (const [index, { planId }] of wanted.entries()) {
      const { data, error } = answers[index] ?? { data: undefined, error: null };
      byPlan.set(planId, { pages: [...(byPlan.get(planId)?.pages ?? []), { data, error }] });
    }
    return byPlan;
  }, [wanted, answers]);
  const rows = useMemo(() => treeRows(rootId, (id) => levels.get(id), opened), [rootId, levels, opened]);

  const toggle = useCallback((row: Extract<TreeRow, { kind: "plan" }>) => {
    setOpened((now) => {
      const next = new Set(now);
      if (!next.delete(row.key)) next.add(row.key);
      return next;
    });
    setPages((now) => (now[row.row.id] === undefined ? { ...now, [row.row.id]: [null] } : now));
  }, []);
  const more = useCallback((parentId: string, after: string) => {
    setPages((now) => {
      const known = now[parentId] ?? [null];
      return known.includes(after) ? now : { ...now, [parentId]: [...known, after] };
    });
  }, []);
  const retry = useCallback(() => {
    for (const answer of answers) if (answer.error !== null) answer.refetch();
  }, [answers]);
  return { rows, first: levels.get(rootId), opened, toggle, more, retry };
}

interface Answer<T> {
  readonly data: T | undefined;
  readonly error: unknown;
  readonly refetch: () => unknown;
}

const combined = <T>(all: readonly Answer<T>[]) => all.map(({ data, error, refetch }) => ({ data, error, refetch }));
