"use client";
import { useMutation, useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { shortId } from "#components/ui/format.ts";
import { useTRPC } from "#components/ui/trpc.ts";
import { Refusals } from "./act-title.tsx";
import { PlanActDialog, type PlanActDialogOwn } from "./plan-act-dialog.tsx";
import { askedSteps, ForceConsent, NONE_CANCELLABLE, StepsAsked, stepsVerb } from "./steps-asked.tsx";

/** Says which steps get a cancel and what may come of it, takes the reason and sends what the operator saw. */
export function CancelDialog({ source, plan, onDone, onClose }: PlanActDialogOwn) {
  const trpc = useTRPC();
  const [force, setForce] = useState(false);
  const preview = useQuery(trpc.dynflow.plans.cancelPreview.queryOptions({ source, planId: plan.id }));
  const cancel = useMutation(trpc.dynflow.plans.cancel.mutationOptions());
  const { unsafe, chosen } = askedSteps(preview.data?.steps ?? [], force);
  const isScheduled = preview.data?.scheduled === true;
  return (
    <PlanActDialog
      source={source}
      plan={plan}
      does="Cancel"
      verb={isScheduled ? `Cancel plan ${shortId(plan.id)}` : stepsVerb("Cancel", chosen)}
      typed={force && unsafe.length > 0 ? "destroy" : null}
      permission="plans:cancel"
      preview={preview}
      what="the steps"
      whyNot={({ scheduled }) => (scheduled || chosen.length > 0 ? null : NONE_CANCELLABLE)}
      onAct={({ reason, requestId }, { state }) =>
        cancel.mutateAsync({
          source,
          planId: plan.id,
          expectedState: state,
          expectedStepIds: chosen.map((step) => step.stepId),
          force,
          reason,
          requestId,
        })
      }
      touched={({ refusals, scheduled, steps }) => (
        <>
          <Refusals reasons={refusals} />
          {scheduled && <p className="t2">The plan waits for its time; no step of it has run.</p>}
          <StepsAsked label="Steps that take a cancel" steps={steps} force={force} />
        </>
      )}
      onDone={onDone}
      onClose={onClose}
    >
      <ForceConsent unsafe={unsafe} force={force} onForce={setForce} />
      <p className="small t2 wrap">
        {isScheduled
          ? "Its delay is frozen, its root step marked as cancelled, and an executor halts it: it never begins."
          : "What a cancel does is up to each action: it may end well, fail, go on, or cancel its sub-plans. A busy step takes it when it suspends; there is no limit to that, so it may stay open for long."}
      </p>
    </PlanActDialog>
  );
}
