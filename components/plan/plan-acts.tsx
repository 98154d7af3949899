"use client";
import { useState } from "react";
import { useKeys } from "#components/ui/keys.tsx";
import { onDemand } from "#components/ui/on-demand.tsx";
import { useRefusal } from "#components/ui/session.ts";
import type { PlanOutput, StepView } from "./types.ts";

const SkipDialog = onDemand(async () => (await import("./skip-dialog.tsx")).SkipDialog);
const CancelDialog = onDemand(async () => (await import("./cancel-dialog.tsx")).CancelDialog);

export type PlanAct = "skip" | "cancel";

/** Why there is certainly nothing to skip: the dialog looks closer. */
function whyNoSkip(plan: PlanOutput, steps: readonly StepView[] | undefined): string | null {
  if (plan.state !== "paused") return `The plan is ${plan.state}: only steps of a paused plan can be skipped.`;
  const failed = steps?.some((step) => step.state === "error" && step.phase !== "plan") ?? true;
  return failed ? null : "No step of it has failed.";
}

const CANCELLABLE: ReadonlySet<string> = new Set(["running", "scheduled"]);

/** Skip and cancel of one plan: their refusals, their keys, and which dialog is open. */
export function usePlanActs(source: string, plan: PlanOutput, steps: readonly StepView[] | undefined) {
  const [open, setOpen] = useState<PlanAct | null>(null);
  const skipRefusal = useRefusal("plans:skip", whyNoSkip(plan, steps));
  const cancelRefusal = useRefusal(
    "plans:cancel",
    CANCELLABLE.has(plan.state)
      ? null
      : `The plan is ${plan.state}: only a running or a scheduled one can be cancelled.`,
  );
  const show = (act: PlanAct, refusal: string | null) => () => {
    if (refusal !== null) return false;
    setOpen(act);
    return true;
  };
  const skip = show("skip", skipRefusal);
  const cancel = show("cancel", cancelRefusal);
  useKeys(
    [
      { keys: "S", does: "skip the failed step", run: skip },
      { keys: "H", does: "cancel the plan", run: cancel },
    ],
    { group: "Plan", enabled: open === null },
  );
  return { source, open, close: () => setOpen(null), skip, cancel, skipRefusal, cancelRefusal };
}

interface PlanActDialogsProps {
  readonly source: string;
  readonly plan: PlanOutput;
  readonly steps: readonly StepView[] | undefined;
  readonly open: PlanAct | null;
  readonly onClose: () => void;
  readonly onDone: () => void;
}

/** The dialog that is open; its code is fetched when it is first asked for. */
export function PlanActDialogs({ source, plan, steps, open, onClose, onDone }: PlanActDialogsProps) {
  const done = () => {
    onClose();
    onDone();
  };
  if (open === "skip")
    return <SkipDialog source={source} plan={plan} steps={steps ?? []} onDone={done} onClose={onClose} />;
  if (open === "cancel") return <CancelDialog source={source} plan={plan} onDone={done} onClose={onClose} />;
  return null;
}
