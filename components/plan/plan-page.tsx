"use client";
import { useMemo } from "react";
import { RelatedSection } from "#components/related/related-section.tsx";
import { useAddress } from "#components/ui/address.ts";
import { faultOf } from "#components/ui/fault.ts";
import { parseInstant, shortId } from "#components/ui/format.ts";
import { useIsPast } from "#components/ui/instants.ts";
import { useKeys } from "#components/ui/keys.tsx";
import { routes } from "#components/ui/routes.ts";
import { Failure, Faults, Skeleton, Stale } from "#components/ui/widget.tsx";
import { stepIdsOf } from "#server/contract/view/plan-flow.ts";
import { Outcome } from "./outcome.tsx";
import { PlanActDialogs, usePlanActs } from "./plan-acts.tsx";
import { PlanCrumbs } from "./plan-crumbs.tsx";
import { PlanDeleted, useDeletedAt } from "./plan-deleted.tsx";
import { PlanDifference } from "./plan-diff.tsx";
import { PlanFacts } from "./plan-facts.tsx";
import { PlanHead } from "./plan-head.tsx";
import { isDrawn, PlanStanding } from "./plan-standing.tsx";
import { PlanTabBody } from "./plan-tab-body.tsx";
import { PlanTabs, type Tab, toTab } from "./plan-tabs.tsx";
import { StepDetail } from "./step-detail.tsx";
import { failedSteps, nextOf } from "./step-words.ts";
import { hiddenTabs, tabCounts } from "./tab-counts.ts";
import type { HistoryOutput, PlanOutput, StepView } from "./types.ts";
import { useDynflowFold, usePlan } from "./use-plan.ts";
import "./plan.css";

/** One plan of one source: opens on the step that failed first, its error on screen. */
export function PlanPage({ source, planId }: { readonly source: string; readonly planId: string }) {
  const { plan, steps, history, refresh, standing } = usePlan(source, planId);
  const health = useDynflowFold(source, (fold) => fold.source);
  const down = health?.state === "down";
  const deletedAt = useDeletedAt(plan);
  const asOf = parseInstant(plan.data?.asOf ?? null);
  return (
    <div className="page">
      <PlanCrumbs source={source} planId={planId} plan={plan.data} />
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
          stale={deletedAt === null && (plan.error !== null || down)}
          asOf={asOf}
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
            <PlanDeleted source={source} asOf={asOf} at={deletedAt}>
              <PlanBody
                source={source}
                plan={plan.data}
                steps={steps.data?.steps}
                unlisted={steps.data?.unlistedStepIds ?? []}
                complete={steps.data?.complete === true}
                stepsError={steps.error}
                history={history.data}
                refresh={refresh}
              />
            </PlanDeleted>
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
  /** All steps are here. */
  readonly complete: boolean;
  readonly stepsError: unknown;
  readonly history: HistoryOutput | undefined;
  readonly refresh: () => void;
}

function PlanBody({ source, plan, steps, unlisted, complete, stepsError, history, refresh }: PlanBodyProps) {
  const { search, go } = useAddress();
  const past = useIsPast();
  const tab = toTab(search.get("tab"));
  const selected = selectedStep(search.get("step"), plan);
  const failures = useMemo(() => failedSteps(steps ?? [], flowOrder(plan)), [steps, plan]);
  const acts = usePlanActs(plan, steps, selected);

  const at = (step: number | null, to: Tab = tab) =>
    routes.plan(source, plan.id, { step, tab: to === "flow" ? null : to });
  const select = (step: number) => go(at(step), { replace: true });
  const nextFailure = () => {
    const next = nextOf(failures, selected);
    if (next === null) return false;
    go(at(next, tab === "payload" ? tab : "flow"), { replace: true });
    return true;
  };
  useKeys([{ keys: "N", does: "next failed step", run: nextFailure }], {
    group: "Plan",
    enabled: acts.open === null && !acts.menu,
  });

  const detail =
    selected === null ? null : (
      <StepDetail
        source={source}
        planId={plan.id}
        stepId={selected}
        step={steps?.find((step) => step.id === selected)}
        failures={failures.length}
        onNextFailure={nextFailure}
        acts={acts.entries}
      />
    );
  const all = complete ? steps : undefined;
  const counts = useMemo(() => tabCounts(plan, all, history, past), [plan, all, history, past]);
  return (
    <>
      <PlanHead source={source} plan={plan} steps={all} acts={acts.entries} menu={acts.menu} onMenu={acts.setMenu} />
      <PlanFacts source={source} plan={plan} />
      <Outcome source={source} target={plan.id} />
      <PlanTabs
        source={source}
        planId={plan.id}
        step={stepInUrl(search.get("step"))}
        tab={tab}
        counts={counts}
        hidden={hiddenTabs(plan)}
      />
      <div className="tab-body">
        <PlanTabBody
          tab={tab}
          source={source}
          plan={plan}
          steps={steps}
          unlisted={unlisted}
          stepsError={stepsError}
          history={history}
          selected={selected}
          onSelect={select}
          refresh={refresh}
          detail={detail}
        />
      </div>
      <RelatedSection thing={{ kind: "plan", source, id: plan.id }} />
      <PlanActDialogs
        source={source}
        plan={plan}
        steps={steps}
        step={acts.step}
        open={acts.open}
        onClose={acts.close}
        onDone={() => {
          // The step that failed stays in view while it runs again.
          if (acts.open === "resume" && selected !== null) select(selected);
          refresh();
        }}
      />
    </>
  );
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
