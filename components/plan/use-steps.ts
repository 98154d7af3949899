"use client";
import { useQuery } from "@tanstack/react-query";
import { useEffect, useMemo, useSyncExternalStore } from "react";
import { useTRPC, useTRPCClient } from "#components/ui/trpc.ts";
import { flowOfTokens } from "#server/contract/view/flow-tokens.ts";
import { LARGE_STEPS_REFRESH_MS } from "./plan-limits.ts";
import { inOrder } from "./steps-parts.ts";
import { type ManySteps, type StepsStore, stepsStoreOf } from "./steps-store.ts";
import type { FlowsOutput, PlanOutput, StepView } from "./types.ts";

export interface Steps {
  /**
   * In the order in which they were added; of a large plan, until `complete`, those that have come so far. `undefined` =
   * nothing has been read yet.
   */
  readonly steps: readonly StepView[] | undefined;
  readonly unlisted: readonly number[];
  /** All of them are here. */
  readonly complete: boolean;
  readonly error: unknown;
  readonly refetch: () => void;
}

const idle = () => () => undefined;
const NO_STEPS: ManySteps = { steps: [], complete: false, error: null };

/**
 * All steps of one plan, however many: the same objects for whoever asks. Those of a large plan come in parts: first what
 * failed or moves, then all in order of id.
 */
export function useSteps(source: string, planId: string): Steps {
  const trpc = useTRPC();
  const client = useTRPCClient();
  const input = { source, planId };
  const query = useQuery(trpc.dynflow.plans.steps.queryOptions(input));
  const large = query.data?.large === true;
  const flows = useLargeFlows(source, planId, large);
  const store = useMemo<StepsStore | null>(
    () => (large ? stepsStoreOf(`${source}\n${planId}`) : null),
    [large, source, planId],
  );
  const many = useSyncExternalStore(store?.subscribe ?? idle, store?.get ?? (() => NO_STEPS), () => NO_STEPS);
  const readAt = query.dataUpdatedAt;
  useEffect(() => {
    if (store === null || readAt === 0) return;
    const read = () => void store.read((after) => client.dynflow.plans.stepsCompact.query({ source, planId, after }));
    if (!store.get().complete) {
      read();
      return;
    }
    // The head was read anew: the steps follow, but 100,000 of them not each second.
    const dueMs = (store.readAt() ?? 0) + LARGE_STEPS_REFRESH_MS - performance.now();
    const timer = setTimeout(read, Math.max(0, dueMs));
    return () => clearTimeout(timer);
  }, [store, client, source, planId, readAt]);

  const order = flows?.stepIds ?? null;
  const first = query.data?.steps;
  const steps = useMemo(() => {
    if (!large || first === undefined) return first;
    return many.complete ? inOrder(many.steps, order) : merged(many.steps, first);
  }, [large, first, many, order]);
  return {
    steps,
    unlisted: query.data?.unlistedStepIds ?? [],
    complete: !large || many.complete,
    error: query.error ?? many.error,
    refetch: () => void query.refetch(),
  };
}

/** What has come, and of the rest those that were told first. */
function merged(come: readonly StepView[], first: readonly StepView[]): readonly StepView[] {
  const last = come.at(-1)?.id ?? Number.NEGATIVE_INFINITY;
  const later = first.filter((step) => step.id > last);
  return later.length === 0 ? come : [...come, ...later];
}

/**
 * The flows of a large plan as trees, the same ones for whoever asks; `undefined` until they have come, and for plans
 * whose head has them.
 */
export function useLargeFlows(source: string, planId: string, large: boolean): LargeFlows | undefined {
  const trpc = useTRPC();
  const { data } = useQuery({
    ...trpc.dynflow.plans.flows.queryOptions({ source, planId }),
    enabled: large,
    // Head and steps both ask for them, and not in the same moment: that is no reason to read and lay them out twice.
    staleTime: LARGE_STEPS_REFRESH_MS,
  });
  return data === undefined ? undefined : treesOf(data);
}

export interface LargeFlows extends Pick<PlanOutput, "runFlow" | "finalizeFlow"> {
  /** In the order in which they were added; `null` = that of their ids. */
  readonly stepIds: readonly number[] | null;
}

const trees = new WeakMap<FlowsOutput, LargeFlows>();

/** A tree of 50,000 steps is made once an answer. */
function treesOf(answer: FlowsOutput): LargeFlows {
  const known = trees.get(answer);
  if (known !== undefined) return known;
  const tree = (flow: FlowsOutput["runFlow"]): PlanOutput["runFlow"] =>
    "tokens" in flow ? flowOfTokens(flow.tokens) : flow;
  const made = { runFlow: tree(answer.runFlow), finalizeFlow: tree(answer.finalizeFlow), stepIds: answer.stepIds };
  trees.set(answer, made);
  return made;
}
