"use client";
import { Dialog } from "#components/ui/dialog.tsx";
import { shortId } from "#components/ui/format.ts";
import { QueryWidget } from "#components/ui/widget.tsx";
import type { PlanAct } from "./plan-act-refusals.ts";
import { PlanActDialogs } from "./plan-acts.tsx";
import { usePlan } from "./use-plan.ts";

interface ActOnPlanProps {
  readonly source: string;
  readonly planId: string;
  readonly act: PlanAct;
  /** The step that is meant; `null` = the one that failed first. */
  readonly stepId: number | null;
  readonly onClose: () => void;
}

/** The dialog of an action that is asked for elsewhere: reads the plan as it is now before anybody is asked for a reason. */
export function ActOnPlan({ source, planId, act, stepId, onClose }: ActOnPlanProps) {
  const { plan, steps, refresh } = usePlan(source, planId);
  if (plan.data === undefined)
    return (
      <Dialog title={`Plan ${shortId(planId)}`} onClose={onClose}>
        <div className="dbody">
          <QueryWidget query={plan} what={`plan ${shortId(planId)}`}>
            {() => null}
          </QueryWidget>
        </div>
      </Dialog>
    );
  // What is chosen in a dialog is chosen among steps that are known.
  if (act === "skip" && steps.data === undefined && steps.error === null) return null;
  const meant = stepId ?? plan.data.firstFailedStepId;
  return (
    <PlanActDialogs
      source={source}
      plan={plan.data}
      steps={steps.data?.steps}
      step={steps.data?.steps.find(({ id }) => id === meant)}
      open={act}
      onClose={onClose}
      onDone={refresh}
    />
  );
}
