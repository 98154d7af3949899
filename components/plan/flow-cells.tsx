"use client";
import { memo } from "react";
import { GlyphAt } from "#components/ui/glyph.tsx";
import { useNow } from "#components/ui/live.ts";
import { FLOW_MEASURES, type PlacedFold, type PlacedLine, type PlacedStep } from "#server/contract/view/plan-flow.ts";
import { type FoldWords, markOf, progressOf } from "./flow-scene.ts";
import { headName, shortClass, stepLine } from "./step-words.ts";
import type { StepView } from "./types.ts";

const NAME_MAX = 17;
/** Bold words are wider. */
const BOLD_NAME_MAX = 16;
const FOLD_NAME_MAX = 34;
const FOLD_COUNTS_MAX = 40;
const FOLD_BAR_WIDTH = 176;
const { cellWidth, foldWidth, rowHeight } = FLOW_MEASURES;
const RING_RADIUS = 8;
const RING_LENGTH = 2 * Math.PI * RING_RADIUS;

export const Line = memo(function Line({ line: { x1, y1, x2, y2, passed } }: { readonly line: PlacedLine }) {
  return <line x1={x1} y1={y1} x2={x2} y2={y2} className={passed ? "passed" : "ahead"} />;
});

interface StepProps {
  readonly placed: PlacedStep;
  readonly step: StepView | undefined;
  readonly selected: boolean;
  /** A search found it. */
  readonly hit: boolean;
  /** On the critical path. */
  readonly critical: boolean;
  /** It differs from the instant that is compared with. */
  readonly changed: boolean;
}

/** One step: mark on the line, number above, name and time below. Scrolling does not draw it again. */
export const Step = memo(function Step({ placed, step, selected, hit, critical, changed }: StepProps) {
  const { stepId, x, y } = placed;
  const state = step?.state ?? "unknown";
  const { tone, shape } = markOf(step);
  const failed = state === "error";
  const nameMax = failed ? BOLD_NAME_MAX : NAME_MAX;
  const name = step === undefined ? "no row" : shortClass(step.actionClass);
  const progress = progressOf(step);
  return (
    <g className={`stp${failed ? " f" : ""}${selected ? " sel" : ""}${hit ? " hits" : ""}`} data-step={stepId}>
      <rect x={x - 11} y={y - 17} width={cellWidth - 3} height={rowHeight - 2} className="hit" />
      {critical && <line x1={x - 12} y1={y} x2={x + cellWidth - 12} y2={y} className="crit" />}
      <circle cx={x} cy={y} r="8" className="bg" />
      {progress !== null && (
        <circle
          cx={x}
          cy={y}
          r={RING_RADIUS}
          className={`ring t-${tone}`}
          strokeDasharray={`${progress * RING_LENGTH} ${RING_LENGTH}`}
          transform={`rotate(-90 ${x} ${y})`}
        />
      )}
      {changed && <circle cx={x} cy={y} r="9.5" className="changed" />}
      <GlyphAt tone={tone} shape={shape} x={x} y={y} />
      <text x={x + 10} y={y - 5} className="id">
        {stepId}
      </text>
      <text x={x - 5} y={y + 18} className={state === "pending" ? "nm p" : "nm"}>
        {cut(name, nameMax)}
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

interface FoldProps {
  readonly placed: PlacedFold;
  readonly words: FoldWords;
  /** The arrow keys are on it. */
  readonly selected: boolean;
  readonly hit: boolean;
}

/** Alike siblings as one cell: how many of what, and in which states. */
export function Fold({ placed: { fold, x, y }, words, selected, hit }: FoldProps) {
  const { tone, shape } = words.mark;
  let at = x - 5;
  return (
    <g className={`stp fold${selected ? " sel" : ""}${hit ? " hits" : ""}`} data-fold={fold.key}>
      <rect x={x - 11} y={y - 17} width={foldWidth - 3} height={rowHeight - 2} className="hit" />
      <circle cx={x} cy={y} r="8" className="bg" />
      <g opacity="0.35">
        <GlyphAt tone={tone} shape={shape} x={x + 5} y={y} />
      </g>
      <GlyphAt tone={tone} shape={shape} x={x} y={y} />
      {words.shares.map(({ state, mark, share }) => {
        const from = at;
        const width = Math.max(2, share * FOLD_BAR_WIDTH);
        at += width;
        return (
          <rect
            key={state}
            x={from}
            y={y - 14}
            width={Math.max(1, width - 1)}
            height="3"
            className={`share t-${mark.tone}`}
          />
        );
      })}
      <text x={x - 5} y={y + 18} className="nm">
        {cut(words.name, FOLD_NAME_MAX)}
      </text>
      <text x={x - 5} y={y + 30} className="du">
        {cut(words.counts, FOLD_COUNTS_MAX)}
      </text>
      <title>{`${words.name}: ${words.counts}. Press to unfold.`}</title>
    </g>
  );
}

const cut = (text: string, max: number): string => (text.length > max ? `${text.slice(0, max - 1)}…` : text);

/** Only a running step ticks. */
function StepLine({ step }: { readonly step: StepView }) {
  return step.state === "running" ? <RunningLine step={step} /> : stepLine(step, null);
}
function RunningLine({ step }: { readonly step: StepView }) {
  return stepLine(step, useNow());
}
