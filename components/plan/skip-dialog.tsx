"use client";
import { useMutation, useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { ulid } from "ulid";
import { plural } from "#components/ui/format.ts";
import { State } from "#components/ui/glyph.tsx";
import { type Outputs, useTRPC } from "#components/ui/trpc.ts";
import { Refusals } from "./act-title.tsx";
import { PlanActDialog, type PlanActDialogOwn } from "./plan-act-dialog.tsx";
import { headName, shortClass } from "./step-words.ts";
import type { StepView } from "./types.ts";

interface SkipDialogProps extends PlanActDialogOwn {
  readonly steps: readonly StepView[];
  /** The failed step that is meant; `null` = all of them. */
  readonly only?: number | null;
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
  return (
    <PlanActDialog
      source={source}
      plan={plan}
      does="Skip in"
      verb={`Skip ${plural(preview.data?.changes.length ?? 0, "step")}${resumes ? " and resume" : ""}`}
      permission="plans:skip"
      preview={preview}
      what="the steps"
      missing={chosen.length === 0 ? "Choose a failed step." : null}
      onAct={({ reason, requestId }, { state, changes }) =>
        skip.mutateAsync({
          source,
          planId: plan.id,
          expectedState: state,
          stepIds: [...chosen],
          expectedStepIds: changes.map((change) => change.stepId),
          resumeRequestId: resumes ? resumeId : null,
          reason,
          requestId,
        })
      }
      touched={({ refusals, changes }) => (
        <>
          <Refusals reasons={refusals} />
          <Skipped changes={changes} />
        </>
      )}
      before={failed.length > 1 && <Choice failed={failed} chosen={chosen} onChoose={setChosen} />}
      onDone={onDone}
      onClose={onClose}
    >
      <label className="row">
        <input type="checkbox" checked={resumes} onChange={(event) => setResumes(event.target.checked)} />
        <span>Resume the plan afterwards, as an operation of its own</span>
      </label>
      <p className="warn small t2 wrap">
        <b>What only follows the step is not skipped: it runs.</b> Only steps that need its output go along. The console
        writes the steps itself, while nobody can begin the plan; the application's own hooks do not run. An executor
        that starts anew resumes such a plan by itself.
      </p>
    </PlanActDialog>
  );
}

interface ChoiceProps {
  readonly failed: readonly StepView[];
  readonly chosen: readonly number[];
  readonly onChoose: (chosen: readonly number[]) => void;
}

function Choice({ failed, chosen, onChoose }: ChoiceProps) {
  return (
    <fieldset>
      <legend className="lbl">Failed steps</legend>
      {failed.map((step) => (
        <label key={step.id} className="row">
          <input
            type="checkbox"
            checked={chosen.includes(step.id)}
            onChange={(event) =>
              onChoose(event.target.checked ? [...chosen, step.id] : chosen.filter((id) => id !== step.id))
            }
          />
          <span>
            {step.id} {shortClass(step.actionClass)}
          </span>
        </label>
      ))}
    </fieldset>
  );
}

type Change = Outputs["dynflow"]["plans"]["skipPreview"]["changes"][number];

function Skipped({ changes }: { readonly changes: readonly Change[] }) {
  if (changes.length === 0) return null;
  return (
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
  );
}
