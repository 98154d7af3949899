"use client";
import { useMemo } from "react";
import { formatClock, formatDurationMs, parseInstant } from "#components/ui/format.ts";
import { GlyphAt } from "#components/ui/glyph.tsx";
import { useNow } from "#components/ui/live.ts";
import { usePreferences } from "#components/ui/preferences.tsx";
import { useWidth } from "#components/ui/width.ts";
import { seconds, shortClass } from "./step-words.ts";
import { type Interval, layoutTimeline, type TimelineBar } from "./timeline.ts";
import type { StepView } from "./types.ts";
import { useViewport } from "./use-viewport.ts";

const NAMES = 158;
/** Room at the right end for the words of a bar. */
const AFTER = 56;
const ROW = 16;
const HEAD = 24;
/** A step that ran for less than this share of its span waited in between: its bar is thin. */
const RAN_SHARE = 0.9;
const BARS_WIDTH_MIN = 240;

interface Row {
  readonly stepId: number;
  readonly label: string;
  readonly step: StepView | null;
  readonly startMs: number;
  readonly endMs: number | null;
}

interface TimelineViewProps {
  readonly steps: readonly StepView[];
  readonly pauses: readonly Interval[];
  readonly selected: number | null;
  readonly onSelect: (stepId: number) => void;
}

/** What ran when: a line a step, in order of begin; time in which nothing ran is folded. */
export function TimelineView({ steps, pauses, selected, onSelect }: TimelineViewProps) {
  const [measured, width] = useWidth<HTMLDivElement>();
  const [box, view] = useViewport<HTMLDivElement>();
  const { zone } = usePreferences();
  const now = useNow();
  const rows = useMemo(() => toRows(steps), [steps]);
  const running = rows.some((row) => row.endMs === null);
  const barsWidth = Math.max(BARS_WIDTH_MIN, (width ?? 0) - NAMES - AFTER);
  // Where nothing runs the axis does not move with the clock.
  const nowMs = running ? (now ?? 0) : 0;
  const timeline = useMemo(
    () => layoutTimeline({ steps: rows, pauses, nowMs, width: barsWidth }),
    [rows, pauses, nowMs, barsWidth],
  );
  const height = rows.length * ROW;
  const from = Math.max(0, Math.floor(view.y / ROW));
  const to = Math.min(rows.length, Math.ceil((view.y + view.height) / ROW));
  const svgWidth = NAMES + barsWidth + AFTER;
  return (
    <div ref={measured}>
      {timeline !== null && width !== null && (
        <div
          ref={box}
          className="gantt-box"
          // biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls, so the keyboard must reach it
          tabIndex={0}
          role="img"
          aria-label={`Timeline of ${rows.length} steps that have begun; the Steps tab is its table`}
        >
          <svg
            className="gantt"
            aria-hidden="true"
            width={svgWidth}
            height={height + HEAD + 4}
            onClick={(event) => {
              const id =
                event.target instanceof Element && event.target.closest("[data-step]")?.getAttribute("data-step");
              if (id) onSelect(Number(id));
            }}
          >
            {timeline.ticks.map((tick) => (
              <g key={`${tick.kind} ${tick.atMs}`} transform={`translate(${NAMES + tick.x} 0)`}>
                <line y1={16} y2={height + HEAD} className="gr" />
                <text y={10} textAnchor={tick.kind === "clock" && tick.x > 0 ? "start" : "middle"}>
                  {tick.kind === "clock"
                    ? formatClock(tick.atMs, zone)
                    : `+${formatDurationMs(tick.atMs - timeline.fromMs)}`}
                </text>
              </g>
            ))}
            {rows.slice(from, to).map((row, index) => (
              <Bar
                key={row.stepId}
                row={row}
                bar={timeline.bars[from + index]}
                y={HEAD + (from + index) * ROW + ROW / 2}
                width={svgWidth}
                selected={row.stepId === selected}
                nowMs={nowMs}
              />
            ))}
            {/* Over the bars: a line breaks where nothing ran. */}
            {timeline.folds.map((fold) => (
              <Fold key={fold.fromMs} x1={fold.x1} x2={fold.x2} ms={fold.toMs - fold.fromMs} height={height} />
            ))}
          </svg>
        </div>
      )}
    </div>
  );
}

function Fold({ x1, x2, ms, height }: { x1: number; x2: number; ms: number; height: number }) {
  const middle = NAMES + (x1 + x2) / 2;
  const tall = height > 90;
  return (
    <g>
      <rect x={NAMES + x1 + 6} y={16} width={Math.max(0, x2 - x1 - 12)} height={height + HEAD - 14} className="fold" />
      {tall ? (
        <text
          className="vt"
          textAnchor="middle"
          transform={`translate(${middle + 3} ${HEAD + Math.min(height, 240) / 2}) rotate(-90)`}
        >
          {`${formatDurationMs(ms)} nothing ran`}
        </text>
      ) : (
        <title>{`${formatDurationMs(ms)} nothing ran`}</title>
      )}
    </g>
  );
}

interface BarProps {
  readonly row: Row;
  readonly bar: TimelineBar | undefined;
  readonly y: number;
  readonly width: number;
  readonly selected: boolean;
  readonly nowMs: number;
}

function Bar({ row, bar, y, width, selected, nowMs }: BarProps) {
  if (bar === undefined) return null;
  const { step } = row;
  const failed = step?.state === "error";
  const spanSec = ((row.endMs ?? nowMs) - row.startMs) / 1_000;
  const ranSec = step?.executionTimeSec ?? null;
  const waited = ranSec !== null && row.endMs !== null && spanSec > 1 && ranSec < spanSec * RAN_SHARE;
  const open = row.endMs === null && step !== null;
  const words = open
    ? `${step.state}, ${formatDurationMs(spanSec * 1_000)}`
    : waited
      ? `${seconds(ranSec)} of ${formatDurationMs(spanSec * 1_000)}`
      : formatDurationMs(spanSec * 1_000);
  // Where the bar reaches far to the right its words stand before it.
  const before = bar.x2 > width - NAMES - AFTER - 8 && bar.x1 > 90;
  return (
    <g className={`gbar${failed ? " f" : ""}${selected ? " sel" : ""}`} data-step={row.stepId}>
      <rect x={0} y={y - ROW / 2} width={width} height={ROW} className="row-hit" />
      <text x={0} y={y + 4} className="gn">
        <tspan className="gi">{row.stepId === PLAN_PHASE ? "" : row.stepId}</tspan>
        <tspan x={30}>{row.label}</tspan>
      </text>
      <line x1={NAMES + bar.x1} x2={NAMES + bar.x2} y1={y} y2={y} className={waited ? "gb thin" : "gb"} />
      {failed && <GlyphAt tone="failed" x={NAMES + bar.x2 + 2} y={y} size={10} />}
      <text
        x={NAMES + (before ? bar.x1 - 5 : bar.x2 + (failed ? 10 : 5))}
        y={y + 3.5}
        textAnchor={before ? "end" : "start"}
      >
        {words}
      </text>
      <title>
        {step === null ? "All steps of planning" : `${step.id} ${step.actionClass}: ${step.state}`}
        {waited ? "; thin: it waited in between, when is not known" : ""}
      </title>
    </g>
  );
}

/** All steps of planning stand on one line of their own. */
const PLAN_PHASE = -1;
const NAME_MAX = 19;
const cut = (name: string): string => (name.length > NAME_MAX ? `${name.slice(0, NAME_MAX - 1)}…` : name);

function toRows(steps: readonly StepView[]): readonly Row[] {
  const begun = steps.flatMap((step) => {
    const startMs = parseInstant(step.startedAt);
    if (startMs === null) return [];
    const runs = step.state === "running" || step.state === "suspended";
    const endMs: number | null = runs ? null : (parseInstant(step.endedAt) ?? startMs);
    return [{ stepId: step.id, label: cut(shortClass(step.actionClass)), step, startMs, endMs }];
  });
  const rows = begun
    .filter(({ step }) => step.phase !== "plan")
    .sort((a, b) => a.startMs - b.startMs || a.stepId - b.stepId);
  return [...planningRow(begun.filter(({ step }) => step.phase === "plan")), ...rows];
}

function planningRow(planned: readonly Row[]): readonly Row[] {
  const [first] = planned;
  if (first === undefined) return [];
  let { startMs, endMs } = first;
  for (const row of planned) {
    startMs = Math.min(startMs, row.startMs);
    endMs = endMs === null || row.endMs === null ? null : Math.max(endMs, row.endMs);
  }
  return [{ stepId: PLAN_PHASE, label: "planning", step: null, startMs, endMs }];
}
