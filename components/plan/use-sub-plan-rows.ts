"use client";
import { useQuery } from "@tanstack/react-query";
import { plural } from "#components/ui/format.ts";
import { useIsPast } from "#components/ui/instants.ts";
import { useTRPC } from "#components/ui/trpc.ts";
import type { SubPlan } from "./timeline-rows.ts";
import type { PlanOutput } from "./types.ts";

const NONE: readonly SubPlan[] = [];
/** A timeline shows so many of them; the others are in the tree of sub-plans. */
const SHOWN_MAX = 500;

interface SubPlanRows {
  /** There are some, and the database tells of them as they are now. */
  readonly possible: boolean;
  readonly rows: readonly SubPlan[];
  /** `12 sub-plans`, `the first 500`, or why there are none. */
  readonly words: string;
}

/** The sub-plans of a plan for its timeline; read only while they are shown. */
export function useSubPlanRows(source: string, plan: PlanOutput, shown: boolean): SubPlanRows {
  const trpc = useTRPC();
  const past = useIsPast();
  const possible = !past && plan.subPlanIds.length > 0;
  const input = { source, planId: plan.id, limit: SHOWN_MAX };
  const query = useQuery({ ...trpc.dynflow.plans.subPlans.queryOptions(input), enabled: shown && possible });
  const rows = shown && query.data !== undefined ? query.data.rows : NONE;
  const more = query.data?.nextCursor != null;
  const words =
    query.error !== null
      ? "cannot be read now"
      : query.data === undefined
        ? "reading"
        : `${more ? "the first " : ""}${plural(rows.length, "sub-plan")}`;
  return { possible, rows, words };
}
