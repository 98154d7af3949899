"use client";
import { useMemo } from "react";
import { formatBytes, parseInstant, plural } from "#components/ui/format.ts";
import { Section } from "#components/ui/section.tsx";
import { Empty } from "#components/ui/widget.tsx";
import { stepIdsOf } from "#server/contract/view/plan-flow.ts";
import { FlowView } from "./flow-view.tsx";
import { pausesOf } from "./timeline.ts";
import { TimelineView } from "./timeline-view.tsx";
import type { HistoryOutput, PlanOutput, StepView } from "./types.ts";

interface FlowTabProps {
  readonly plan: PlanOutput;
  readonly steps: readonly StepView[];
  readonly history: HistoryOutput | undefined;
  readonly selected: number | null;
  readonly onSelect: (stepId: number) => void;
  /** The selected step. */
  readonly children: React.ReactNode;
}

/** Run flow, finalize flow and timeline at the left, the selected step at the right; on a phone the step first. */
export function FlowTab({ plan, steps, history, selected, onSelect, children }: FlowTabProps) {
  const byId = useMemo(() => new Map(steps.map((step) => [step.id, step])), [steps]);
  const pauses = useMemo(
    () =>
      pausesOf(
        (history?.entries ?? []).flatMap(({ at, name }) => {
          const atMs = parseInstant(at);
          return atMs === null ? [] : [{ atMs, name }];
        }),
      ),
    [history],
  );
  const drawn = { steps: byId, selected, onSelect };
  const begun = steps.some((step) => step.startedAt !== null);
  return (
    <div className="two">
      <div className="two-main">
        <section aria-label="Flows">
          <Flow title="Run flow" flow={plan.runFlow} {...drawn}>
            <Empty title="Nothing runs in it.">
              {plan.state === "scheduled" || plan.state === "pending" || plan.state === "planning"
                ? "Its steps are laid out when it is planned."
                : "It was planned without run steps."}
            </Empty>
          </Flow>
          {!isEmpty(plan.finalizeFlow) && (
            <>
              <p className="flow-note small t3">finalize, in this order, after the run flow</p>
              <Flow title="Finalize flow" flow={plan.finalizeFlow} {...drawn}>
                {null}
              </Flow>
            </>
          )}
          <p className="flow-note small t3">solid = passed, dashed = not reached, side by side = at the same time</p>
        </section>
        {begun && (
          <Section title="Timeline" note="what ran; idle time folded" aside={plural(steps.length, "step")}>
            <TimelineView steps={steps} pauses={pauses} selected={selected} onSelect={onSelect} />
          </Section>
        )}
      </div>
      <div className="two-side">{children}</div>
    </div>
  );
}

type AnyFlow = PlanOutput["runFlow"];

const isEmpty = (flow: AnyFlow): boolean => "kind" in flow && stepIdsOf(flow).length === 0;

interface FlowProps {
  readonly title: string;
  readonly flow: AnyFlow;
  readonly steps: ReadonlyMap<number, StepView>;
  readonly selected: number | null;
  readonly onSelect: (stepId: number) => void;
  /** Shown when there is nothing in it. */
  readonly children: React.ReactNode;
}

function Flow({ title, flow, steps, selected, onSelect, children }: FlowProps) {
  if (!("kind" in flow))
    return (
      <p className="small t2 wrap">
        The {title.toLowerCase()} could not be decoded: <bdi>{flow.unreadable}</bdi> ({formatBytes(flow.bytes)}). Its
        steps are in the Steps tab.
      </p>
    );
  if (isEmpty(flow)) return children;
  return <FlowView title={title} flow={flow} steps={steps} selected={selected} onSelect={onSelect} />;
}
