"use client";
import { useQueries } from "@tanstack/react-query";
import { useMemo } from "react";
import { useTRPC } from "#components/ui/trpc.ts";
import { isMasked } from "#server/contract/event.ts";
import { referencesOf, withResolved } from "#server/contract/view/payload-references.ts";

/** Steps whose output is read for it. */
const STEPS_MAX = 20;

/** The value with what its references point to now in their place, once `on`; steps are read only then. */
export function useResolved(source: string, planId: string, value: unknown, on: boolean): unknown {
  const trpc = useTRPC();
  const references = useMemo(() => (on ? referencesOf(value, STEPS_MAX) : []), [value, on]);
  const queries = useQueries({
    queries: references.map((reference) =>
      trpc.dynflow.plans.action.queryOptions({
        source,
        planId: reference.planId ?? planId,
        stepId: reference.stepId ?? 0,
      }),
    ),
  });
  if (references.length === 0) return value;
  return withResolved(value, (reference) => {
    const index = references.findIndex(
      ({ planId: plan, stepId }) => plan === reference.planId && stepId === reference.stepId,
    );
    const output = queries[index]?.data?.output;
    return output === undefined || isMasked(output) || !("value" in output) ? undefined : output.value;
  });
}
