/** What a command rests on, read now, compared with what was seen, and turned into what is to be sent. */
import type {
  AbortRequest,
  CancelRequest,
  CancelStepRequest,
  HaltRequest,
  PlanVerb,
  ResumeRequest,
  SeenPlan,
  SkipRequest,
} from "./commands.ts";
import { type CancelStep, cancelRefusals, cancelSteps, scheduledRefusals, stepRefusals } from "./domain/cancel.ts";
import { haltedBefore, haltRefusals } from "./domain/halt.ts";
import type { PlanRecord } from "./domain/model.ts";
import { judgePlan, listedSteps } from "./domain/plan-verdict.ts";
import {
  EXECUTION_INHIBITION_LOCK_CLASS,
  EXECUTION_LOCK_CLASS,
  type Lock,
  lockOf,
  PLANNING_LOCK_CLASS,
  planLockId,
} from "./domain/records.ts";
import { resumeRefusals } from "./domain/resume.ts";
import { failedSteps, judgeSkip, type SkipChange, skipPlanRefusals } from "./domain/skip.ts";
import type { DynflowStore } from "./ports.ts";
import { movedSince } from "./resume-refusal.ts";

/** What is to be sent or written for one plan. */
export type Act =
  | { readonly kind: "execution"; readonly plan: PlanRecord }
  | {
      readonly kind: "events";
      readonly event: "cancel" | "abort";
      readonly plan: PlanRecord;
      readonly executorId: string;
      readonly steps: readonly { readonly stepId: number; readonly state: string }[];
    }
  /** The cancel of a scheduled plan. */
  | { readonly kind: "halt"; readonly plan: PlanRecord; readonly rootStepId: number }
  | {
      readonly kind: "hard-halt";
      readonly plan: PlanRecord;
      /** Who executes it, and so who is told; `null` = nobody: any executor. */
      readonly lockedBy: string | null;
      /** The lock of an earlier halt is there, and is taken over. */
      readonly again: boolean;
    }
  | { readonly kind: "planning"; readonly plan: PlanRecord }
  | { readonly kind: "skip"; readonly plan: PlanRecord; readonly changes: readonly SkipChange[] };

export type Prepared =
  | { readonly kind: "missing" }
  /** What has changed since it was seen, one sentence each. */
  | { readonly kind: "moved"; readonly reasons: readonly string[] }
  | { readonly kind: "refused"; readonly reasons: readonly string[] }
  | { readonly kind: "ready"; readonly act: Act };

export interface PlanReading {
  readonly plan: PlanRecord;
  readonly locks: readonly Lock[];
}

export type Store = Pick<DynflowStore, "plan" | "records" | "references" | "subPlanCallers">;

/** The plan and the locks that decide what may be done to it; `null` = there is no such plan. */
export async function readPlan(store: Pick<Store, "plan" | "records">, planId: string): Promise<PlanReading | null> {
  const classes = [EXECUTION_LOCK_CLASS, PLANNING_LOCK_CLASS, EXECUTION_INHIBITION_LOCK_CLASS];
  const [plan, records] = await Promise.all([
    store.plan(planId),
    store.records(classes.map((name) => ({ class: name, id: planLockId(planId) }))),
  ]);
  return plan === null ? null : { plan, locks: records.flatMap((record) => lockOf(record) ?? []) };
}

export async function prepareResume(
  store: Store,
  request: Omit<ResumeRequest, "requestId" | "actor">,
): Promise<Prepared> {
  const reading = await readPlan(store, request.planId);
  if (reading === null) return { kind: "missing" };
  const { plan, locks } = reading;
  const moved = movedSince(plan, { state: request.expectedState, failedStepId: request.expectedFailedStepId });
  return decide(moved, resumeRefusals(plan.head.state, locks), () => ({ kind: "execution", plan }));
}

/** What a skip of these steps would do to the plan as it is now. */
export async function readSkip(store: Store, reading: PlanReading, stepIds: readonly number[]) {
  const references = await store.references(reading.plan.head.id);
  const { changes, refusals } = judgeSkip(reading.plan, references, stepIds);
  return {
    changes,
    refusals: [...validity(reading.plan), ...skipPlanRefusals(reading.plan.head.state, reading.locks), ...refusals],
  };
}

export async function prepareSkip(store: Store, request: Omit<SkipRequest, "requestId" | "actor">): Promise<Prepared> {
  const reading = await readPlan(store, request.planId);
  if (reading === null) return { kind: "missing" };
  const { plan } = reading;
  const { changes, refusals } = await readSkip(store, reading, request.stepIds);
  const moved = [
    ...stateMoved(plan, request.expectedState),
    ...(refusals.length > 0
      ? []
      : stepsMoved(
          request.expectedStepIds,
          changes.map((change) => change.stepId),
          "skipped",
        )),
  ];
  return decide(moved, refusals, () => ({ kind: "skip", plan, changes }));
}

/** Every step of the plan that could take a cancel now, and what is known of its class. */
export async function readCancel(
  store: Pick<Store, "subPlanCallers">,
  reading: PlanReading,
  cancellable: readonly string[],
): Promise<readonly CancelStep[]> {
  const { plan } = reading;
  if (plan.head.state !== "running") return [];
  const callers = await store.subPlanCallers([plan.head.id]);
  return cancelSteps(plan, { subPlanActions: new Set(callers.map((caller) => caller.actionId)), cancellable });
}

/** Without `force` only the steps of classes that are known to be cancellable. */
export const chosenSteps = (steps: readonly CancelStep[], force: boolean): readonly CancelStep[] =>
  steps.filter((step) => force || step.cancellable !== null);

export async function prepareCancel(
  store: Store,
  cancellable: readonly string[],
  request: Omit<CancelRequest, "requestId" | "actor">,
): Promise<Prepared> {
  const reading = await readPlan(store, request.planId);
  if (reading === null) return { kind: "missing" };
  const { plan, locks } = reading;
  const steps = chosenSteps(await readCancel(store, reading, cancellable), request.force);
  const refusals = cancelAllRefusals(reading, steps);
  const moved = [
    ...stateMoved(plan, request.expectedState),
    ...(refusals.length > 0
      ? []
      : stepsMoved(
          request.expectedStepIds,
          steps.map((step) => step.stepId),
          "cancelled",
        )),
  ];
  return decide(moved, refusals, () => {
    const rootStepId = plan.head.rootPlanStepId;
    if (plan.head.state === "scheduled" && rootStepId !== null) return { kind: "halt", plan, rootStepId };
    const executorId = locks.find((lock) => lock.kind === "execution")?.worldId ?? "";
    return { kind: "events", event: "cancel", plan, executorId, steps: steps.map(stepSeen) };
  });
}

const stepSeen = ({ stepId, state }: CancelStep) => ({ stepId, state });

/** Steps of a running plan that an event would go to: all that are chosen, or the one that is named. */
export function eventSteps(
  reading: PlanReading,
  open: readonly CancelStep[],
  stepId: number | null,
  force: boolean,
): { readonly steps: readonly CancelStep[]; readonly refusals: readonly string[] } {
  const { plan, locks } = reading;
  if (stepId === null) {
    const steps = chosenSteps(open, force);
    const refusals = plan.head.state === "scheduled" ? ["the plan is scheduled: no step of it runs"] : [];
    return { steps, refusals: [...refusals, ...cancelRefusals(plan.head.state, locks, steps)] };
  }
  const named = open.filter((step) => step.stepId === stepId);
  const own = stepRefusals(plan, stepId);
  const unsafe = named.some((step) => step.cancellable === null) && !force ? [UNSAFE_STEP] : [];
  const steps = unsafe.length > 0 ? [] : named;
  return { steps, refusals: [...own, ...(own.length > 0 ? [] : [...unsafe, ...lockRefusals(reading, named)])] };
}

const UNSAFE_STEP =
  "nothing says that its class can be cancelled: a suspended step of another class is destroyed by it";
const lockRefusals = ({ plan, locks }: PlanReading, steps: readonly CancelStep[]): readonly string[] =>
  plan.head.state === "running"
    ? cancelRefusals(plan.head.state, locks, steps)
    : [`the plan is ${plan.head.state}, not running`];

/** Cancel of one step, or abort of one or of all. */
export async function prepareEvent(
  store: Store,
  cancellable: readonly string[],
  event: "cancel" | "abort",
  request: Omit<AbortRequest, "requestId" | "actor">,
): Promise<Prepared> {
  const reading = await readPlan(store, request.planId);
  if (reading === null) return { kind: "missing" };
  const { plan, locks } = reading;
  const open = await readCancel(store, reading, cancellable);
  const { steps, refusals } = eventSteps(reading, open, request.stepId, request.force);
  const seen = steps.map((step) => step.stepId);
  const word = event === "cancel" ? "cancelled" : "aborted";
  const moved = [
    ...stateMoved(plan, request.expectedState),
    ...(refusals.length > 0 ? [] : stepsMoved(request.expectedStepIds, seen, word)),
  ];
  const executorId = locks.find((lock) => lock.kind === "execution")?.worldId ?? "";
  return decide(moved, refusals, () => ({ kind: "events", event, plan, executorId, steps: steps.map(stepSeen) }));
}

export async function prepareCancelStep(
  store: Store,
  cancellable: readonly string[],
  request: Omit<CancelStepRequest, "requestId" | "actor">,
): Promise<Prepared> {
  const { planId, expectedState, stepId, expectedStepState, force } = request;
  const asked = { planId, expectedState, stepId, force, expectedStepIds: [stepId] };
  const prepared = await prepareEvent(store, cancellable, "cancel", asked);
  if (prepared.kind !== "ready" || prepared.act.kind !== "events") return prepared;
  const state = prepared.act.steps[0]?.state ?? "gone";
  if (state === expectedStepState) return prepared;
  return { kind: "moved", reasons: [`step ${stepId} is ${state} now, not ${expectedStepState}`] };
}

export async function prepareHalt(store: Store, request: Omit<HaltRequest, "requestId" | "actor">): Promise<Prepared> {
  const reading = await readPlan(store, request.planId);
  if (reading === null) return { kind: "missing" };
  const { plan, locks } = reading;
  const lockedBy = executorOf(reading);
  const before = haltedBefore(locks);
  const moved = [
    ...stateMoved(plan, request.expectedState),
    ...(lockedBy === request.expectedExecutorId
      ? []
      : [`${lockedBy === null ? "nobody" : `executor ${lockedBy}`} executes it now`]),
  ];
  const refusals = [
    ...haltRefusals(plan.head.state, locks, plan.delayed),
    ...(before === null || request.again ? [] : [before]),
  ];
  return decide(moved, refusals, () => ({ kind: "hard-halt", plan, lockedBy, again: before !== null }));
}

/** Who holds its execution lock; `null` = nobody. */
export const executorOf = ({ locks }: PlanReading): string | null =>
  locks.find((lock) => lock.kind === "execution")?.worldId ?? null;

/** Why this plan cannot be cancelled now by a cancel of these steps; empty = it can. */
export const cancelAllRefusals = ({ plan, locks }: PlanReading, steps: readonly CancelStep[]): readonly string[] => [
  ...cancelRefusals(plan.head.state, locks, steps),
  ...(plan.head.state === "scheduled" ? scheduledRefusals(plan) : []),
];

/** The same commands for a plan of a bulk job: what was seen is compared, what depends on it is read now. */
export async function prepareSeen(
  store: Store,
  cancellable: readonly string[],
  verb: PlanVerb,
  seen: SeenPlan,
): Promise<Prepared> {
  const { planId, state: expectedState, steps: expectedStepIds } = seen;
  if (verb === "abort") {
    const asked = { planId, expectedState, expectedStepIds, stepId: null, force: false };
    return prepareEvent(store, cancellable, "abort", asked);
  }
  if (verb === "halt") return prepareSeenHalt(store, seen);
  if (verb === "cancel") {
    return prepareCancel(store, cancellable, { planId, expectedState, expectedStepIds, force: false });
  }
  const reading = await readPlan(store, planId);
  if (reading === null) return { kind: "missing" };
  const { plan, locks } = reading;
  const failed = failedSteps(plan).map((step) => step.id);
  const moved = [...stateMoved(plan, seen.state), ...failedMoved(seen.steps, failed)];
  if (verb === "resume")
    return decide(moved, resumeRefusals(plan.head.state, locks), () => ({ kind: "execution", plan }));
  const { changes, refusals } = await readSkip(store, reading, failed);
  return decide(moved, failed.length === 0 ? ["no step of it has failed"] : refusals, () => ({
    kind: "skip",
    plan,
    changes,
  }));
}

/** Whoever executes it when its turn comes is told: a job runs for longer than an execution keeps its executor. */
async function prepareSeenHalt(store: Store, { planId, state }: SeenPlan): Promise<Prepared> {
  const reading = await readPlan(store, planId);
  if (reading === null) return { kind: "missing" };
  const expectedExecutorId = executorOf(reading);
  return prepareHalt(store, { planId, expectedState: state, expectedExecutorId, again: false });
}

export function decide(moved: readonly string[], refusals: readonly string[], act: () => Act): Prepared {
  if (moved.length > 0) return { kind: "moved", reasons: moved };
  if (refusals.length > 0) return { kind: "refused", reasons: refusals };
  return { kind: "ready", act: act() };
}

export const stateMoved = (plan: PlanRecord, expected: string): readonly string[] =>
  plan.head.state === expected ? [] : [`the plan is ${plan.head.state} now, not ${expected}`];

const ascending = (ids: readonly number[]): readonly number[] => ids.toSorted((a, b) => a - b);
const same = (a: readonly number[], b: readonly number[]): boolean => ascending(a).join() === ascending(b).join();

const stepsMoved = (expected: readonly number[], now: readonly number[], word: string): readonly string[] =>
  same(expected, now)
    ? []
    : [
        `the steps to be ${word} are ${ascending(now).join(", ") || "none"} now, not ${ascending(expected).join(", ") || "none"}`,
      ];

const failedMoved = (seen: readonly number[], now: readonly number[]): readonly string[] =>
  same(seen, now)
    ? []
    : [`its failed steps are ${ascending(now).join(", ") || "none"} now, not ${ascending(seen).join(", ") || "none"}`];

/** A plan that Ruby cannot load cannot be computed with either. */
function validity(plan: PlanRecord): readonly string[] {
  const verdict = judgePlan(plan);
  return verdict.valid ? [] : [`the plan is not valid: ${verdict.reason}`];
}

/** What a bulk command would touch of a plan as it was just read. */
export const seenSteps = (plan: Pick<PlanRecord, "steps" | "stepIds">): readonly number[] =>
  listedSteps(plan)
    .filter((step) => step.state === "error" && step.phase !== "plan")
    .map((step) => step.id)
    .toSorted((a, b) => a - b);
