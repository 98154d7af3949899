"use client";
import { useMemo, useState } from "react";
import { HistorySection } from "#components/history/history-section.tsx";
import { PlanLifecycle } from "#components/lifecycle/plan-lifecycle.tsx";
import { useAddress } from "#components/ui/address.ts";
import { Crumbs } from "#components/ui/crumbs.tsx";
import { faultOf } from "#components/ui/fault.ts";
import { parseInstant, shortId } from "#components/ui/format.ts";
import { useIsPast } from "#components/ui/instants.ts";
import { useKeys } from "#components/ui/keys.tsx";
import { OnlyNow } from "#components/ui/not-known.tsx";
import { routes } from "#components/ui/routes.ts";
import { Section } from "#components/ui/section.tsx";
import { Empty, Failure, Faults, Skeleton, Stale } from "#components/ui/widget.tsx";
import { stepIdsOf } from "#server/contract/view/plan-flow.ts";
import { FlowTab } from "./flow-tab.tsx";
import { HistoryView } from "./history-view.tsx";
import { LocksView } from "./locks-view.tsx";
import { Outcome } from "./outcome.tsx";
import { PlanActDialogs, usePlanActs } from "./plan-acts.tsx";
import { PlanDifference } from "./plan-diff.tsx";
import { PlanFacts } from "./plan-facts.tsx";
import { PlanHead } from "./plan-head.tsx";
import { isDrawn, PlanStanding } from "./plan-standing.tsx";
import { PlanTabs, type Tab, toTab } from "./plan-tabs.tsx";
import { RawView } from "./raw-view.tsx";
import { ResumeDialog, useResumeRefusal } from "./resume-dialog.tsx";
import { StepDetail } from "./step-detail.tsx";
import { failedSteps, headName, nextOf, shortClass } from "./step-words.ts";
import { StepsTable } from "./steps-table.tsx";
import { SubPlansView } from "./sub-plans-view.tsx";
import type { HistoryOutput, PlanOutput, StepView } from "./types.ts";
import { useDynflowFold, usePlan } from "./use-plan.ts";
import "./plan.css";

/** One plan of one source: opens on the step that failed first, its error on screen. */
export function PlanPage({ source, planId }: { readonly source: string; readonly planId: string }) {
  const { plan, steps, history, refresh, standing } = usePlan(source, planId);
  const health = useDynflowFold(source, (fold) => fold.source);
  const down = health?.state === "down";
  const title = plan.data?.label ?? plan.data?.rootActionClass ?? null;
  return (
    <div className="page">
      <Crumbs
        path={[
          { text: "Plans", href: routes.plans() },
          { text: source, href: routes.plans({ source }) },
          {
            text: title === null ? shortId(planId) : `${headName(shortClass(title))} ${shortId(planId)}`,
            mono: title === null,
          },
        ]}
      />
      <PlanStanding standing={standing} />
      {!isDrawn(standing) ? null : plan.data === undefined ? (
        plan.error === null ? (
          <Skeleton rows={12} columns={4} what={`plan ${shortId(planId)}`} />
        ) : (
          <Failure
            title={`Cannot read plan ${shortId(planId)} of ${source}`}
            error={plan.error}
            since={down ? health.since : null}
            onRetry={() => plan.refetch()}
          />
        )
      ) : (
        <Stale
          stale={plan.error !== null || down}
          asOf={parseInstant(plan.data.asOf)}
          why={
            down
              ? (health.reason ?? `${source} does not answer`)
              : plan.error === null
                ? null
                : faultOf(plan.error).message
          }
        >
          <Faults faults={plan.data.faults} />
          <PlanDifference source={source} planId={planId}>
            <PlanBody
              source={source}
              plan={plan.data}
              steps={steps.data?.steps}
              unlisted={steps.data?.unlistedStepIds ?? []}
              stepsError={steps.error}
              history={history.data}
              refresh={refresh}
            />
          </PlanDifference>
        </Stale>
      )}
    </div>
  );
}

interface PlanBodyProps {
  readonly source: string;
  readonly plan: PlanOutput;
  readonly steps: readonly StepView[] | undefined;
  readonly unlisted: readonly number[];
  readonly stepsError: unknown;
  readonly history: HistoryOutput | undefined;
  readonly refresh: () => void;
}

function PlanBody({ source, plan, steps, unlisted, stepsError, history, refresh }: PlanBodyProps) {
  const { search, go } = useAddress();
  const past = useIsPast();
  const [resuming, setResuming] = useState(false);
  const acts = usePlanActs(source, plan, steps);
  const tab = toTab(search.get("tab"));
  const selected = selectedStep(search.get("step"), plan);
  const failures = useMemo(() => failedSteps(steps ?? [], flowOrder(plan)), [steps, plan]);
  const refusal = useResumeRefusal(plan);

  const at = (step: number | null, to: Tab = tab) =>
    routes.plan(source, plan.id, { step, tab: to === "flow" ? null : to });
  const select = (step: number) => go(at(step), { replace: true });
  const nextFailure = () => {
    const next = nextOf(failures, selected);
    if (next === null) return false;
    go(at(next, tab === "payload" ? tab : "flow"), { replace: true });
    return true;
  };
  const resume = () => {
    if (refusal !== null) return false;
    setResuming(true);
    return true;
  };
  useKeys(
    [
      { keys: "R", does: "resume the plan", run: resume },
      { keys: "N", does: "next failed step", run: nextFailure },
    ],
    { group: "Plan", enabled: !resuming && acts.open === null },
  );

  const detail =
    selected === null ? null : (
      <StepDetail
        source={source}
        planId={plan.id}
        stepId={selected}
        step={steps?.find((step) => step.id === selected)}
        failures={failures.length}
        onNextFailure={nextFailure}
      />
    );
  const counts = {
    steps: plan.stepCount,
    ...(history === undefined ? {} : { history: history.entries.length }),
    "sub-plans": plan.subPlanIds.length,
    locks: plan.locks.length,
  };
  return (
    <>
      <PlanHead
        source={source}
        plan={plan}
        steps={steps}
        refusal={refusal}
        onResume={resume}
        skipRefusal={acts.skipRefusal}
        onSkip={acts.skip}
        cancelRefusal={acts.cancelRefusal}
        onCancel={acts.cancel}
      />
      <PlanFacts source={source} plan={plan} />
      <Outcome source={source} target={plan.id} />
      <PlanTabs source={source} planId={plan.id} step={stepInUrl(search.get("step"))} tab={tab} counts={counts} />
      <div className="tab-body">
        {steps === undefined && (tab === "flow" || tab === "steps") ? (
          stepsError === null ? (
            <Skeleton rows={8} columns={4} what="steps" />
          ) : (
            <Failure title="Cannot read its steps" error={stepsError} onRetry={refresh} />
          )
        ) : (
          <>
            {tab === "flow" && (
              <FlowTab plan={plan} steps={steps ?? []} history={history} selected={selected} onSelect={select}>
                {detail}
              </FlowTab>
            )}
            {tab === "steps" && (
              <StepsTable
                source={source}
                planId={plan.id}
                steps={steps ?? []}
                unlisted={unlisted}
                selected={selected}
              />
            )}
            {tab === "payload" && <div className="one">{detail ?? <NothingSelected />}</div>}
            {tab === "history" &&
              (history === undefined ? (
                <Skeleton rows={4} what="history" />
              ) : (
                <HistoryView source={source} planId={plan.id} history={history} />
              ))}
            {tab === "seen" && (
              <HistorySection thing={{ type: "plan", source, id: plan.id }} what={`plan ${shortId(plan.id)}`} />
            )}
            {tab === "sub-plans" &&
              (past ? (
                <OnlyNow>Its sub-plans: the database tells of them as they are now.</OnlyNow>
              ) : (
                <SubPlansView source={source} plan={plan} />
              ))}
            {tab === "locks" && <LocksView source={source} locks={plan.locks} />}
            {tab === "lifecycle" && (
              <Section title="Life of this plan">
                <PlanLifecycle state={plan.state} history={history?.entries.map((entry) => entry.name) ?? []} />
              </Section>
            )}
            {tab === "raw" && <RawView value={{ plan, steps }} />}
          </>
        )}
      </div>
      <PlanActDialogs
        source={source}
        plan={plan}
        steps={steps}
        open={acts.open}
        onClose={acts.close}
        onDone={refresh}
      />
      {resuming && (
        <ResumeDialog
          source={source}
          plan={plan}
          steps={steps}
          onClose={() => setResuming(false)}
          onDone={() => {
            setResuming(false);
            // The step that failed stays in view while it runs again.
            if (selected !== null) select(selected);
            refresh();
          }}
        />
      )}
    </>
  );
}

function NothingSelected() {
  return <Empty title="No step is selected.">Press one in the flow or in the table of steps.</Empty>;
}

function stepInUrl(text: string | null): number | null {
  const step = text === null ? Number.NaN : Number(text);
  return Number.isInteger(step) && step >= 0 ? step : null;
}

/** The one asked for, else the one that failed first. */
const selectedStep = (text: string | null, plan: PlanOutput): number | null =>
  stepInUrl(text) ?? plan.firstFailedStepId;

function flowOrder({ runFlow, finalizeFlow }: PlanOutput): readonly number[] {
  return [runFlow, finalizeFlow].flatMap((flow) => ("kind" in flow ? stepIdsOf(flow) : []));
}
