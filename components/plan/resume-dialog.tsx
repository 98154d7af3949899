"use client";
import { useMutation } from "@tanstack/react-query";
import { ActDialog } from "#components/ui/act-dialog.tsx";
import { plural, shortId } from "#components/ui/format.ts";
import { State } from "#components/ui/glyph.tsx";
import { useTRPC } from "#components/ui/trpc.ts";
import { ActSub, ActTitle } from "./act-title.tsx";
import { countStates, shortClass } from "./step-words.ts";
import type { PlanOutput, StepView } from "./types.ts";
import { useDynflowFold } from "./use-plan.ts";
import { useResumeRefusal } from "./use-resume-refusal.ts";

/** What an executor does with a step in this state when a plan goes on (dynflow 2.0.0 lib/dynflow/director). */
const BECOMES: Readonly<Record<string, string>> = {
  error: "runs again, with the same input",
  pending: "runs when its turn comes",
  skipping: "becomes skipped",
  suspended: "is woken and goes on",
  running: "is left from a dead executor: marked as failed",
  success: "stays as it is",
  skipped: "stays as it is",
};

interface ResumeDialogProps {
  readonly source: string;
  readonly plan: PlanOutput;
  /** `undefined` while they are not read. */
  readonly steps: readonly StepView[] | undefined;
  readonly onDone: () => void;
  readonly onClose: () => void;
}

/** Says what a resume will touch, takes the reason and sends what the operator saw. */
export function ResumeDialog({ source, plan, steps, onDone, onClose }: ResumeDialogProps) {
  const trpc = useTRPC();
  const resume = useMutation(trpc.dynflow.plans.resume.mutationOptions());
  const refusal = useResumeRefusal(plan);
  const failed = steps?.find((step) => step.id === plan.firstFailedStepId);
  return (
    <ActDialog
      title={<ActTitle verb="Resume" plan={plan} />}
      sub={<ActSub source={source} plan={plan} />}
      verb={`Resume plan ${shortId(plan.id)}`}
      refusal={refusal}
      onAct={({ reason, requestId }) =>
        resume.mutateAsync({
          source,
          planId: plan.id,
          expectedState: plan.state,
          expectedFailedStepId: plan.firstFailedStepId,
          reason,
          requestId,
        })
      }
      onDone={onDone}
      onClose={onClose}
    >
      <div className="dbody stack-3">
        <section>
          <h3>What it will touch</h3>
          <StepsTouched steps={steps} />
          <Executors source={source} />
        </section>
        <section>
          <h3>What you see now</h3>
          <p className="t2 wrap">
            The plan is {plan.state}
            {plan.firstFailedStepId === null
              ? ", no step of it failed"
              : `, its first failed step is ${plan.firstFailedStepId}${failed === undefined ? "" : ` ${shortClass(failed.actionClass)}`}`}
            . This goes along: if it has moved since, nothing is sent.
          </p>
        </section>
        <p className="warn small t2 wrap">
          <b>A resume repairs nothing.</b> The step that failed runs again; if its cause is still there, the plan pauses
          again.
        </p>
      </div>
    </ActDialog>
  );
}

function StepsTouched({ steps }: { readonly steps: readonly StepView[] | undefined }) {
  if (steps === undefined) return <p className="t3">The steps are being read.</p>;
  const counts = countStates(steps.filter((step) => step.phase !== "plan"));
  return (
    <table className="tight" aria-label="Steps by state">
      <tbody>
        {[...counts].map(([state, count]) => (
          <tr key={state}>
            <td>
              <State system="step" word={state} />
            </td>
            <td className="num">{plural(count, "step")}</td>
            <td className="w100 t2">{BECOMES[state] ?? "is not known to this console"}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function Executors({ source }: { readonly source: string }) {
  const active = useDynflowFold(
    source,
    (fold) => Object.values(fold.worlds).filter((world) => world.executor && world.active === true).length,
  );
  if (active === null || active === undefined) return null;
  return (
    <p className="small t3 wrap">
      {active === 0
        ? "No active executor is registered: nothing can be sent."
        : `One of ${plural(active, "active executor")} takes it: the first that answers a ping.`}
    </p>
  );
}
