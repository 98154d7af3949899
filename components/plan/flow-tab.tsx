"use client";
import { useMemo } from "react";
import { formatBytes, parseInstant } from "#components/ui/format.ts";
import { Link } from "#components/ui/link.tsx";
import { onDemand } from "#components/ui/on-demand.tsx";
import { routes } from "#components/ui/routes.ts";
import { Section } from "#components/ui/section.tsx";
import { Empty } from "#components/ui/widget.tsx";
import { criticalPath } from "#server/contract/view/critical-path.ts";
import { FLOW_MEASURES, type FlowTree, layoutFlow, stepIdsOf } from "#server/contract/view/plan-flow.ts";
import { foldFlow } from "#server/contract/view/plan-flow-fold.ts";
import { FlowBar } from "./flow-bar.tsx";
import { clampScale } from "./flow-moves.ts";
import { criticalWords, stepTimeMs } from "./flow-scene.ts";
import { FlowView } from "./flow-view.tsx";
import { isOver, shortClass } from "./step-words.ts";
import { TimelineView } from "./timeline-view.tsx";
import type { HistoryOutput, PlanOutput, StepView } from "./types.ts";
import { type FlowTools, useFlowTools } from "./use-flow-tools.ts";

const FlowMermaid = onDemand(async () => (await import("./flow-mermaid.tsx")).FlowMermaid);

interface FlowTabProps {
  readonly source: string;
  readonly plan: PlanOutput;
  readonly steps: readonly StepView[];
  readonly history: HistoryOutput | undefined;
  readonly selected: number | null;
  readonly onSelect: (stepId: number) => void;
  /** The selected step; `null` when none is. */
  readonly children: React.ReactNode;
}

/** Run flow and finalize flow at the left, the selected step at the right; on a phone the step first. */
export function FlowTab({ source, plan, steps, history, selected, onSelect, children }: FlowTabProps) {
  const byId = useMemo(() => new Map(steps.map((step) => [step.id, step])), [steps]);
  const run = treeOf(plan.runFlow);
  const finalize = treeOf(plan.finalizeFlow);
  const order = useMemo(
    () => [run, finalize].flatMap((flow) => (flow === null ? [] : stepIdsOf(flow))),
    [run, finalize],
  );
  const tools = useFlowTools({ planId: plan.id, order, steps: byId, selected, onSelect });
  const path = useCriticalPath({ flows: [run, finalize], steps: byId, shown: tools.critical, plan });
  const hits = useMemo(() => new Set(tools.hits), [tools.hits]);
  const runIsOver = useMemo(() => idsOf(run).every((id) => isOver(byId.get(id))), [run, byId]);
  const unfolded = [...tools.open].flatMap((key) => {
    const step = byId.get(key);
    return step === undefined ? [] : [{ key, name: shortClass(step.actionClass) }];
  });
  const onFit = () => tools.setScale(fitting(run, byId, tools.open));
  const drawn = { steps: byId, selected, onSelect, hits, critical: path.stepIds, tools };
  return (
    <div className={children === null ? "two alone" : "two"}>
      <div className="two-main">
        <section aria-label="Flows" className="flows">
          {order.length > 0 && (
            <FlowBar
              tools={tools}
              criticalWords={tools.critical ? criticalWords(path.totalMs, path.stepIds.length) : null}
              unfolded={unfolded}
              onFit={onFit}
            />
          )}
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
          {order.length > 0 && tools.as === "drawing" && (
            <p className="flow-note small t3">
              solid = passed, dashed = not reached, one below the other = at the same time
              {tools.critical && ", thick = critical path"}
              {children === null && ". Press a step, or an arrow key in the flow, to see its action."}
            </p>
          )}
        </section>
        {steps.length <= TIMELINE_STEPS_MAX && steps.some((step) => step.startedAt !== null) && (
          <Section
            title="Timeline"
            note="what ran; idle time folded"
            aside={
              <Link href={routes.plan(source, plan.id, { step: selected, tab: "timeline" })} scroll={false}>
                By queue, by world
              </Link>
            }
          >
            <TimelineView
              source={source}
              plan={plan}
              steps={steps}
              history={history}
              selected={selected}
              onSelect={onSelect}
              compact
            />
          </Section>
        )}
      </div>
      {children !== null && <div className="two-side">{children}</div>}
    </div>
  );
}

/** Of a larger plan the timeline has a page of its own only. */
const TIMELINE_STEPS_MAX = 120;

type AnyFlow = PlanOutput["runFlow"];

const treeOf = (flow: AnyFlow): FlowTree | null => ("kind" in flow ? flow : null);
const idsOf = (flow: FlowTree | null): readonly number[] => (flow === null ? [] : stepIdsOf(flow));
const isEmpty = (flow: AnyFlow): boolean => "kind" in flow && stepIdsOf(flow).length === 0;

interface CriticalInput {
  readonly flows: readonly (FlowTree | null)[];
  readonly steps: ReadonlyMap<number, StepView>;
  readonly shown: boolean;
  readonly plan: PlanOutput;
}

const NO_PATH = { stepIds: [], totalMs: 0 } as const;

/** Through run and finalize flow, which follow each other. */
function useCriticalPath({ flows, steps, shown, plan }: CriticalInput) {
  const [run, finalize] = flows;
  // As old as what is shown: a chain that changed with each second could not be read.
  const nowMs = plan.state === "stopped" ? null : parseInstant(plan.asOf);
  return useMemo(() => {
    if (!shown) return NO_PATH;
    const both: FlowTree = { kind: "sequence", flows: [run, finalize].flatMap((flow) => flow ?? []) };
    return criticalPath(both, (id) => stepTimeMs(steps.get(id), nowMs));
  }, [shown, run, finalize, steps, nowMs]);
}

/** Share of the window's height that a flow takes at most, as its box does. */
const BOX_SHARE = 0.56;
const BOX_WIDTH_GUESS = 900;

/** The scale at which all of the run flow is in view. */
function fitting(flow: FlowTree | null, steps: ReadonlyMap<number, StepView>, open: ReadonlySet<number>): number {
  if (flow === null) return 1;
  const folded = foldFlow(flow, {
    classOf: (id) => steps.get(id)?.actionClass ?? "",
    standsOut: (id) => steps.get(id)?.state === "error",
    open,
  });
  const { width, height } = layoutFlow(folded ?? flow, { isOver: () => false });
  const room = document.querySelector(".flow-box")?.getBoundingClientRect().width ?? BOX_WIDTH_GUESS;
  const across = room / (width + 4);
  const down = (window.innerHeight * BOX_SHARE) / (height + FLOW_MEASURES.rowHeight);
  return clampScale(Math.min(1, across, down));
}

interface FlowProps {
  readonly title: string;
  readonly flow: AnyFlow;
  readonly entered: boolean;
  readonly steps: ReadonlyMap<number, StepView>;
  readonly selected: number | null;
  readonly onSelect: (stepId: number) => void;
  readonly hits: ReadonlySet<number>;
  readonly critical: readonly number[];
  readonly tools: FlowTools;
  /** Shown when there is nothing in it. */
  readonly children: React.ReactNode;
}

function Flow({ title, flow, tools, children, ...drawn }: FlowProps) {
  if (!("kind" in flow))
    return (
      <p className="small t2 wrap">
        The {title.toLowerCase()} could not be decoded: <bdi>{flow.unreadable}</bdi> ({formatBytes(flow.bytes)}). Its
        steps are in the Steps tab.
      </p>
    );
  if (isEmpty(flow)) return children;
  if (tools.as === "mermaid") return <FlowMermaid title={title} flow={flow} {...drawn} />;
  return (
    <FlowView
      title={title}
      flow={flow}
      {...drawn}
      open={tools.open}
      onOpen={tools.unfold}
      scale={tools.scale}
      onScale={tools.setScale}
    />
  );
}
