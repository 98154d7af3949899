"use client";
import { useQuery } from "@tanstack/react-query";
import { useMemo } from "react";
import { usePlanActRefusals } from "#components/plan/plan-act-refusals.ts";
import { useAddress } from "#components/ui/address.ts";
import { useTRPC } from "#components/ui/trpc.ts";
import type { OpenPlan } from "./entries.ts";

const PLAN_PATH = /^\/plans\/([^/]+)\/([^/]+)$/;

/** The plan whose page is open, with the reasons against each action on it; `null` = another page is. */
export function useOpenPlan(): OpenPlan | null {
  const { path, search } = useAddress();
  const trpc = useTRPC();
  const [, source = "", planId = ""] = useMemo(() => PLAN_PATH.exec(path)?.map(decodeURIComponent) ?? [], [path]);
  // The page reads it, and shows what went wrong: here only what it read is taken.
  const { data: plan } = useQuery(trpc.dynflow.plans.get.queryOptions({ source, planId }, { enabled: false }));
  const { start, skip, cancel, abort, halt } = usePlanActRefusals(plan, undefined, undefined);
  const name = plan?.label ?? plan?.rootActionClass ?? "plan";
  const step = search.get("step");
  return useMemo(
    () =>
      planId === ""
        ? null
        : { source, planId, name, stepId: idOf(step), refusals: { start, skip, cancel, abort, halt } },
    [source, planId, name, step, start, skip, cancel, abort, halt],
  );
}

const idOf = (text: string | null): number | null => (text !== null && /^\d{1,9}$/.test(text) ? Number(text) : null);
