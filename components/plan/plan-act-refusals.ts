"use client";
import { useRefusal } from "#components/ui/session.ts";
import type { PlanOutput, StepView } from "./types.ts";
import { useResumeRefusal } from "./use-resume-refusal.ts";

export type PlanAct = "resume" | "start" | "skip" | "cancel" | "cancel-step" | "abort" | "halt";

/** Why each action cannot be done on the plan by whoever looks; `null` = it can. */
export type PlanActRefusals = Readonly<Record<PlanAct, string | null>>;

/**
 * As far as the plan itself tells: a dialog looks closer. `undefined` for a plan or steps that are not read yet; `step`
 * is the one that is shown.
 */
export function usePlanActRefusals(
  plan: PlanOutput | undefined,
  steps: readonly StepView[] | undefined,
  step: StepView | undefined,
): PlanActRefusals {
  const unless = (whyNot: (read: PlanOutput) => string | null): string | null =>
    plan === undefined ? "The plan is not read yet." : whyNot(plan);
  return {
    resume: useResumeRefusal(plan),
    start: useRefusal("plans:start", unless(whyNoStart)),
    skip: useRefusal(
      "plans:skip",
      unless((read) => whyNoSkip(read, steps)),
    ),
    cancel: useRefusal("plans:cancel", unless(whyNoCancel)),
    "cancel-step": useRefusal(
      "plans:cancel",
      unless((read) => whyNoEvent(read, step)),
    ),
    abort: useRefusal("plans:abort", unless(whyNoAbort)),
    halt: useRefusal("plans:halt", unless(whyNoHalt)),
  };
}

/** Why there is certainly nothing to skip: the dialog looks closer. */
function whyNoSkip(plan: PlanOutput, steps: readonly StepView[] | undefined): string | null {
  if (plan.state !== "paused") return `The plan is ${plan.state}: only steps of a paused plan can be skipped.`;
  const failed = steps?.some((step) => step.state === "error" && step.phase !== "plan") ?? true;
  return failed ? null : "No step of it has failed.";
}

const whyNoCancel = ({ state }: PlanOutput): string | null =>
  state === "running" || state === "scheduled"
    ? null
    : `The plan is ${state}: only a running or a scheduled one can be cancelled.`;

const whyNoAbort = ({ state }: PlanOutput): string | null =>
  state === "running" ? null : `The plan is ${state}: only steps of a running one can be aborted.`;

const OPEN: ReadonlySet<string> = new Set(["running", "suspended"]);

/** Why this step cannot take an event; `undefined` = none is chosen. */
function whyNoEvent(plan: PlanOutput, step: StepView | undefined): string | null {
  if (plan.state !== "running") return `The plan is ${plan.state}: only steps of a running one take events.`;
  if (step === undefined) return "Choose a running or suspended step first.";
  if (step.phase !== "run") return `Step ${step.id} is a ${step.phase} step: only run steps take events.`;
  return OPEN.has(step.state) ? null : `Step ${step.id} is ${step.state}, not running or suspended.`;
}

function whyNoHalt(plan: PlanOutput): string | null {
  if (plan.state === "stopped") return "The plan is stopped already.";
  if (plan.state === "scheduled" && plan.delayed !== null) return "The plan waits for its time: cancel it instead.";
  return null;
}

const whyNoStart = ({ state }: PlanOutput): string | null =>
  state === "scheduled" ? null : `The plan is ${state}: only a scheduled one can be started ahead of its time.`;
