import type { Audience } from "#server/auth/permissions.ts";
import type { DynflowFold, LockFold } from "#server/contract/fold/dynflow.ts";
import { maskError, maskPayload } from "#server/contract/mask-payload.ts";
import { DEFAULT_MASK_RULES, type MaskRules } from "#server/contract/mask-rules.ts";
import type { WireShape } from "#server/contract/wire/common.ts";
import type * as wire from "#server/contract/wire/dynflow.ts";
import { LARGE_PLAN_STEPS } from "#server/contract/wire/dynflow-steps.ts";
import { epochMs, toIso } from "#server/kernel/clock.ts";
import { firstFailedStep } from "./domain/first-failure.ts";
import type { ActionPayload, Decoded, PayloadValue, PlanRecord, StepRow } from "./domain/model.ts";
import { judgeOutline, type PlanOutline, stepCountOf } from "./domain/plan-outline.ts";
import { INVALID_RESULT } from "./domain/plan-verdict.ts";
import { planLockId } from "./domain/records.ts";
import { toChunkViews } from "./payload-chunks.ts";
import { maskedFor } from "./source-view.ts";

type PlanOutput = Omit<WireShape<typeof wire.planOutput>, "asOf" | "faults" | "resume">;

/** A decoded thing, or why it could not be read and how large it is. */
export const shown = <T>(decoded: Decoded<T>) =>
  decoded.ok ? decoded.value : { unreadable: decoded.reason, bytes: decoded.bytes };
const payload = (decoded: Decoded<PayloadValue>, masks: MaskRules) =>
  decoded.ok
    ? { value: maskPayload(masks, decoded.value).value }
    : { unreadable: decoded.reason, bytes: decoded.bytes };

/** One plan for the wire: the result recomputed as Ruby shows it, beside the stored one. */
export function toPlanView(
  outline: PlanOutline,
  fold: DynflowFold,
  audience: Audience,
  masks = DEFAULT_MASK_RULES,
): PlanOutput {
  const { plan } = outline;
  const verdict = judgeOutline(outline);
  const large = isLarge(outline);
  const { head } = plan;
  const root = rootAction(plan);
  return {
    id: head.id,
    label: head.label,
    rootActionClass: root?.class ?? null,
    state: head.state,
    result: verdict.valid ? verdict.result : INVALID_RESULT,
    storedResult: head.result,
    valid: verdict.valid,
    invalidReason: verdict.valid ? null : verdict.reason,
    startedAt: head.startedAt,
    endedAt: head.endedAt,
    realTimeSec: head.realTimeSec,
    executionTimeSec: head.executionTimeSec ?? (verdict.valid ? verdict.executionTimeSec : null),
    progress: verdict.valid ? verdict.progress : 0,
    runFlow: large && plan.runFlow.ok ? APART : shown(plan.runFlow),
    finalizeFlow: large && plan.finalizeFlow.ok ? APART : shown(plan.finalizeFlow),
    stepCount: stepCountOf(outline),
    large,
    firstFailedStepId: firstFailedStep(plan)?.stepId ?? null,
    delayed: plan.delayed === null ? null : toDelayedView(plan.delayed, audience, masks),
    blockedBy: [...plan.blockedBy],
    blocks: [...plan.blocks],
    subPlanIds: [...plan.subPlanIds],
    caller:
      root === undefined || root.callerPlanId === null
        ? null
        : { planId: root.callerPlanId, actionId: root.callerActionId },
    locks: locksOf(fold, head.id).map((lock) => toLockView(lock, fold)),
  };
}

/** Whether flows and steps are told apart from the head, in parts. */
export const isLarge = (outline: PlanOutline): boolean =>
  outline.tally !== null || stepCountOf(outline) >= LARGE_PLAN_STEPS;

const TOLD_AT_ONCE: ReadonlySet<string> = new Set(["error", "running", "suspended", "skipping"]);

/** The steps told with the head: all of them, or of a large plan those that a person looks for first. */
export const stepsAtOnce = (outline: PlanOutline): readonly StepRow[] =>
  isLarge(outline) ? outline.plan.steps.filter((step) => TOLD_AT_ONCE.has(step.state)) : outline.plan.steps;

const APART = { unreadable: "too many steps for one answer: dynflow.plans.flows has it", bytes: 0 } as const;

function rootAction(plan: PlanRecord) {
  const rootStep = plan.steps.find((step) => step.id === plan.head.rootPlanStepId);
  return plan.actions.find((action) => action.id === (rootStep?.actionId ?? 1));
}

function toDelayedView(
  delayed: NonNullable<PlanRecord["delayed"]>,
  audience: Audience,
  masks: MaskRules,
): NonNullable<PlanOutput["delayed"]> {
  const { startAt, startBefore, frozen, serializer, args } = delayed;
  return {
    startAt,
    startBefore,
    frozen,
    serializer,
    args: maskedFor(audience, args.ok ? maskPayload(masks, args.value).value : shown(args)),
  };
}

/** The locks that speak of a plan: held on it, or owned by it. */
export function locksOf(fold: DynflowFold, planId: string): readonly LockFold[] {
  const lockId = planLockId(planId);
  return Object.values(fold.locks).filter(
    (lock) => lock.planId === planId || lock.id === lockId || lock.ownerId === lockId,
  );
}

export function toLockView(lock: LockFold, fold: DynflowFold): WireShape<typeof wire.lockView> {
  return {
    class: lock.class,
    id: lock.id,
    ownerId: lock.ownerId,
    planId: lock.planId,
    worldId: lock.worldId,
    clientWorldId: lock.clientWorldId,
    requestId: lock.requestId,
    seenSince: toIso(lock.seenSince),
    unreadable: lock.unreadable,
    orphaned: lock.worldId !== null && fold.worlds[lock.worldId] === undefined,
  };
}

export function toStepView(step: StepRow): WireShape<typeof wire.stepView> {
  const { id, phase, class: className, state, actionId, actionClass, queue } = step;
  const unreadable = [step.error, step.children].flatMap((part) => (part.ok ? [] : [part.reason]));
  return {
    id,
    phase,
    class: className,
    state,
    actionId,
    actionClass,
    queue,
    startedAt: step.startedAt,
    endedAt: step.endedAt,
    realTimeSec: step.realTimeSec,
    executionTimeSec: step.executionTimeSec,
    progressDone: step.progressDone,
    progressWeight: step.progressWeight,
    exceptionClass: step.error.ok ? (step.error.value?.exceptionClass ?? null) : null,
    unreadable: unreadable[0] ?? null,
  };
}

/** Ids of steps with rows that `step_ids` does not list: legal, and shown apart. */
export function unlistedStepIds(plan: PlanRecord): number[] {
  const listed = new Set(plan.stepIds.ok ? plan.stepIds.value : []);
  return plan.steps.filter((step) => !listed.has(step.id)).map((step) => step.id);
}

type ActionOutput = Omit<WireShape<typeof wire.actionOutput>, "asOf" | "faults">;

/** One step with the payloads of its action; what a viewer may not read is masked here. */
export function toActionView(
  step: StepRow,
  action: ActionPayload,
  audience: Audience,
  masks = DEFAULT_MASK_RULES,
): ActionOutput {
  const error = step.error.ok
    ? step.error.value === null
      ? null
      : maskError(masks, step.error.value)
    : { exceptionClass: "", message: `The error could not be read: ${step.error.reason}`, backtrace: [] };
  return {
    step: toStepView(step),
    error: error === null ? null : maskedFor(audience, error),
    input: maskedFor(audience, payload(action.input, masks)),
    output: maskedFor(audience, payload(action.output, masks)),
    inputBytes: action.inputBytes,
    outputBytes: action.outputBytes,
    chunks: maskedFor(audience, toChunkViews(action.chunks, masks)),
    chunksCut: action.chunksCut,
  };
}

/** History for the wire; an unreadable one is said as such. */
export function toHistoryView(plan: PlanRecord) {
  if (!plan.history.ok) return { entries: [], unreadable: plan.history.reason };
  const entries = plan.history.value.map(({ timeSec, name, worldId }) => ({
    at: toIso(epochMs(timeSec * 1000)),
    name,
    worldId,
  }));
  return { entries, unreadable: null };
}
