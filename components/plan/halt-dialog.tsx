"use client";
import { useMutation, useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { plural, shortId } from "#components/ui/format.ts";
import { State } from "#components/ui/glyph.tsx";
import { type Outputs, useTRPC } from "#components/ui/trpc.ts";
import { Refusals, sentence } from "./act-title.tsx";
import { Consent, PlanActDialog, type PlanActDialogOwn } from "./plan-act-dialog.tsx";
import { headName, shortClass } from "./step-words.ts";

type Preview = Outputs["dynflow"]["plans"]["haltPreview"];

/** Says who is told to drop the plan and what stays as it is, and takes a typed word: there is no way back. */
export function HaltDialog({ source, plan, onDone, onClose }: PlanActDialogOwn) {
  const trpc = useTRPC();
  const [again, setAgain] = useState(false);
  const preview = useQuery(trpc.dynflow.plans.haltPreview.queryOptions({ source, planId: plan.id }));
  const halt = useMutation(trpc.dynflow.plans.halt.mutationOptions());
  const earlier = preview.data?.before ?? null;
  return (
    <PlanActDialog
      source={source}
      plan={plan}
      does="Halt"
      verb={`Halt plan ${shortId(plan.id)}`}
      typed="halt"
      permission="plans:halt"
      preview={preview}
      what="what stays"
      rows={4}
      columns={2}
      whyNot={({ before }) => (before === null || again ? null : "An earlier halt has not ended.")}
      onAct={({ reason, requestId }, { state, executorId }) =>
        halt.mutateAsync({
          source,
          planId: plan.id,
          expectedState: state,
          expectedExecutorId: executorId,
          again,
          reason,
          requestId,
        })
      }
      touched={(seen) => <Touched preview={seen} />}
      before={
        <p className="warn wrap">
          <b>The plan becomes stopped for good and can never be resumed.</b> Its steps stay as they are, nothing is
          rescued or undone, and a step that is really busy goes on to its end.
        </p>
      }
      onDone={onDone}
      onClose={onClose}
    >
      {earlier !== null && (
        <Consent given={again} onGive={setAgain}>
          {sentence(earlier)} Ask once more, with that lock. It does no harm to a plan that has stopped meanwhile.
        </Consent>
      )}
    </PlanActDialog>
  );
}

function Touched({ preview }: { readonly preview: Preview }) {
  const { refusals, left, busy, subPlans, executorId, executorKnown } = preview;
  return (
    <>
      <Refusals reasons={refusals} />
      {left.length === 0 ? (
        <p className="t2">Every step of it has ended.</p>
      ) : (
        <table className="tight" aria-label="Steps that stay as they are">
          <tbody>
            {left.map(({ state, count }) => (
              <tr key={state}>
                <td>
                  <State system="step" word={state} />
                </td>
                <td className="num">{plural(count, "step")}</td>
                <td className="w100 t2 wrap">
                  {state === "running"
                    ? `may still be busy: ${busy.map(nameOf).slice(0, 5).join(", ")}`
                    : (STAYS[state] ?? "stays so")}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
      {subPlans > 0 && (
        <p className="small t2 wrap">
          {subPlans === 1
            ? `${plural(1, "sub-plan")} of it has not ended: it is a plan of its own and goes on.`
            : `${plural(subPlans, "sub-plan")} of it have not ended: they are plans of their own and go on.`}
        </p>
      )}
      <p className="small t3 wrap">{whoIsTold(executorId, executorKnown)}</p>
    </>
  );
}

const STAYS: Readonly<Record<string, string>> = {
  pending: "never runs",
  suspended: "is never woken",
  error: "stays failed",
};
const nameOf = ({ stepId, actionClass }: Preview["busy"][number]): string =>
  `${stepId} ${headName(shortClass(actionClass))}`;

function whoIsTold(executorId: string | null, known: boolean | null): string {
  if (executorId === null) return "Nobody executes it: any executor that answers a ping writes it off.";
  return known === false
    ? `Executor ${shortId(executorId)}, which holds its lock, has no record any more: nobody may take it. What is not taken is withdrawn, with its lock.`
    : `Executor ${shortId(executorId)} holds its lock and is told.`;
}
