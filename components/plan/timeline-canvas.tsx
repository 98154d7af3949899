"use client";
import { useEffect, useRef } from "react";
import { formatClock } from "#components/ui/format.ts";
import { usePreferences } from "#components/ui/preferences.tsx";
import { sizeCanvas } from "./flow-canvas.tsx";
import { createGlyphPress, type GlyphPress, type Ink, inkOf } from "./flow-ink.ts";
import { HEAD, paintTimeline, ROW, spanWords, type TimelineScene } from "./timeline-paint.ts";
import { PLAN_PHASE, type TimelineSpan } from "./timeline-rows.ts";

interface TimelineCanvasProps {
  /** The box that scrolls. */
  readonly box: React.RefObject<HTMLDivElement | null>;
  readonly scene: TimelineScene;
  readonly onSelect: (stepId: number) => void;
  readonly onPlan: (planId: string) => void;
}

/** Bars reach so far beyond themselves for a pointer. */
const NEAR_PX = 4;

/** What the box shows of a timeline, painted anew with each frame in which it scrolls or changes. */
export function TimelineCanvas({ box, scene, onSelect, onPlan }: TimelineCanvasProps) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const now = useRef({ scene, onSelect, onPlan });
  const again = useRef<(inks: boolean) => void>(() => undefined);
  const { theme } = usePreferences();

  useEffect(() => {
    const element = canvas.current;
    const around = box.current;
    const pen = element?.getContext("2d") ?? null;
    if (element === null || around === null || pen === null) return;
    let ink: Ink | null = null;
    let press: GlyphPress | null = null;
    let frame = 0;
    let painted = 0;
    const paint = (): void => {
      frame = 0;
      const ratio = window.devicePixelRatio || 1;
      const [width, height] = [around.clientWidth, around.clientHeight];
      sizeCanvas(element, width, height, ratio);
      ink ??= inkOf(around);
      press ??= createGlyphPress(ink, ratio);
      const at = { left: around.scrollLeft, top: around.scrollTop, width, height, ratio };
      paintTimeline(pen, now.current.scene, at, ink, press);
      painted += 1;
      element.dataset.painted = String(painted);
    };
    const later = (): void => {
      if (frame === 0) frame = requestAnimationFrame(paint);
    };
    again.current = (inks) => {
      if (inks) {
        ink = null;
        press = null;
      }
      later();
    };
    const newInks = (): void => again.current(true);
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
    const dark = window.matchMedia("(prefers-color-scheme: dark)");
    around.addEventListener("scroll", later, { passive: true });
    around.addEventListener("pointermove", onMove);
    around.addEventListener("click", onClick);
    dark.addEventListener("change", newInks);
    const observer = new ResizeObserver(later);
    observer.observe(around);
    void document.fonts?.ready.then(newInks);
    later();
    return () => {
      around.removeEventListener("scroll", later);
      around.removeEventListener("pointermove", onMove);
      around.removeEventListener("click", onClick);
      dark.removeEventListener("change", newInks);
      observer.disconnect();
      cancelAnimationFrame(frame);
      again.current = () => undefined;
    };
  }, [box]);

  useEffect(() => {
    now.current = { scene, onSelect, onPlan };
    again.current(false);
  }, [scene, onSelect, onPlan]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: another theme has other inks
  useEffect(() => again.current(true), [theme]);

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
