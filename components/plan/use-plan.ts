"use client";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useMemo } from "react";
import { useInstants } from "#components/ui/instants.ts";
import { type PastState, useFold, usePast } from "#components/ui/live.ts";
import { useTRPC } from "#components/ui/trpc.ts";
import { dynflowStream } from "#server/contract/event.ts";
import type { DynflowFold } from "#server/contract/fold/dynflow.ts";
import type { EpochMs } from "#server/kernel/clock.ts";
import { planAt } from "./as-of.ts";
import { isGone } from "./plan-deleted.tsx";
import { LARGE_PLAN_STEPS } from "./plan-limits.ts";
import type { HistoryOutput, PlanOutput, StepView } from "./types.ts";
import { useRefresh } from "./use-refresh.ts";
import { useLargeFlows, useSteps } from "./use-steps.ts";

/** A plan that somebody looks at is read every second by the server; asking again tells it that somebody still does. */
const LOOK_EVERY_MS = 5_000;
const REFRESH_EVERY_MS = 700;

/** The fold of one source; `undefined` until the first snapshot, `null` when the source is not in it. */
export function useDynflowFold<T>(source: string, select: (fold: DynflowFold) => T): T | null | undefined {
  return useFold((state) => {
    const fold = state.folds[dynflowStream(source)];
    return fold?.family === "dynflow" ? select(fold) : null;
  });
}

/**
 * Head, steps and history of one plan, read anew whenever the fold says that it changed. While the past is shown they are
 * as of then, as far as that is kept; `standing` says how far.
 */
export function usePlan(source: string, planId: string) {
  const trpc = useTRPC();
  const client = useQueryClient();
  const past = useInstants().at !== null;
  const input = { source, planId };
  const head = useQuery(
    trpc.dynflow.plans.get.queryOptions(input, {
      refetchInterval: ({ state }) =>
        past || state.data?.state === "stopped" || isGone(state.error) ? false : LOOK_EVERY_MS,
    }),
  );
  const many = useSteps(source, planId);
  // The feed may know that it is large before its head has come: then both are asked for at once.
  const counted = useDynflowFold(source, (fold) => fold.plans[planId]?.stepCount ?? 0) ?? 0;
  const large = head.data === undefined ? counted >= LARGE_PLAN_STEPS : head.data.large === true;
  const flows = useLargeFlows(source, planId, large);
  const whole = useMemo(
    () => (head.data?.large !== true || flows === undefined ? head.data : withFlows(head.data, flows)),
    [head.data, flows],
  );
  const plan = { ...head, data: whole };
  const history = useQuery(trpc.dynflow.plans.history.queryOptions(input));
  const marker = useDynflowFold(source, (fold) => fold.plans[planId] ?? null);
  const locks = useDynflowFold(source, (fold) =>
    Object.keys(fold.locks)
      .filter((key) => key.includes(planId))
      .join(),
  );
  const refresh = () => {
    void client.invalidateQueries(trpc.dynflow.plans.get.queryFilter(input));
    void client.invalidateQueries(trpc.dynflow.plans.steps.queryFilter(input));
    void client.invalidateQueries(trpc.dynflow.plans.history.queryFilter(input));
    void client.invalidateQueries(trpc.dynflow.plans.action.queryFilter());
  };
  useRefresh(past ? undefined : marker, refresh, REFRESH_EVERY_MS);
  useRefresh(past ? undefined : (locks ?? undefined), refresh, REFRESH_EVERY_MS);
  // What the head shows may have come by the slow way: the steps follow it.
  const seen = plan.data === undefined ? undefined : `${plan.data.state} ${plan.data.result} ${plan.data.progress}`;
  useRefresh(seen, refresh, REFRESH_EVERY_MS);
  const then = useThen(source, { plan: plan.data, steps: many.steps, history: history.data });
  const listed =
    many.steps === undefined
      ? undefined
      : { steps: many.steps, unlistedStepIds: many.unlisted, complete: many.complete };
  const steps = { data: listed, error: many.error };
  if (!past) return { plan, steps, history, refresh, standing: null };
  return {
    plan: { ...plan, data: then?.plan },
    steps: {
      ...steps,
      data: then?.steps === undefined ? undefined : { ...then.listed, complete: many.complete },
    },
    history: { ...history, data: then?.history },
    refresh,
    standing: then?.standing ?? null,
  };
}

const withFlows = (plan: PlanOutput, flows: Pick<PlanOutput, "runFlow" | "finalizeFlow">): PlanOutput => ({
  ...plan,
  runFlow: flows.runFlow,
  finalizeFlow: flows.finalizeFlow,
});

const shownOf = (state: PastState): EpochMs => state.serverNow;
const whole = (fold: DynflowFold): DynflowFold => fold;

interface Read {
  readonly plan: PlanOutput | undefined;
  readonly steps: readonly StepView[] | undefined;
  readonly history: HistoryOutput | undefined;
}

/** What was read, as of the instant that is shown; `undefined` until both are there. */
function useThen(source: string, { plan, steps, history }: Read) {
  const fold = useDynflowFold(source, whole);
  const at = usePast(shownOf);
  return useMemo(() => {
    if (plan === undefined || fold === undefined || at === undefined) return undefined;
    const then = planAt({ plan, steps, history }, fold, at);
    return { ...then, listed: { steps: then.steps ?? [], unlistedStepIds: [] } };
  }, [plan, steps, history, fold, at]);
}
