"use client";
import { useDeferredValue, useEffect, useMemo, useRef, useState } from "react";
import { useAddress } from "#components/ui/address.ts";
import { parseInstant, plural, shortId } from "#components/ui/format.ts";
import { useNow } from "#components/ui/live.ts";
import { usePreferences } from "#components/ui/preferences.tsx";
import { routes } from "#components/ui/routes.ts";
import { useWidth } from "#components/ui/width.ts";
import type { FlowTree } from "#server/contract/view/plan-flow.ts";
import { layoutTimeline, pausesOf } from "./timeline.ts";
import { TimelineCanvas } from "./timeline-canvas.tsx";
import { AFTER, HEAD, ROW, spanWords, type TimelineScene, waitedWithin } from "./timeline-paint.ts";
import {
  PLAN_PHASE,
  TIMELINE_MODES,
  type TimelineMode,
  type TimelineRow,
  type TimelineSpan,
  timelineRows,
} from "./timeline-rows.ts";
import type { HistoryOutput, PlanOutput, StepView } from "./types.ts";
import { useDynflowFold } from "./use-plan.ts";
import { useSubPlanRows } from "./use-sub-plan-rows.ts";

const NAMES_WIDE = 190;
const NAMES_NARROW = 108;
const NARROW = 560;
const BARS_WIDTH_MIN = 200;
const ZOOM_STEP = 1.5;
const ZOOM_MAX = 400;
/** A canvas may be scrolled over so many pixels. */
const WIDTH_MAX = 8_000_000;

interface TimelineViewProps {
  readonly source: string;
  readonly plan: PlanOutput;
  readonly steps: readonly StepView[];
  readonly history: HistoryOutput | undefined;
  readonly selected: number | null;
  readonly onSelect: (stepId: number) => void;
  /** As a part of another page: by step only, without its bar. */
  readonly compact?: boolean;
}

/** What ran when and what waited: a line a step, or by queue, or by world; time in which nothing ran is folded. */
export function TimelineView(props: TimelineViewProps) {
  const { source, plan, history, selected, onSelect, compact = false } = props;
  const steps = useDeferredValue(props.steps);
  const [measured, width] = useWidth<HTMLDivElement>();
  const [mode, setMode] = useState<TimelineMode>("step");
  const [zoom, setZoom] = useState(1);
  const box = useRef<HTMLDivElement>(null);
  const { zone } = usePreferences();
  const worlds = useDynflowFold(source, (fold) => fold.worlds);
  const [nested, setNested] = useState(false);
  const { go } = useAddress();
  const subPlans = useSubPlanRows(source, plan, nested && mode === "step");
  const openPlan = (planId: string) => go(routes.plan(source, planId, { tab: "timeline" }));
  const rows = useMemo(() => {
    const flows = [plan.runFlow, plan.finalizeFlow].flatMap((flow): FlowTree[] => ("kind" in flow ? [flow] : []));
    const worldName = (id: string) => `world ${worlds?.[id]?.hostname ?? ""} ${shortId(id)}`.replace("  ", " ");
    return timelineRows({ steps, flows, history, mode, worldName, subPlans: subPlans.rows });
  }, [plan.runFlow, plan.finalizeFlow, steps, history, mode, worlds, subPlans.rows]);
  const ticks = rows.some((row) => row.spans.some((span) => span.endMs === null));
  const now = useNow();
  // Where nothing runs and nothing waits the axis does not move with the clock.
  const nowMs = ticks ? (now ?? parseInstant(plan.asOf) ?? 0) : 0;
  const names = (width ?? 0) < NARROW ? NAMES_NARROW : NAMES_WIDE;
  const bars = Math.min(WIDTH_MAX, Math.max(BARS_WIDTH_MIN, (width ?? 0) - names - AFTER) * zoom);
  const timeline = useTimeline(rows, history, nowMs, bars);
  const scene = useMemo<TimelineScene | null>(
    () => (timeline === null ? null : { rows, timeline, nowMs, selected, zone, names }),
    [rows, timeline, nowMs, selected, zone, names],
  );
  const at = useMemo(
    () => rows.findIndex((row) => row.spans.some((span) => span.stepId === selected)),
    [rows, selected],
  );
  useRowInView(box, scene === null || width === null ? -1 : at);
  useZoomKept(box, zoom, names);
  const zoomTo = (next: number) => setZoom(Math.min(ZOOM_MAX, Math.max(1, next)));
  const move = (by: number) => {
    const steppable = (row: TimelineRow | undefined) => row?.kind === "step" && row.spans[0]?.stepId !== PLAN_PHASE;
    let to = at + by;
    while (to >= 0 && to < rows.length && !steppable(rows[to])) to += by;
    const id = rows[to]?.spans[0]?.stepId;
    if (id !== undefined) onSelect(id);
  };
  const keys: Readonly<Record<string, () => void>> = {
    ArrowDown: () => move(1),
    ArrowUp: () => move(-1),
    "+": () => zoomTo(zoom * ZOOM_STEP),
    "=": () => zoomTo(zoom * ZOOM_STEP),
    "-": () => zoomTo(zoom / ZOOM_STEP),
    "0": () => zoomTo(1),
  };
  const chosen = rows[at]?.spans.find((span) => span.stepId === selected);
  const begun = rows.reduce((sum, row) => sum + row.spans.filter((span) => span.startMs !== null).length, 0);
  return (
    <div ref={measured} className="timeline">
      {!compact && (
        <TimelineBar mode={mode} onMode={setMode} zoom={zoom} onZoom={zoomTo}>
          {mode === "step" && subPlans.possible && (
            <button type="button" className="chip" aria-pressed={nested} onClick={() => setNested(!nested)}>
              Sub-plans
              {nested && <span className="of">{subPlans.words}</span>}
            </button>
          )}
        </TimelineBar>
      )}
      {scene !== null && width !== null && (
        <>
          {/* biome-ignore lint/a11y/useSemanticElements: a picture of bars that arrow keys move through, not a set of fields */}
          <div
            ref={box}
            className={compact ? "gantt-box short" : "gantt-box"}
            role="group"
            // biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls, and arrow keys move through its rows
            tabIndex={0}
            aria-label={`Timeline of ${plural(begun, "step")} that have begun. Arrow keys move between steps, plus and minus zoom; the Steps tab is its table.`}
            onKeyDown={(event) => {
              const act = event.ctrlKey || event.metaKey || event.altKey ? undefined : keys[event.key];
              if (act === undefined) return;
              event.preventDefault();
              event.stopPropagation();
              act();
            }}
          >
            <div className="gantt-ground" style={{ width: names + bars + AFTER, height: HEAD + rows.length * ROW + 4 }}>
              <TimelineCanvas box={box} scene={scene} onSelect={onSelect} onPlan={openPlan} />
            </div>
          </div>
          <span role="status" className="vh">
            {chosen?.step == null
              ? ""
              : `Step ${chosen.stepId}, ${chosen.step.actionClass}: ${spanWords(chosen, nowMs)}`}
          </span>
        </>
      )}
      {!compact && timeline !== null && <Legend rows={rows} mode={mode} folded={timeline.folds.length > 0} />}
    </div>
  );
}

function useTimeline(rows: readonly TimelineRow[], history: HistoryOutput | undefined, nowMs: number, width: number) {
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
  const spans = useMemo(
    () =>
      rows.flatMap((row) =>
        row.spans.flatMap(({ stepId, startMs, endMs }) => (startMs === null ? [] : [{ stepId, startMs, endMs }])),
      ),
    [rows],
  );
  return useMemo(() => layoutTimeline({ steps: spans, pauses, nowMs, width }), [spans, pauses, nowMs, width]);
}

interface TimelineBarProps {
  readonly mode: TimelineMode;
  readonly onMode: (mode: TimelineMode) => void;
  readonly zoom: number;
  readonly onZoom: (zoom: number) => void;
  readonly children: React.ReactNode;
}

const MODE_WORDS: Readonly<Record<TimelineMode, string>> = { step: "By step", queue: "By queue", world: "By world" };

function TimelineBar({ mode, onMode, zoom, onZoom, children }: TimelineBarProps) {
  return (
    <div className="flow-bar">
      {/* biome-ignore lint/a11y/useSemanticElements: buttons that belong together, not a set of fields */}
      <span className="seg" role="group" aria-label="Rows">
        {TIMELINE_MODES.map((each) => (
          <button key={each} type="button" aria-pressed={each === mode} onClick={() => onMode(each)}>
            {MODE_WORDS[each]}
          </button>
        ))}
      </span>
      {children}
      {/* biome-ignore lint/a11y/useSemanticElements: buttons that belong together, not a set of fields */}
      <span className="seg push" role="group" aria-label="Zoom">
        <button type="button" aria-label="Zoom out" onClick={() => onZoom(zoom / ZOOM_STEP)}>
          −
        </button>
        <button type="button" onClick={() => onZoom(1)}>
          Fit
        </button>
        <button type="button" aria-label="Zoom in" onClick={() => onZoom(zoom * ZOOM_STEP)}>
          +
        </button>
      </span>
    </div>
  );
}

interface LegendProps {
  readonly rows: readonly TimelineRow[];
  readonly mode: TimelineMode;
  readonly folded: boolean;
}

/** Only what is there to be seen. */
function Legend({ rows, mode, folded }: LegendProps) {
  const some = (is: (span: TimelineSpan) => boolean) => rows.some((row) => row.spans.some(is));
  const waits = mode === "step" && some((span) => span.waitFromMs !== null);
  const thin = some(waitedWithin);
  return (
    <p className="flow-note small t3">
      bar = it ran{waits && ", dashed = it could have run, but waited"}
      {thin && ", thin = it waited in between, when is not known"}
      {folded && ", grey stretch = nothing ran"}
      {mode !== "step" && ", a line = one of those that ran at the same time"}
      {mode === "world" && "; the world as the execution history tells it"}
    </p>
  );
}

/** Scrolls to the row of the selected step when it is not in view. */
function useRowInView(box: React.RefObject<HTMLDivElement | null>, row: number): void {
  useEffect(() => {
    const element = box.current;
    if (element === null || row < 0) return;
    const top = row * ROW;
    const inside = top >= element.scrollTop && top + ROW <= element.scrollTop + element.clientHeight - HEAD;
    if (!inside) element.scrollTo({ top: top - element.clientHeight / 2 });
  }, [box, row]);
}

/** Another zoom keeps the instant in the middle where it is. */
function useZoomKept(box: React.RefObject<HTMLDivElement | null>, zoom: number, names: number): void {
  const before = useRef(zoom);
  useEffect(() => {
    const element = box.current;
    const by = zoom / before.current;
    before.current = zoom;
    if (element === null || by === 1) return;
    const half = (element.clientWidth - names) / 2;
    element.scrollLeft = (element.scrollLeft + half) * by - half;
  }, [box, zoom, names]);
}
