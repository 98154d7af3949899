/** What differs in one plan between two instants. Pure; total. */
import { type DynflowFold, lockKey, type PlanFold } from "#server/contract/fold/dynflow.ts";
import type { FieldChange } from "./diff-topology.ts";

export interface StepChange {
  readonly stepId: number;
  /** `null`: the instant has no such step. */
  readonly from: string | null;
  readonly to: string | null;
}

export interface LockChange {
  /** Class without its modules. */
  readonly lock: string;
  readonly change: "acquired" | "released";
  readonly worldId: string | null;
}

export interface PlanDiff {
  /** Whether the instants had it among their unfinished plans; what of it had stopped is not kept. */
  readonly known: { readonly earlier: boolean; readonly later: boolean };
  /** State, result and the step that failed. */
  readonly fields: readonly FieldChange[];
  /** Ascending. `null`: of a plan so large its steps are not kept. */
  readonly steps: readonly StepChange[] | null;
  readonly locks: readonly LockChange[];
}

/** @param earlier fold of the plan's source; `null` = not known at that instant */
export function diffPlan(earlier: DynflowFold | null, later: DynflowFold | null, planId: string): PlanDiff {
  const [was, is] = [planOf(earlier, planId), planOf(later, planId)];
  return {
    known: { earlier: was !== undefined, later: is !== undefined },
    fields: was === undefined && is === undefined ? [] : fieldsOf(was, is),
    steps: stepsOf(was, is),
    locks: earlier === null || later === null ? [] : locksOf(earlier, later, planId),
  };
}

const planOf = (fold: DynflowFold | null, planId: string): PlanFold | undefined =>
  fold !== null && Object.hasOwn(fold.plans, planId) ? fold.plans[planId] : undefined;

function fieldsOf(was: PlanFold | undefined, is: PlanFold | undefined): readonly FieldChange[] {
  const failed = (plan: PlanFold | undefined) => (plan?.failure == null ? null : `step ${plan.failure.stepId}`);
  return [
    { what: "state", from: was?.state ?? null, to: is?.state ?? null },
    { what: "result", from: was?.result ?? null, to: is?.result ?? null },
    { what: "failed", from: failed(was), to: failed(is) },
  ].filter(({ from, to }) => from !== to);
}

function stepsOf(was: PlanFold | undefined, is: PlanFold | undefined): readonly StepChange[] | null {
  if (was === undefined || is === undefined) return [];
  const [before, after] = [was.steps, is.steps];
  if (before === null || after === null) return null;
  if (before === after) return [];
  const state = (steps: Readonly<Record<string, string>>, id: string) =>
    Object.hasOwn(steps, id) ? (steps[id] ?? null) : null;
  return [...new Set([...Object.keys(before), ...Object.keys(after)])]
    .map((id) => ({ stepId: Number(id), from: state(before, id), to: state(after, id) }))
    .filter(({ from, to }) => from !== to)
    .sort((a, b) => a.stepId - b.stepId);
}

function locksOf(earlier: DynflowFold, later: DynflowFold, planId: string): readonly LockChange[] {
  const mine = ({ locks }: DynflowFold) =>
    new Map(Object.values(locks).flatMap((lock) => (lock.planId === planId ? [[lockKey(lock), lock] as const] : [])));
  const [before, after] = [mine(earlier), mine(later)];
  const named = (name: string) => name.split("::").at(-1) ?? name;
  const released = [...before].filter(([key]) => !after.has(key));
  const acquired = [...after].filter(([key, { worldId }]) => before.get(key)?.worldId !== worldId || !before.has(key));
  return [
    ...released.map(([, lock]) => ({ lock: named(lock.class), change: "released" as const, worldId: lock.worldId })),
    ...acquired.map(([, lock]) => ({ lock: named(lock.class), change: "acquired" as const, worldId: lock.worldId })),
  ];
}
