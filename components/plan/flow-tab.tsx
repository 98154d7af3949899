"use client";
import { useMemo } from "react";
import { formatBytes, parseInstant, plural } from "#components/ui/format.ts";
import { Section } from "#components/ui/section.tsx";
import { Empty } from "#components/ui/widget.tsx";
import { stepIdsOf } from "#server/contract/view/plan-flow.ts";
import { FlowView } from "./flow-view.tsx";
import { isOver } from "./step-words.ts";
import { pausesOf } from "./timeline.ts";
import { TimelineView } from "./timeline-view.tsx";
import type { HistoryOutput, PlanOutput, StepView } from "./types.ts";

interface FlowTabProps {
  readonly plan: PlanOutput;
  readonly steps: readonly StepView[];
  readonly history: HistoryOutput | undefined;
  readonly selected: number | null;
  readonly onSelect: (stepId: number) => void;
  /** The selected step; `null` when none is. */
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
  const runIsOver = useMemo(() => idsOf(plan.runFlow).every((id) => isOver(byId.get(id))), [plan.runFlow, byId]);
  return (
    <div className={children === null ? "two alone" : "two"}>
      <div className="two-main">
        <section aria-label="Flows">
          <Flow title="Run flow" flow={plan.runFlow} entered {...drawn}>
            <Empty title="Nothing runs in it.">
              {plan.state === "scheduled" || plan.state === "pending" || plan.state === "planning"
                ? "Its steps are laid out when it is planned."
                : "It was planned without run steps."}
            </Empty>
          </Flow>
          {!isEmpty(plan.finalizeFlow) && (
            <>
              <p className="flow-note small t3">finalize, in this order, after the run flow</p>
              <Flow title="Finalize flow" flow={plan.finalizeFlow} entered={runIsOver} {...drawn}>
                {null}
              </Flow>
            </>
          )}
          <p className="flow-note small t3">
            solid = passed, dashed = not reached, one below the other = at the same time
            {children === null && ". Press a step, or an arrow key in the flow, to see its action."}
          </p>
        </section>
        {begun && (
          <Section title="Timeline" note="what ran; idle time folded" aside={plural(steps.length, "step")}>
            <TimelineView steps={steps} pauses={pauses} selected={selected} onSelect={onSelect} />
          </Section>
        )}
      </div>
      {children !== null && <div className="two-side">{children}</div>}
    </div>
  );
}

type AnyFlow = PlanOutput["runFlow"];

const idsOf = (flow: AnyFlow): readonly number[] => ("kind" in flow ? stepIdsOf(flow) : []);
const isEmpty = (flow: AnyFlow): boolean => "kind" in flow && stepIdsOf(flow).length === 0;

interface FlowProps {
  readonly title: string;
  readonly flow: AnyFlow;
  readonly entered: boolean;
  readonly steps: ReadonlyMap<number, StepView>;
  readonly selected: number | null;
  readonly onSelect: (stepId: number) => void;
  /** Shown when there is nothing in it. */
  readonly children: React.ReactNode;
}

function Flow({ title, flow, entered, steps, selected, onSelect, children }: FlowProps) {
  if (!("kind" in flow))
    return (
      <p className="small t2 wrap">
        The {title.toLowerCase()} could not be decoded: <bdi>{flow.unreadable}</bdi> ({formatBytes(flow.bytes)}). Its
        steps are in the Steps tab.
      </p>
    );
  if (isEmpty(flow)) return children;
  return <FlowView title={title} flow={flow} entered={entered} steps={steps} selected={selected} onSelect={onSelect} />;
}
