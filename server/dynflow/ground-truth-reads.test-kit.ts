/** The reads that tell part of a plan, or of many, against the same recorded answers: no screen may know better than another. */
import { listedSteps } from "./domain/plan-verdict.ts";
import type { DynflowStore } from "./ports.ts";

// biome-ignore lint/suspicious/noExplicitAny: the recorded answers are JSON of another program, compared leaf by leaf
type Expected = any;
type Same = (what: string, seen: unknown, expected: unknown) => void;

const ANY = { ids: [], states: [], results: [], label: null, startedFrom: null, startedTo: null } as const;
const SHOWN = { payload: <T>(value: T): T => value, text: (text: string): string => text };
const byCodeUnit = (a: string, b: string): number => (a < b ? -1 : 1);

export async function compareReads(same: Same, store: DynflowStore, expected: Expected): Promise<void> {
  const plans: readonly Expected[] = expected.plans;
  const ids = plans.map((plan) => plan.id);
  await compareCallers(same, store, plans, ids);
  await compareFailures(same, store, plans, ids);
  await compareFollowed(same, store, plans, ids);
  await compareScan(same, store, plans);
  await compareLap(same, store, plans);
  for (const plan of plans) await comparePlanReads(same, store, plan);
}

async function compareCallers(same: Same, store: DynflowStore, plans: readonly Expected[], ids: readonly string[]) {
  const callers = new Map((await store.callers(ids)).map((each) => [each.planId, each.callerPlanId]));
  for (const { id, valid, caller_execution_plan_id: caller } of plans) {
    if (valid) same(`caller of ${id}`, callers.get(id) ?? null, caller === id ? null : caller);
  }
}

async function compareFailures(same: Same, store: DynflowStore, plans: readonly Expected[], ids: readonly string[]) {
  const failures = new Map((await store.failures(ids)).map((failure) => [failure.planId, failure]));
  for (const plan of plans) {
    if (!plan.valid) continue;
    const failed = plan.steps
      .filter((step: Expected) => step.error !== null && step.state === "error")
      .sort((a: Expected, b: Expected) => a.id - b.id)[0];
    const found = failures.get(plan.id);
    if (failed === undefined) continue;
    same(
      `first failure of ${plan.id}`,
      [found?.stepId, found?.exceptionClass, found?.message, found?.actionClass],
      [failed.id, failed.error.class_name, failed.error.message, failed.action_class],
    );
  }
}

async function compareFollowed(same: Same, store: DynflowStore, plans: readonly Expected[], ids: readonly string[]) {
  const followed = new Map((await store.follow(ids)).map((each) => [each.head.id, each]));
  for (const plan of plans) {
    const found = followed.get(plan.id);
    same(`followed ${plan.id}`, [found?.head.state, found?.head.startedAt], [plan.state, plan.started_at]);
    if (!plan.valid) continue;
    const states = new Map(found?.steps.map((step) => [step.id, `${step.state} ${step.actionClass}`]));
    same(
      `followed steps of ${plan.id}`,
      plan.steps.map((step: Expected) => states.get(step.id)),
      plan.steps.map((step: Expected) => `${step.state} ${step.action_class}`),
    );
    const root = plan.steps.find((step: Expected) => step.id === plan.root_plan_step_id);
    if (root !== undefined) same(`root action of ${plan.id}`, found?.rootActionClass, root.action_class);
  }
}

async function compareScan(same: Same, store: DynflowStore, plans: readonly Expected[]): Promise<void> {
  const text = "flag";
  const needle = { errorText: text, inputText: null, actionClass: null, worldId: null };
  const { hits, notLookedInto } = await store.scan({
    filter: ANY,
    needle,
    from: null,
    plans: 20_000,
    rows: 5_000,
    shown: SHOWN,
  });
  const wanted = plans.filter((plan) =>
    plan.steps?.some((step: Expected) => step.error?.message.toLowerCase().includes(text)),
  );
  const found = new Set(hits.map((hit) => hit.id));
  same(
    "plans found by the text of an error",
    wanted.map((plan) => plan.id).filter((id) => !found.has(id)),
    [],
  );
  same("rows that could not be looked into", notLookedInto, 0);
}

/** Schemas whose tables lack columns are gone round by the place of a row, too. */
async function compareLap(same: Same, store: DynflowStore, plans: readonly Expected[]): Promise<void> {
  const found = new Set<string>();
  let from: string | null = null;
  do {
    const { unfinished, next }: Awaited<ReturnType<DynflowStore["lap"]>> = await store.lap(from, 20);
    for (const id of unfinished) found.add(id);
    from = next;
  } while (from !== null);
  same(
    "unfinished plans that a lap has met",
    plans.filter(({ id, state }) => (state !== "stopped") !== found.has(id)).map(({ id }) => id),
    [],
  );
}

async function comparePlanReads(same: Same, store: DynflowStore, plan: Expected): Promise<void> {
  const [outline, parts, steps, row, children, counts] = await Promise.all([
    store.outline(plan.id),
    store.planRow(plan.id),
    store.stepsPart({ planId: plan.id, after: null, limit: 5_000 }),
    store.raw({ row: "plan", planId: plan.id }),
    store.links.children({ planId: plan.id, failingOnly: false, limit: 500, after: null }),
    store.links.childCounts(plan.id),
  ]);
  same(`row of ${plan.id}`, parts?.head.state, plan.state);
  same(`raw row of ${plan.id}`, row?.cells.find((cell) => cell.column === "uuid")?.text, plan.id);
  if (!plan.valid) return;
  const words = (step: { readonly id: number; readonly state: string }) => `${step.id} ${step.state}`;
  const expected = plan.steps.map(words);
  same(`outline of ${plan.id}`, outline === null ? null : listedSteps(outline.plan).map(words), expected);
  const known = new Set(steps.map(words));
  same(
    `steps of ${plan.id} in parts`,
    expected.filter((each: string) => !known.has(each)),
    [],
  );
  const subPlans = plan.sub_plan_ids.filter((id: string) => id !== plan.id).sort(byCodeUnit);
  same(`children of ${plan.id}`, children.rows.map((child) => child.id).sort(byCodeUnit), subPlans);
  same(
    `count of children of ${plan.id}`,
    counts.reduce((sum, each) => sum + each.count, 0),
    subPlans.length,
  );
}
