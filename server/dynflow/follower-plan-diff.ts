import { canonicalJson } from "#server/contract/canonical.ts";
import type { EventDraft, PlanDelay, PlanFacts, PlanFailure } from "#server/contract/event.ts";
import type { PlanFold } from "#server/contract/fold/dynflow.ts";
import { type EpochMs, epochMs } from "#server/kernel/clock.ts";
import { gistOf } from "./domain/failure-gist.ts";
import type { PlanHead, StepRow, UtcMicros } from "./domain/model.ts";
import type { FollowedPlan } from "./ports.ts";

/** Plans of more steps are told without them: one event would weigh more than a batch may. */
export const FOLDED_STEPS_MAX = 2_000;
/** More changes of steps than this at once (after we were blind) are told by the plan's own event alone. */
const STEP_EVENTS_MAX = 200;
/** An event carries the gist of a message; the whole of it is read with the step. */
const FAILURE_MESSAGE_MAX_CHARS = 1_000;

const stepCountOf = (plan: FollowedPlan): number => plan.counted?.stepCount ?? plan.steps.length;

/** Ids of the steps in state error: with more than one, the flow says which comes first. */
export const failedStepIds = (plan: FollowedPlan): readonly number[] =>
  plan.steps.filter((step) => step.state === "error").map((step) => step.id);

/**
 * What the fold keeps of a plan.
 *
 * @param firstFailedStepId the one of several failed steps that failed first; `null` = not known: the lowest id then
 */
export function toPlanFacts(plan: FollowedPlan, firstFailedStepId: number | null): PlanFacts {
  const { head, steps } = plan;
  return {
    label: head.label,
    state: head.state,
    result: head.result,
    rootActionClass: plan.rootActionClass,
    startedAt: head.startedAt,
    endedAt: head.endedAt,
    steps:
      stepCountOf(plan) > FOLDED_STEPS_MAX
        ? null
        : Object.fromEntries(steps.map((step) => [String(step.id), step.state])),
    stepCount: stepCountOf(plan),
    failure: failureOf(steps, firstFailedStepId),
    ...(plan.delay === undefined ? {} : { delay: plan.delay === null ? null : delayOf(plan.delay) }),
  };
}

const delayOf = ({ startAt, startBefore, frozen }: PlanDelay): PlanDelay => ({ startAt, startBefore, frozen });

function failureOf(steps: readonly StepRow[], firstFailedStepId: number | null): PlanFailure | null {
  const failed = steps.filter((step) => step.state === "error").toSorted((a, b) => a.id - b.id);
  const first = failed.find((step) => step.id === firstFailedStepId) ?? failed[0];
  if (first === undefined) return null;
  const error = first.error.ok ? first.error.value : null;
  const said = first.error.ok ? (error?.message ?? "") : `The error could not be read: ${first.error.reason}`;
  return {
    stepId: first.id,
    actionClass: first.actionClass,
    exceptionClass: error?.exceptionClass ?? "",
    message: cut(said),
    gist: gistOf(said),
  };
}

const cut = (text: string): string =>
  text.length <= FAILURE_MESSAGE_MAX_CHARS ? text : `${text.slice(0, FAILURE_MESSAGE_MAX_CHARS - 1)}…`;

/** Whether the plan's own row differs from what the fold knows; steps are not looked at. */
export const headDiffers = (known: PlanFacts, head: PlanHead): boolean =>
  known.state !== head.state ||
  known.result !== head.result ||
  known.label !== head.label ||
  known.startedAt !== head.startedAt ||
  known.endedAt !== head.endedAt;

/**
 * Drafts for one plan that was read, against what the fold knows of it; none when nothing changed. Steps that were
 * not known before are told by the plan's event.
 */
export function planDrafts(
  known: PlanFold | undefined,
  plan: FollowedPlan,
  options: { readonly now: EpochMs; readonly firstFailedStepId: number | null },
): EventDraft[] {
  const { now } = options;
  const facts = toPlanFacts(plan, options.firstFailedStepId);
  const subject = plan.head.id;
  const occurredAt = instantOf(plan.head.endedAt) ?? now;
  if (known === undefined) {
    const startedAt = instantOf(plan.head.startedAt) ?? now;
    return [{ kind: "dynflow.plan.created", subject, occurredAt: startedAt, body: facts }];
  }
  const steps = stepDrafts(known, plan, now);
  if (known.state !== facts.state) {
    const body = { from: known.state, plan: facts };
    return [...steps, { kind: "dynflow.plan.state_changed", subject, occurredAt, body }];
  }
  if (known.result !== facts.result) {
    const body = { from: known.result, plan: facts };
    return [...steps, { kind: "dynflow.plan.result_changed", subject, occurredAt: now, body }];
  }
  const told = steps.length > 0 || known.steps === null;
  const after = told ? { ...facts, steps: keysOnly(facts) } : facts;
  const before = told ? { ...withoutSince(known), steps: keysOnly(known) } : withoutSince(known);
  if (canonicalJson(before) === canonicalJson(after)) return steps;
  return [...steps, { kind: "dynflow.plan.changed", subject, occurredAt: now, body: { plan: facts } }];
}

function withoutSince(known: PlanFold): PlanFacts {
  const { stateSince: _since, movedAt: _moved, unlockedSince: _unlocked, ...facts } = known;
  return facts;
}

const keysOnly = (facts: PlanFacts): Readonly<Record<string, string>> | null =>
  facts.steps === null ? null : Object.fromEntries(Object.keys(facts.steps).map((id) => [id, ""]));

function stepDrafts(known: PlanFold, plan: FollowedPlan, now: EpochMs): EventDraft[] {
  const before = known.steps;
  if (before === null || stepCountOf(plan) > FOLDED_STEPS_MAX) return [];
  const changed = plan.steps.filter((step) => {
    const state = before[String(step.id)];
    return state !== undefined && state !== step.state;
  });
  if (changed.length > STEP_EVENTS_MAX) return [];
  return changed.map((step) => ({
    kind: "dynflow.step.state_changed",
    subject: plan.head.id,
    occurredAt: instantOf(step.state === "running" ? step.startedAt : step.endedAt) ?? now,
    body: {
      planId: plan.head.id,
      stepId: step.id,
      from: before[String(step.id)] ?? null,
      to: step.state,
      actionClass: step.actionClass,
    },
  }));
}

/** Milliseconds of an instant of the database; `null` where there is none, or none that is one. */
export function instantOf(text: UtcMicros | null): EpochMs | null {
  if (text === null) return null;
  const parsed = Date.parse(text);
  return Number.isNaN(parsed) ? null : epochMs(parsed);
}
