"use client";
import { useState } from "react";
import { useKeys } from "#components/ui/keys.tsx";
import { onDemand } from "#components/ui/on-demand.tsx";
import { isExecutionLock } from "./lock-words.ts";
import { type PlanAct, usePlanActRefusals } from "./plan-act-refusals.ts";
import type { PlanOutput, StepView } from "./types.ts";

const ResumeDialog = onDemand(async () => (await import("./resume-dialog.tsx")).ResumeDialog);
const SkipDialog = onDemand(async () => (await import("./skip-dialog.tsx")).SkipDialog);
const CancelDialog = onDemand(async () => (await import("./cancel-dialog.tsx")).CancelDialog);
const EventDialog = onDemand(async () => (await import("./event-dialog.tsx")).EventDialog);
const HaltDialog = onDemand(async () => (await import("./halt-dialog.tsx")).HaltDialog);
const StartDialog = onDemand(async () => (await import("./start-dialog.tsx")).StartDialog);

/** One action on the plan as it stands: what it is called, what it does, and why it cannot be done now. */
export interface PlanActEntry {
  readonly act: PlanAct;
  readonly label: string;
  readonly shortcut: string;
  readonly says: string;
  readonly refusal: string | null;
  readonly open: () => boolean;
}

/** What one most likely wants of a plan in this state; `null` = nothing. */
export function primaryOf(plan: PlanOutput): PlanAct | null {
  switch (plan.state) {
    case "paused":
    case "planned":
      return "resume";
    case "scheduled":
      return plan.delayed === null ? "halt" : "start";
    case "running":
      return plan.locks.some((lock) => isExecutionLock(lock.class)) ? "cancel" : "halt";
    case "pending":
    case "planning":
      return "halt";
    default:
      return null;
  }
}

/** The other thing that is often wanted: another way on for what failed, the way out of what only waits. */
export const SECOND: Readonly<Record<string, PlanAct>> = { paused: "skip", scheduled: "cancel" };

/** Everything that can be done to one plan: refusals, keys, and which dialog is open. */
export function usePlanActs(plan: PlanOutput, steps: readonly StepView[] | undefined, selected: number | null) {
  const [open, setOpen] = useState<PlanAct | null>(null);
  const [menu, setMenu] = useState(false);
  const step = steps?.find((each) => each.id === selected);
  const refusals = usePlanActRefusals(plan, steps, step);
  const show = (act: PlanAct) => () => {
    if (refusals[act] !== null) return false;
    setOpen(act);
    return true;
  };
  const entry = (act: PlanAct, label: string, shortcut: string, says: string): PlanActEntry => ({
    act,
    label,
    shortcut,
    says,
    refusal: refusals[act],
    open: show(act),
  });
  const entries = [
    entry("resume", plan.state === "planned" ? "Execute…" : "Resume…", "R", "An executor goes on with it."),
    entry("start", "Start now…", "B", "An executor plans and executes it ahead of its time."),
    entry("skip", "Skip…", "S", "Marks failed steps, and what depends on them, as skipped."),
    entry("cancel", "Cancel…", "H", "Asks its open steps to end, or keeps a scheduled plan from starting."),
    entry(
      "cancel-step",
      step === undefined ? "Cancel step…" : `Cancel step ${step.id}…`,
      "C",
      "Asks this one step to end.",
    ),
    entry("abort", "Abort…", "A", "The forced variant of cancel, where an action has one."),
    entry("halt", "Halt…", "Q", "Stops the plan hard: steps stay as they are, nothing is undone."),
  ];
  useKeys(
    [
      ...entries.map(({ act, shortcut, open: run }) => ({ keys: shortcut, does: DOES[act], run })),
      { keys: "M", does: "more actions", run: () => setMenu(true) },
    ],
    { group: "Plan", enabled: open === null && !menu },
  );
  return { entries, open, close: () => setOpen(null), menu, setMenu, step };
}

/** As the list of keys says it. */
const DOES: Readonly<Record<PlanAct, string>> = {
  resume: "resume or execute the plan",
  start: "start the plan now",
  skip: "skip the failed step",
  cancel: "cancel the plan",
  "cancel-step": "cancel the step that is shown",
  abort: "abort the plan's steps",
  halt: "halt the plan",
};

interface PlanActDialogsProps {
  readonly source: string;
  readonly plan: PlanOutput;
  readonly steps: readonly StepView[] | undefined;
  /** The step that is shown. */
  readonly step: StepView | undefined;
  readonly open: PlanAct | null;
  readonly onClose: () => void;
  readonly onDone: () => void;
}

/** The dialog that is open; its code is fetched when it is first asked for. */
export function PlanActDialogs({ source, plan, steps, step, open, onClose, onDone }: PlanActDialogsProps) {
  const done = () => {
    onClose();
    onDone();
  };
  const common = { source, plan, onDone: done, onClose };
  switch (open) {
    case "resume":
      return <ResumeDialog {...common} steps={steps} />;
    case "skip":
      return <SkipDialog {...common} steps={steps ?? []} only={failedIn(step)} />;
    case "cancel":
      return <CancelDialog {...common} />;
    case "cancel-step":
      return step === undefined ? null : <EventDialog {...common} event="cancel" step={step} />;
    case "abort":
      return <EventDialog {...common} event="abort" step={null} />;
    case "halt":
      return <HaltDialog {...common} />;
    case "start":
      return <StartDialog {...common} />;
    default:
      return null;
  }
}

/** A failed step that is shown is what one most likely means to skip. */
const failedIn = (step: StepView | undefined): number | null =>
  step !== undefined && step.state === "error" && step.phase !== "plan" ? step.id : null;
