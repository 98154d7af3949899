"use client";
import { HistorySection } from "#components/history/history-section.tsx";
import { PlanLifecycle } from "#components/lifecycle/plan-lifecycle.tsx";
import { shortId } from "#components/ui/format.ts";
import { useIsPast } from "#components/ui/instants.ts";
import { OnlyNow } from "#components/ui/not-known.tsx";
import { onDemand } from "#components/ui/on-demand.tsx";
import { Section } from "#components/ui/section.tsx";
import { Empty, Failure, Skeleton } from "#components/ui/widget.tsx";
import { toStepPhase } from "#server/contract/diagram/step-lifecycle.ts";
import { unreachable } from "#server/kernel/errors.ts";
import { FlowTab } from "./flow-tab.tsx";
import { HistoryView } from "./history-view.tsx";
import { LocksView } from "./locks-view.tsx";
import type { Tab } from "./plan-tabs.tsx";
import { StepsTable } from "./steps-table.tsx";
import type { HistoryOutput, PlanOutput, StepView } from "./types.ts";

const TimelineView = onDemand(async () => (await import("./timeline-view.tsx")).TimelineView);
const DelayedView = onDemand(async () => (await import("./delayed-view.tsx")).DelayedView);
const DependenciesView = onDemand(async () => (await import("./dependencies-view.tsx")).DependenciesView);
const FinalizeView = onDemand(async () => (await import("./finalize-view.tsx")).FinalizeView);
const PlanPhaseView = onDemand(async () => (await import("./plan-phase-view.tsx")).PlanPhaseView);
const RawView = onDemand(async () => (await import("./raw-view.tsx")).RawView);
const CompareView = onDemand(async () => (await import("./compare-view.tsx")).CompareView);
const Conversation = onDemand(async () => (await import("#components/lifecycle/conversation.tsx")).Conversation);
const StepLifecycle = onDemand(async () => (await import("#components/lifecycle/step-lifecycle.tsx")).StepLifecycle);
const SubPlansView = onDemand(async () => (await import("./sub-plans-view.tsx")).SubPlansView);

export interface PlanTabBodyProps {
  readonly tab: Tab;
  readonly source: string;
  readonly plan: PlanOutput;
  /** `undefined` = nothing was read yet. */
  readonly steps: readonly StepView[] | undefined;
  readonly unlisted: readonly number[];
  readonly stepsError: unknown;
  readonly history: HistoryOutput | undefined;
  readonly selected: number | null;
  readonly onSelect: (stepId: number) => void;
  readonly refresh: () => void;
  /** The selected step; `null` when none is. */
  readonly detail: React.ReactNode;
}

/** These draw nothing without steps. */
const OF_STEPS: ReadonlySet<Tab> = new Set(["flow", "timeline", "steps", "plan-phase", "finalize"]);

/** The part of the page that is open. */
export function PlanTabBody(props: PlanTabBodyProps) {
  const { tab, steps, stepsError, refresh } = props;
  if (steps !== undefined || !OF_STEPS.has(tab)) return <Part {...props} steps={steps ?? []} />;
  return stepsError === null ? (
    <Skeleton rows={8} columns={4} what="steps" />
  ) : (
    <Failure title="Cannot read its steps" error={stepsError} onRetry={refresh} />
  );
}

function Part(props: PlanTabBodyProps & { readonly steps: readonly StepView[] }) {
  const { tab, source, plan, steps, unlisted, history, selected, onSelect, detail } = props;
  const past = useIsPast();
  switch (tab) {
    case "flow":
      return (
        <FlowTab source={source} plan={plan} steps={steps} history={history} selected={selected} onSelect={onSelect}>
          {detail}
        </FlowTab>
      );
    case "timeline":
      return (
        <div className={detail === null ? "two alone" : "two of-time"}>
          <div className="two-main">
            <TimelineView
              source={source}
              plan={plan}
              steps={steps}
              history={history}
              selected={selected}
              onSelect={onSelect}
            />
          </div>
          {detail !== null && <div className="two-side">{detail}</div>}
        </div>
      );
    case "steps":
      return (
        <StepsTable
          source={source}
          planId={plan.id}
          steps={steps}
          unlisted={unlisted}
          selected={selected}
          total={plan.stepCount}
        />
      );
    case "plan-phase":
      return (
        <PlanPhaseView source={source} plan={plan} steps={steps} selected={selected} onSelect={onSelect}>
          {detail}
        </PlanPhaseView>
      );
    case "finalize":
      return (
        <FinalizeView source={source} plan={plan} steps={steps} selected={selected} onSelect={onSelect}>
          {detail}
        </FinalizeView>
      );
    case "dependencies":
      if (past) return <OnlyNow>What it waited for: the database tells of dependencies as they are now.</OnlyNow>;
      return <DependenciesView source={source} plan={plan} />;
    case "delayed":
      if (past) return <OnlyNow>Its delay: the database tells of it as it is now.</OnlyNow>;
      return <DelayedView source={source} plan={plan} />;
    case "sub-plans":
      if (past) return <OnlyNow>Its sub-plans: the database tells of them as they are now.</OnlyNow>;
      return <SubPlansView source={source} plan={plan} />;
    case "payload":
      return <div className="one">{detail ?? <NothingSelected />}</div>;
    case "history":
      if (history === undefined) return <Skeleton rows={4} what="history" />;
      return <HistoryView source={source} planId={plan.id} history={history} locks={plan.locks} />;
    case "seen":
      return <HistorySection thing={{ type: "plan", source, id: plan.id }} what={`plan ${shortId(plan.id)}`} />;
    case "locks":
      return <LocksView source={source} locks={plan.locks} />;
    case "conversation":
      if (history === undefined) return <Skeleton rows={6} what="history" />;
      return (
        <Section title="Conversation of its execution">
          <Conversation source={source} plan={plan} history={history} />
        </Section>
      );
    case "lifecycle":
      return (
        <Section title="Life of this plan">
          <PlanLifecycle state={plan.state} history={history?.entries.map((entry) => entry.name) ?? []} />
          <StepLife step={steps.find(({ id }) => id === selected) ?? null} />
        </Section>
      );
    case "raw":
      if (past) return <OnlyNow>Its rows: the database holds them as they are now.</OnlyNow>;
      return (
        <RawView
          source={source}
          planId={plan.id}
          step={steps.find(({ id }) => id === selected) ?? null}
          delayed={plan.delayed !== null}
        />
      );
    case "compare":
      if (past) return <OnlyNow>Other runs: the database tells of them as they are now.</OnlyNow>;
      return <CompareView source={source} planId={plan.id} />;
    default:
      return unreachable(tab);
  }
}

/** Under the life of the plan: that of the selected step, or of run steps in general. */
function StepLife({ step }: { readonly step: StepView | null }) {
  const phase = toStepPhase(step?.phase ?? "run");
  if (phase === null) return null;
  return (
    <>
      <h3 className="med">{step === null ? "Life of a run step" : `Life of step ${step.id}, a ${phase} step`}</h3>
      <StepLifecycle phase={phase} state={step?.state ?? null} />
    </>
  );
}

function NothingSelected() {
  return <Empty title="No step is selected.">Press one in the flow or in the table of steps.</Empty>;
}
