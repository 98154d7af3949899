"use client";
import { useCallback, useEffect, useRef } from "react";
import { formatClock } from "#components/ui/format.ts";
import { HEAD, paintTimeline, ROW, spanWords, type TimelineScene } from "./timeline-paint.ts";
import { PLAN_PHASE, type TimelineSpan } from "./timeline-rows.ts";
import { type Sheet, useBoxCanvas } from "./use-box-canvas.ts";

interface TimelineCanvasProps {
  /** The box that scrolls. */
  readonly box: React.RefObject<HTMLDivElement | null>;
  readonly scene: TimelineScene;
  readonly onSelect: (stepId: number) => void;
  readonly onPlan: (planId: string) => void;
}

/** Bars reach so far beyond themselves for a pointer. */
const NEAR_PX = 4;

/** What the box shows of a timeline; a press opens what is under the pointer, which says what it is. */
export function TimelineCanvas({ box, scene, onSelect, onPlan }: TimelineCanvasProps) {
  const paint = useCallback(
    ({ pen, ink, pressAt, left, top, width, height, ratio }: Sheet) =>
      paintTimeline(pen, scene, { left, top, width, height, ratio }, ink, pressAt(ratio)),
    [scene],
  );
  const canvas = useBoxCanvas(box, paint);
  const now = useRef({ scene, onSelect, onPlan });
  useEffect(() => {
    now.current = { scene, onSelect, onPlan };
  }, [scene, onSelect, onPlan]);
  useEffect(() => {
    const around = box.current;
    if (around === null) return;
    const under = (event: MouseEvent) => {
      const rect = around.getBoundingClientRect();
      return spanAt(now.current.scene, event.clientX - rect.left, event.clientY - rect.top, around);
    };
    const onMove = (event: MouseEvent): void => {
      const span = under(event);
      around.style.cursor = span === null ? "" : "pointer";
      around.title = span === null ? "" : titleOf(span, now.current.scene);
    };
    const onClick = (event: MouseEvent): void => {
      const span = under(event);
      if (span?.subPlan !== undefined) now.current.onPlan(span.subPlan.id);
      else if (span !== null && span.stepId !== PLAN_PHASE) now.current.onSelect(span.stepId);
    };
    around.addEventListener("pointermove", onMove);
    around.addEventListener("click", onClick);
    return () => {
      around.removeEventListener("pointermove", onMove);
      around.removeEventListener("click", onClick);
    };
  }, [box]);
  return <canvas ref={canvas} className="flow-canvas" />;
}

/** The span at a point of the box: of a row of one step anywhere in it, of a lane at its bar. */
function spanAt(scene: TimelineScene, x: number, y: number, around: HTMLElement): TimelineSpan | null {
  if (y < HEAD) return null;
  const row = scene.rows[Math.floor((y - HEAD + around.scrollTop) / ROW)];
  if (row === undefined || row.kind === "head") return null;
  if (row.kind !== "lane") return row.spans[0] ?? null;
  const at = x - scene.names + around.scrollLeft;
  const { timeline, nowMs } = scene;
  const near = row.spans.find(
    ({ startMs, endMs }) =>
      startMs !== null && timeline.toX(startMs) - NEAR_PX <= at && at <= timeline.toX(endMs ?? nowMs) + NEAR_PX,
  );
  return x < scene.names ? null : (near ?? null);
}

function titleOf(span: TimelineSpan, { nowMs, zone }: TimelineScene): string {
  const { step, startMs, subPlan } = span;
  if (subPlan !== undefined) return `Sub-plan ${subPlan.label ?? ""}: ${spanWords(span, nowMs)}. Press to open it.`;
  const from = startMs === null ? "" : `, from ${formatClock(startMs, zone)}`;
  if (step === null) return `All steps of planning: ${spanWords(span, nowMs)}${from}`;
  const queue = step.queue === null ? "" : `, queue ${step.queue}`;
  return `${step.id} ${step.actionClass}, ${step.state}: ${spanWords(span, nowMs)}${from}${queue}`;
}
