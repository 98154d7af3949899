"use client";
import { useMutation, useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { ActDialog } from "#components/ui/act-dialog.tsx";
import { plural, shortId } from "#components/ui/format.ts";
import { State } from "#components/ui/glyph.tsx";
import { useRefusal } from "#components/ui/session.ts";
import { type Outputs, useTRPC } from "#components/ui/trpc.ts";
import { QueryWidget } from "#components/ui/widget.tsx";
import { headName, shortClass } from "./step-words.ts";
import type { PlanOutput } from "./types.ts";

type Preview = Outputs["dynflow"]["plans"]["cancelPreview"];
type Step = Preview["steps"][number];

interface CancelDialogProps {
  readonly source: string;
  readonly plan: PlanOutput;
  readonly onDone: () => void;
  readonly onClose: () => void;
}

const WHY = {
  "sub-plans": "has sub-plans, which it cancels",
  configured: "cancellable, says the configuration",
} as const;

/** Says which steps get a cancel and what may come of it, takes the reason and sends what the operator saw. */
export function CancelDialog({ source, plan, onDone, onClose }: CancelDialogProps) {
  const trpc = useTRPC();
  const [force, setForce] = useState(false);
  const preview = useQuery(trpc.dynflow.plans.cancelPreview.queryOptions({ source, planId: plan.id }));
  const cancel = useMutation(trpc.dynflow.plans.cancel.mutationOptions());
  const seen = preview.data;
  const unsafe = seen?.steps.filter((step) => step.cancellable === null) ?? [];
  const chosen = seen?.steps.filter((step) => force || step.cancellable !== null) ?? [];
  const refusal = useRefusal("plans:cancel", whyNot(seen, chosen));
  return (
    <ActDialog
      title={
        <>
          Cancel <bdi>{headName(shortClass(plan.label ?? plan.rootActionClass ?? "plan"))}</bdi>{" "}
          <span className="mono">{shortId(plan.id)}</span>
        </>
      }
      sub={
        <span className="row">
          {source} <State system="plan" word={plan.state} /> <State system="result" word={plan.result} />
        </span>
      }
      verb={
        seen?.scheduled === true
          ? `Cancel plan ${shortId(plan.id)}`
          : chosen.length === 0
            ? "Cancel"
            : `Cancel ${plural(chosen.length, "step")}`
      }
      typed={force && unsafe.length > 0 ? "destroy" : null}
      refusal={refusal}
      onAct={async ({ reason, requestId }) => {
        try {
          return await cancel.mutateAsync({
            source,
            planId: plan.id,
            expectedState: seen?.state ?? plan.state,
            expectedStepIds: chosen.map((step) => step.stepId),
            force,
            reason,
            requestId,
          });
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
            {(data) => <Touched preview={data} force={force} />}
          </QueryWidget>
        </section>
        {unsafe.length > 0 && (
          <label className="row warn">
            <input type="checkbox" checked={force} onChange={(event) => setForce(event.target.checked)} />
            <span className="wrap">
              Send it also to {plural(unsafe.length, "step")} of classes that nothing says are cancellable.{" "}
              <b>A suspended step whose class is not cancellable fails on it</b>, and the plan pauses.
            </span>
          </label>
        )}
        <p className="small t2 wrap">
          {seen?.scheduled === true
            ? "Its delay is frozen, its root step marked as cancelled, and an executor halts it: it never begins."
            : "What a cancel does is up to each action: it may end well, fail, go on, or cancel its sub-plans. A busy step takes it when it suspends; there is no limit to that, so it may stay open for long."}
        </p>
      </div>
    </ActDialog>
  );
}

function whyNot(seen: Preview | undefined, chosen: readonly Step[]): string | null {
  if (seen === undefined) return "What it would touch is being read.";
  if (seen.refusals.length > 0) return sentence(seen.refusals.join("; "));
  return seen.scheduled || chosen.length > 0 ? null : "No open step is of a class that is known to be cancellable.";
}

function Touched({ preview, force }: { readonly preview: Preview; readonly force: boolean }) {
  return (
    <>
      {preview.refusals.map((text) => (
        <p key={text} className="warn small t2 wrap">
          {sentence(text)}
        </p>
      ))}
      {preview.scheduled && <p className="t2">The plan waits for its time; no step of it has run.</p>}
      {preview.steps.length > 0 && (
        <table className="tight" aria-label="Steps that take a cancel">
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
                  {cancellable === null
                    ? force
                      ? "may be destroyed"
                      : "left out: not known to be cancellable"
                    : WHY[cancellable]}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </>
  );
}

const sentence = (text: string): string => `${text[0]?.toUpperCase() ?? ""}${text.slice(1)}.`;
