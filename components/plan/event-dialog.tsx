"use client";
import { useMutation, useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { ActDialog } from "#components/ui/act-dialog.tsx";
import { plural, shortId } from "#components/ui/format.ts";
import { State } from "#components/ui/glyph.tsx";
import { useRefusal } from "#components/ui/session.ts";
import { type Outputs, useTRPC } from "#components/ui/trpc.ts";
import { QueryWidget } from "#components/ui/widget.tsx";
import { ActSub, ActTitle, Refusals, sentence } from "./act-title.tsx";
import { headName, shortClass } from "./step-words.ts";
import type { PlanOutput, StepView } from "./types.ts";

type Preview = Outputs["dynflow"]["plans"]["eventPreview"];
type Event = "cancel" | "abort";

interface EventDialogProps {
  readonly source: string;
  readonly plan: PlanOutput;
  readonly event: Event;
  /** The one step it goes to; `null` = every open step. */
  readonly step: StepView | null;
  readonly onDone: () => void;
  readonly onClose: () => void;
}

const WHY = {
  "sub-plans": "has sub-plans, which it cancels",
  configured: "cancellable, says the configuration",
} as const;
const NOUN = { cancel: "cancel", abort: "abort" } as const;
const VERB = { cancel: "Cancel", abort: "Abort" } as const;

/** Cancel of one step, or abort: says which steps get it and what may come of it, and sends what the operator saw. */
export function EventDialog({ source, plan, event, step, onDone, onClose }: EventDialogProps) {
  const trpc = useTRPC();
  const [force, setForce] = useState(false);
  const stepId = step?.id ?? null;
  const preview = useQuery(trpc.dynflow.plans.eventPreview.queryOptions({ source, planId: plan.id, event, stepId }));
  const cancelStep = useMutation(trpc.dynflow.plans.cancelStep.mutationOptions());
  const abort = useMutation(trpc.dynflow.plans.abort.mutationOptions());
  const seen = preview.data;
  const unsafe = seen?.steps.filter((each) => each.cancellable === null) ?? [];
  const chosen = seen?.steps.filter((each) => force || each.cancellable !== null) ?? [];
  const refusal = useRefusal(event === "cancel" ? "plans:cancel" : "plans:abort", whyNot(seen, chosen.length));
  const [first] = chosen;

  function send(reason: string, requestId: string) {
    const common = { source, planId: plan.id, expectedState: seen?.state ?? plan.state, force, reason, requestId };
    return event === "cancel" && stepId !== null
      ? cancelStep.mutateAsync({ ...common, stepId, expectedStepState: first?.state ?? step?.state ?? "" })
      : abort.mutateAsync({ ...common, stepId, expectedStepIds: chosen.map((each) => each.stepId) });
  }
  return (
    <ActDialog
      title={
        <ActTitle verb={step === null ? `${VERB[event]} steps of` : `${VERB[event]} step ${step.id} of`} plan={plan} />
      }
      sub={<ActSub source={source} plan={plan} />}
      verb={
        step !== null
          ? `${VERB[event]} step ${step.id}`
          : chosen.length === 0
            ? VERB[event]
            : `${VERB[event]} ${plural(chosen.length, "step")}`
      }
      typed={force && unsafe.length > 0 ? "destroy" : null}
      refusal={refusal}
      onAct={async ({ reason, requestId }) => {
        try {
          return await send(reason, requestId);
        } catch (error) {
          void preview.refetch();
          throw error;
        }
      }}
      onDone={onDone}
      onClose={onClose}
    >
      <div className="dbody stack-3">
        <section>
          <h3>What it will touch</h3>
          <QueryWidget query={preview} what="the steps" rows={3} columns={3}>
            {(data) => <Touched preview={data} event={event} force={force} />}
          </QueryWidget>
        </section>
        {unsafe.length > 0 && (
          <label className="row warn">
            <input type="checkbox" checked={force} onChange={(input) => setForce(input.target.checked)} />
            <span className="wrap">
              Send it{" "}
              {step === null ? `also to ${plural(unsafe.length, "step")} of classes` : "although its class is one"} that
              nothing says {step === null ? "are" : "is"} cancellable.{" "}
              <b>A suspended step whose class is not cancellable fails on it</b>, and the plan pauses.
            </span>
          </label>
        )}
        <p className="small t2 wrap">
          {event === "abort"
            ? "An abort is the forced variant of a cancel; an action that has none of its own takes it as a cancel. What it does is up to each action."
            : "What a cancel does is up to the action: it may end well, fail, go on, or cancel its sub-plans."}{" "}
          A busy step takes it when it suspends; there is no limit to that, so it may stay open for long.
        </p>
      </div>
    </ActDialog>
  );
}

function whyNot(seen: Preview | undefined, chosen: number): string | null {
  if (seen === undefined) return "What it would touch is being read.";
  if (seen.refusals.length > 0) return sentence(seen.refusals.join("; "));
  return chosen > 0 ? null : "No open step is of a class that is known to be cancellable.";
}

function Touched({
  preview,
  event,
  force,
}: {
  readonly preview: Preview;
  readonly event: Event;
  readonly force: boolean;
}) {
  return (
    <>
      <Refusals reasons={preview.refusals} />
      {preview.steps.length > 0 && (
        <table className="tight" aria-label={`Steps that take the ${NOUN[event]}`}>
          <tbody>
            {preview.steps.map(({ stepId, actionClass, state, cancellable }) => (
              <tr key={stepId} className={cancellable === null && !force ? "off" : ""}>
                <td className="num">{stepId}</td>
                <td>
                  <bdi>{headName(shortClass(actionClass))}</bdi>
                </td>
                <td>
                  <State system="step" word={state} />
                </td>
                <td className="w100 t2 wrap">
                  {cancellable !== null
                    ? WHY[cancellable]
                    : force
                      ? "may be destroyed"
                      : "left out: not known to be cancellable"}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
      {preview.executorId !== null && (
        <p className="small t3 wrap">
          {preview.executorKnown === false
            ? `Executor ${shortId(preview.executorId)}, which holds its lock, has no record any more: nobody may take it. What is not taken is withdrawn.`
            : `Executor ${shortId(preview.executorId)} holds its lock and is told.`}
        </p>
      )}
    </>
  );
}
