"use client";
import { memo, useEffect, useMemo } from "react";
import { useChanged } from "#components/time-travel/changed.ts";
import { GlyphAt } from "#components/ui/glyph.tsx";
import { useNow } from "#components/ui/live.ts";
import {
  FLOW_MEASURES,
  type FlowTree,
  layoutFlow,
  type PlacedLine,
  type PlacedStep,
  visibleFlow,
} from "#server/contract/view/plan-flow.ts";
import { lookOf } from "#server/kernel/states.ts";
import { headName, isOver, shortClass, stepLine } from "./step-words.ts";
import type { StepView } from "./types.ts";
import { useViewport } from "./use-viewport.ts";

const TOP = 22;
/** Of the last row nothing is drawn in so much of its lower end. */
const BELOW = 16;
const NAME_MAX = 17;
/** Bold words are wider. */
const BOLD_NAME_MAX = 16;
const { cellWidth, rowHeight, lead } = FLOW_MEASURES;

interface FlowViewProps {
  /** `Run flow`: said by screen readers. */
  readonly title: string;
  readonly flow: FlowTree;
  /** Whether what comes before it is over. */
  readonly entered: boolean;
  readonly steps: ReadonlyMap<number, StepView>;
  readonly selected: number | null;
  readonly onSelect: (stepId: number) => void;
}

/** A flow drawn as lines and marks; only what can be seen is in the page, so 10,000 steps scroll like ten. */
export function FlowView({ title, flow, entered, steps, selected, onSelect }: FlowViewProps) {
  const [box, view] = useViewport<HTMLDivElement>();
  const layout = useMemo(
    () => layoutFlow(flow, { isOver: (id) => isOver(steps.get(id)), entered, top: TOP }),
    [flow, steps, entered],
  );
  const changed = useChanged();
  const seen = useMemo(() => visibleFlow(layout, view), [layout, view]);
  const width = layout.width + 4;
  const height = layout.height + TOP - BELOW;
  const left = Math.max(0, view.x);
  const top = Math.max(0, view.y);
  const shown = {
    width: Math.max(0, Math.min(width, view.x + view.width) - left),
    height: Math.max(0, Math.min(height, view.y + view.height) - top),
  };

  const place = layout.steps.find((step) => step.stepId === selected);
  const [toX, toY] = [place?.x, place?.y];
  useEffect(() => {
    const element = box.current;
    if (element === null || toX === undefined || toY === undefined) return;
    const inside =
      toX - lead >= element.scrollLeft &&
      toX + cellWidth - lead <= element.scrollLeft + element.clientWidth &&
      toY - TOP >= element.scrollTop &&
      toY + rowHeight - TOP <= element.scrollTop + element.clientHeight;
    if (!inside)
      element.scrollTo({ left: toX - element.clientWidth / 2, top: toY - element.clientHeight / 2 + rowHeight / 2 });
  }, [box, toX, toY]);

  const move = (by: number) => {
    const at = layout.steps.findIndex((step) => step.stepId === selected);
    const next = layout.steps[Math.min(layout.steps.length - 1, Math.max(0, at + by))];
    if (next !== undefined) onSelect(next.stepId);
  };
  const failed = layout.steps.filter(({ stepId }) => steps.get(stepId)?.state === "error").length;
  return (
    // biome-ignore lint/a11y/useSemanticElements: a group of marks that arrow keys move through, not a set of fields
    <div
      ref={box}
      className="flow-box"
      role="group"
      // biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls, and arrow keys move through its steps
      tabIndex={0}
      aria-label={`${title}: ${layout.steps.length} steps, ${failed} failed. Arrow keys move between steps; the Steps tab is its table.`}
      onKeyDown={(event) => {
        const by = MOVES[event.key];
        if (by === undefined || layout.steps.length === 0) return;
        event.preventDefault();
        move(by);
      }}
      onClick={(event) => {
        const mark = event.target instanceof Element ? event.target.closest("[data-step]") : null;
        const id = mark?.getAttribute("data-step");
        if (id !== null && id !== undefined) onSelect(Number(id));
      }}
    >
      <div className="flow-ground" style={{ width, height }}>
        <svg
          className="flow"
          aria-hidden="true"
          style={{ left, top }}
          width={shown.width}
          height={shown.height}
          viewBox={`${left} ${top} ${shown.width} ${shown.height}`}
        >
          {seen.lines.map((line) => (
            <Line key={`${line.x1} ${line.y1} ${line.x2} ${line.y2}`} line={line} />
          ))}
          {seen.steps.map((placed) => (
            <Step
              key={placed.stepId}
              placed={placed}
              step={steps.get(placed.stepId)}
              selected={placed.stepId === selected}
              changed={changed.has(String(placed.stepId))}
            />
          ))}
        </svg>
      </div>
    </div>
  );
}

const MOVES: Readonly<Record<string, number>> = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 };

const Line = memo(function Line({ line: { x1, y1, x2, y2, passed } }: { readonly line: PlacedLine }) {
  return <line x1={x1} y1={y1} x2={x2} y2={y2} className={passed ? "passed" : "ahead"} />;
});

interface StepProps {
  readonly placed: PlacedStep;
  readonly step: StepView | undefined;
  readonly selected: boolean;
  /** It differs from the instant that is compared with. */
  readonly changed: boolean;
}

/** One step: mark on the line, number above, name and time below. Scrolling does not draw it again. */
const Step = memo(function Step({ placed: { stepId, x, y }, step, selected, changed }: StepProps) {
  const state = step?.state ?? "unknown";
  const { tone, shape } = lookOf("step", state);
  const failed = state === "error";
  const nameMax = failed ? BOLD_NAME_MAX : NAME_MAX;
  const name = step === undefined ? "no row" : shortClass(step.actionClass);
  return (
    <g className={`stp${failed ? " f" : ""}${selected ? " sel" : ""}`} data-step={stepId}>
      <rect x={x - 11} y={y - 17} width={cellWidth - 3} height={rowHeight - 2} className="hit" />
      <circle cx={x} cy={y} r="8" className="bg" />
      {changed && <circle cx={x} cy={y} r="9.5" className="changed" />}
      <GlyphAt tone={tone} shape={shape} x={x} y={y} />
      <text x={x + 10} y={y - 5} className="id">
        {stepId}
      </text>
      <text x={x - 5} y={y + 18} className={state === "pending" ? "nm p" : "nm"}>
        {name.length > nameMax ? `${name.slice(0, nameMax - 1)}…` : name}
      </text>
      <text x={x - 5} y={y + 30} className="du">
        {step === undefined ? "not in the database" : <StepLine step={step} />}
      </text>
      <title>
        {step === undefined
          ? `Step ${stepId}`
          : `${stepId} ${headName(step.actionClass)}, ${state}${changed ? ", differs" : ""}`}
      </title>
    </g>
  );
});

/** Only a running step ticks. */
function StepLine({ step }: { readonly step: StepView }) {
  return step.state === "running" ? <RunningLine step={step} /> : stepLine(step, null);
}
function RunningLine({ step }: { readonly step: StepView }) {
  return stepLine(step, useNow());
}
