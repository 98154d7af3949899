/** What a bulk command would touch: every plan read now, judged, and frozen with the state that was seen. */
import type { LockFold } from "#server/contract/fold/dynflow.ts";
import { OpsError } from "#server/kernel/errors.ts";
import type { PlanVerb, SeenPlan } from "./commands.ts";
import { cancelRefusals, cancelSteps } from "./domain/cancel.ts";
import { haltedBefore, haltRefusals } from "./domain/halt.ts";
import { lockKindOf } from "./domain/records.ts";
import { resumeRefusals } from "./domain/resume.ts";
import { skipPlanRefusals } from "./domain/skip.ts";
import { locksOf } from "./plan-view.ts";
import type { FollowedPlan, PlanFilter } from "./ports.ts";
import type { DynflowSource } from "./source-view.ts";

/** Plans of one job at most. */
export const BULK_PLANS_MAX = 10_000;
/** Plans read with their steps at once: the bound of one statement. */
const READ_PLANS = 100;
const LIST_PLANS = 500;
/** Reads of one preview under way at once. */
const READS_AT_ONCE = 2;
const EXAMPLES_MAX = 5;
const GROUPS_MAX = 200;

export interface RefusedGroup {
  readonly reason: string;
  readonly count: number;
  readonly examples: readonly string[];
}

export interface BulkSelection {
  readonly targets: readonly SeenPlan[];
  readonly groups: readonly { readonly label: string | null; readonly state: string; readonly count: number }[];
  readonly refused: readonly RefusedGroup[];
  readonly oldestStartedAt: string | null;
}

/** @throws OpsError `limit-exceeded`, with the number, when there are too many */
export async function selectPlans(
  source: DynflowSource,
  verb: PlanVerb,
  target: { readonly ids: readonly string[] } | { readonly filter: PlanFilter },
): Promise<BulkSelection> {
  const ids = "ids" in target ? [...new Set(target.ids)] : await idsOf(source, target.filter);
  if (ids.length > BULK_PLANS_MAX) throw tooMany(ids.length);
  const selection = createSelection(source, verb);
  const parts = partsOf(ids, READ_PLANS);
  for (const group of partsOf(parts, READS_AT_ONCE)) {
    await Promise.all(group.map((part) => selection.add(part)));
  }
  return selection.result();
}

async function idsOf(source: DynflowSource, filter: PlanFilter): Promise<readonly string[]> {
  const counts = await source.store.counts(filter);
  const total = counts.reduce((sum, entry) => sum + entry.count, 0);
  if (total > BULK_PLANS_MAX) throw tooMany(total);
  const ids = new Set<string>();
  let cursor: string | null = null;
  do {
    const from = cursor === null ? null : ({ cursor, direction: "next" } as const);
    const page = await source.store.plans({ filter, sort: "id", descending: false, limit: LIST_PLANS, from });
    for (const row of page.rows) ids.add(row.id);
    cursor = page.nextCursor;
  } while (cursor !== null && ids.size <= BULK_PLANS_MAX);
  return [...ids];
}

const tooMany = (count: number): OpsError =>
  new OpsError("limit-exceeded", `${count} plans are more than the ${BULK_PLANS_MAX} of one job: narrow the filter`);

function createSelection(source: DynflowSource, verb: PlanVerb) {
  const targets: SeenPlan[] = [];
  const groups = new Map<string, { label: string | null; state: string; count: number }>();
  const refused = new Map<string, { reason: string; count: number; examples: string[] }>();
  let oldestStartedAt: string | null = null;

  function refuse(planId: string, reason: string): void {
    const entry = refused.get(reason) ?? { reason, count: 0, examples: [] };
    entry.count += 1;
    if (entry.examples.length < EXAMPLES_MAX) entry.examples.push(planId);
    refused.set(reason, entry);
  }

  function take(plan: FollowedPlan, steps: readonly number[]): void {
    const { id: planId, label, state, startedAt } = plan.head;
    targets.push({ planId, state, steps: steps.toSorted((a, b) => a - b) });
    const name = label ?? plan.rootActionClass;
    const key = JSON.stringify([name, state]);
    const group = groups.get(key) ?? { label: name, state, count: 0 };
    group.count += 1;
    groups.set(key, group);
    if (startedAt !== null && (oldestStartedAt === null || startedAt < oldestStartedAt)) oldestStartedAt = startedAt;
  }

  return {
    async add(ids: readonly string[]): Promise<void> {
      const plans = new Map((await source.store.follow(ids)).map((plan) => [plan.head.id, plan]));
      const callers = verb === "cancel" || verb === "abort" ? await source.store.subPlanCallers(ids) : [];
      for (const id of ids) {
        const plan = plans.get(id);
        if (plan === undefined) {
          refuse(id, "there is no such plan any more");
          continue;
        }
        const subPlanActions = new Set(callers.filter(({ planId }) => planId === id).map(({ actionId }) => actionId));
        const judged = judge(source, verb, plan, subPlanActions);
        if (judged.reasons.length > 0) refuse(id, judged.reasons[0] ?? "");
        else take(plan, judged.steps);
      }
    },
    result: (): BulkSelection => ({
      targets: targets.toSorted((a, b) => (a.planId < b.planId ? -1 : 1)),
      groups: [...groups.values()].toSorted((a, b) => b.count - a.count).slice(0, GROUPS_MAX),
      refused: [...refused.values()].toSorted((a, b) => b.count - a.count),
      oldestStartedAt,
    }),
  };
}

/** By the locks that the follower knows: the command itself reads them anew. */
function judge(source: DynflowSource, verb: PlanVerb, plan: FollowedPlan, subPlanActions: ReadonlySet<number>) {
  const { id, state } = plan.head;
  const locks = locksOf(source.fold(), id).map(withKind);
  const failed = plan.steps.filter((step) => step.state === "error" && step.phase !== "plan").map((step) => step.id);
  switch (verb) {
    case "resume":
      return { steps: failed, reasons: resumeRefusals(state, locks) };
    case "skip":
      return {
        steps: failed,
        reasons: [...skipPlanRefusals(state, locks), ...(failed.length === 0 ? ["no step of it has failed"] : [])],
      };
    case "cancel":
    case "abort": {
      const known = { subPlanActions, cancellable: source.cancellable };
      const all = state === "running" ? cancelSteps(plan, known) : [];
      const steps = all.filter((step) => step.cancellable !== null);
      const unsafe = all.length > 0 && steps.length === 0 ? [UNSAFE] : [];
      const waits = verb === "abort" && state === "scheduled" ? ["the plan is scheduled: no step of it runs"] : [];
      const reasons = [...waits, ...unsafe, ...cancelRefusals(state, locks, steps)];
      return { steps: steps.map((step) => step.stepId), reasons };
    }
    case "halt": {
      const before = haltedBefore(locks);
      return { steps: [], reasons: [...haltRefusals(state, locks, undefined), ...(before === null ? [] : [before])] };
    }
  }
}

const UNSAFE = "nothing says that the class of its open steps can be cancelled: a cancel may destroy them";

const withKind = (lock: LockFold) => ({ ...lock, kind: lockKindOf(lock.class) });

function partsOf<T>(items: readonly T[], size: number): readonly (readonly T[])[] {
  const parts: (readonly T[])[] = [];
  for (let start = 0; start < items.length; start += size) parts.push(items.slice(start, start + size));
  return parts;
}
