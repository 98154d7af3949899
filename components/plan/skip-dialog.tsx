"use client";
import { useMutation, useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { ulid } from "ulid";
import { ActDialog } from "#components/ui/act-dialog.tsx";
import { plural, shortId } from "#components/ui/format.ts";
import { State } from "#components/ui/glyph.tsx";
import { useRefusal } from "#components/ui/session.ts";
import { useTRPC } from "#components/ui/trpc.ts";
import { QueryWidget } from "#components/ui/widget.tsx";
import { headName, shortClass } from "./step-words.ts";
import type { PlanOutput, StepView } from "./types.ts";

interface SkipDialogProps {
  readonly source: string;
  readonly plan: PlanOutput;
  readonly steps: readonly StepView[];
  /** The failed step that is meant; `null` = all of them. */
  readonly only?: number | null;
  readonly onDone: () => void;
  readonly onClose: () => void;
}

/** Says which steps a skip takes along, takes the reason and sends what the operator saw. */
export function SkipDialog({ source, plan, steps, only = null, onDone, onClose }: SkipDialogProps) {
  const trpc = useTRPC();
  const failed = steps.filter((step) => step.state === "error" && step.phase !== "plan");
  const [chosen, setChosen] = useState<readonly number[]>(() =>
    only === null ? failed.map((step) => step.id) : [only],
  );
  const [resumes, setResumes] = useState(false);
  /** One resume however often the skip is repeated. */
  const [resumeId] = useState(ulid);
  const preview = useQuery(
    trpc.dynflow.plans.skipPreview.queryOptions({ source, planId: plan.id, stepIds: [...chosen] }),
  );
  const skip = useMutation(trpc.dynflow.plans.skip.mutationOptions());
  const seen = preview.data;
  const refusal = useRefusal(
    "plans:skip",
    chosen.length === 0
      ? "Choose a failed step."
      : seen === undefined
        ? "What it would touch is being read."
        : seen.refusals.length > 0
          ? sentence(seen.refusals.join("; "))
          : null,
  );
  return (
    <ActDialog
      title={
        <>
          Skip in <bdi>{headName(shortClass(plan.label ?? plan.rootActionClass ?? "plan"))}</bdi>{" "}
          <span className="mono">{shortId(plan.id)}</span>
        </>
      }
      sub={
        <span className="row">
          {source} <State system="plan" word={plan.state} /> <State system="result" word={plan.result} />
        </span>
      }
      verb={`Skip ${plural(seen?.changes.length ?? 0, "step")}${resumes ? " and resume" : ""}`}
      refusal={refusal}
      onAct={async ({ reason, requestId }) => {
        try {
          return await skip.mutateAsync({
            source,
            planId: plan.id,
            expectedState: seen?.state ?? plan.state,
            stepIds: [...chosen],
            expectedStepIds: seen?.changes.map((change) => change.stepId) ?? [],
            resumeRequestId: resumes ? resumeId : null,
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
        {failed.length > 1 && (
          <fieldset>
            <legend className="lbl">Failed steps</legend>
            {failed.map((step) => (
              <label key={step.id} className="row">
                <input
                  type="checkbox"
                  checked={chosen.includes(step.id)}
                  onChange={(event) =>
                    setChosen(event.target.checked ? [...chosen, step.id] : chosen.filter((id) => id !== step.id))
                  }
                />
                <span>
                  {step.id} {shortClass(step.actionClass)}
                </span>
              </label>
            ))}
          </fieldset>
        )}
        <section>
          <h3>What it will touch</h3>
          <QueryWidget query={preview} what="the steps" rows={3} columns={3}>
            {({ changes, refusals }) => (
              <>
                {refusals.map((text) => (
                  <p key={text} className="warn small t2 wrap">
                    {sentence(text)}
                  </p>
                ))}
                {changes.length > 0 && (
                  <table className="tight" aria-label="Steps that are skipped">
                    <tbody>
                      {changes.map(({ stepId, actionClass, from, to }) => (
                        <tr key={stepId}>
                          <td className="num">{stepId}</td>
                          <td className="w100">
                            <bdi>{headName(shortClass(actionClass))}</bdi>
                          </td>
                          <td>
                            <State system="step" word={from} />
                          </td>
                          <td>
                            <State system="step" word={to} />
                          </td>
                        </tr>
                      ))}
                    </tbody>
                  </table>
                )}
              </>
            )}
          </QueryWidget>
        </section>
        <label className="row">
          <input type="checkbox" checked={resumes} onChange={(event) => setResumes(event.target.checked)} />
          <span>Resume the plan afterwards, as an operation of its own</span>
        </label>
        <p className="warn small t2 wrap">
          <b>What only follows the step is not skipped: it runs.</b> Only steps that need its output go along. The
          console writes the steps itself, while nobody can begin the plan; the application's own hooks do not run. An
          executor that starts anew resumes such a plan by itself.
        </p>
      </div>
    </ActDialog>
  );
}

const sentence = (text: string): string => `${text[0]?.toUpperCase() ?? ""}${text.slice(1)}.`;
