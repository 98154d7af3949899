"use client";
import { useMutation, useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { shortId } from "#components/ui/format.ts";
import { useTRPC } from "#components/ui/trpc.ts";
import { Refusals } from "./act-title.tsx";
import { PlanActDialog, type PlanActDialogOwn } from "./plan-act-dialog.tsx";
import { askedSteps, ForceConsent, NONE_CANCELLABLE, StepsAsked, stepsVerb } from "./steps-asked.tsx";
import type { StepView } from "./types.ts";

interface EventDialogProps extends PlanActDialogOwn {
  readonly event: "cancel" | "abort";
  /** The one step it goes to; `null` = every open step. */
  readonly step: StepView | null;
}

const VERB = { cancel: "Cancel", abort: "Abort" } as const;

/** Cancel of one step, or abort: says which steps get it and what may come of it, and sends what the operator saw. */
export function EventDialog({ source, plan, event, step, onDone, onClose }: EventDialogProps) {
  const trpc = useTRPC();
  const [force, setForce] = useState(false);
  const stepId = step?.id ?? null;
  const preview = useQuery(trpc.dynflow.plans.eventPreview.queryOptions({ source, planId: plan.id, event, stepId }));
  const cancelStep = useMutation(trpc.dynflow.plans.cancelStep.mutationOptions());
  const abort = useMutation(trpc.dynflow.plans.abort.mutationOptions());
  const { unsafe, chosen } = askedSteps(preview.data?.steps ?? [], force);
  const [first] = chosen;
  return (
    <PlanActDialog
      source={source}
      plan={plan}
      does={step === null ? `${VERB[event]} steps of` : `${VERB[event]} step ${step.id} of`}
      verb={step !== null ? `${VERB[event]} step ${step.id}` : stepsVerb(VERB[event], chosen)}
      typed={force && unsafe.length > 0 ? "destroy" : null}
      permission={event === "cancel" ? "plans:cancel" : "plans:abort"}
      preview={preview}
      what="the steps"
      whyNot={() => (chosen.length > 0 ? null : NONE_CANCELLABLE)}
      onAct={({ reason, requestId }, { state }) => {
        const common = { source, planId: plan.id, expectedState: state, force, reason, requestId };
        return event === "cancel" && stepId !== null
          ? cancelStep.mutateAsync({ ...common, stepId, expectedStepState: first?.state ?? step?.state ?? "" })
          : abort.mutateAsync({ ...common, stepId, expectedStepIds: chosen.map((each) => each.stepId) });
      }}
      touched={({ refusals, steps, executorId, executorKnown }) => (
        <>
          <Refusals reasons={refusals} />
          <StepsAsked label={`Steps that take the ${event}`} steps={steps} force={force} />
          {executorId !== null && (
            <p className="small t3 wrap">
              {executorKnown === false
                ? `Executor ${shortId(executorId)}, which holds its lock, has no record any more: nobody may take it. What is not taken is withdrawn.`
                : `Executor ${shortId(executorId)} holds its lock and is told.`}
            </p>
          )}
        </>
      )}
      onDone={onDone}
      onClose={onClose}
    >
      <ForceConsent unsafe={unsafe} one={step !== null} force={force} onForce={setForce} />
      <p className="small t2 wrap">
        {event === "abort"
          ? "An abort is the forced variant of a cancel; an action that has none of its own takes it as a cancel. What it does is up to each action."
          : "What a cancel does is up to the action: it may end well, fail, go on, or cancel its sub-plans."}{" "}
        A busy step takes it when it suspends; there is no limit to that, so it may stay open for long.
      </p>
    </PlanActDialog>
  );
}
