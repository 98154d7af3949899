/** Paints the part of a timeline that is in view on a canvas: names and clock stand, bars move. */
import { formatClock, formatDurationMs, type Zone } from "#components/ui/format.ts";
import { lookOf, type Tone } from "#server/kernel/states.ts";
import type { GlyphPress, Ink } from "./flow-ink.ts";
import type { Pen } from "./flow-paint.ts";
import type { Timeline } from "./timeline.ts";
import { PLAN_PHASE, type SubPlan, type TimelineRow, type TimelineSpan } from "./timeline-rows.ts";

export const ROW = 18;
export const HEAD = 24;
/** Room at the right end for the words of a bar. */
export const AFTER = 100;
/** A step that ran for less than this share of its span waited in between: its bar is thin. */
const RAN_SHARE = 0.9;
const BAR = 7;
const THIN = 2;
const FAILED = lookOf("step", "error");

export interface TimelineScene {
  readonly rows: readonly TimelineRow[];
  readonly timeline: Timeline;
  readonly nowMs: number;
  readonly selected: number | null;
  readonly zone: Zone;
  /** Width of the column of names. */
  readonly names: number;
}

export interface TimelineWindow {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
  readonly ratio: number;
}

/** Whether it stood still for a part of its span, which the database tells by what it ran. */
export function waitedWithin({ step, startMs, endMs }: TimelineSpan): boolean {
  if (startMs === null || endMs === null || step?.executionTimeSec == null) return false;
  const spanSec = (endMs - startMs) / 1_000;
  return spanSec > 1 && step.executionTimeSec < spanSec * RAN_SHARE;
}

export function paintTimeline(pen: Pen, scene: TimelineScene, at: TimelineWindow, ink: Ink, press: GlyphPress): void {
  const { rows, timeline, names } = scene;
  pen.setTransform(at.ratio, 0, 0, at.ratio, 0, 0);
  pen.clearRect(0, 0, at.width, at.height);
  const first = Math.max(0, Math.floor(at.top / ROW));
  const last = Math.min(rows.length, Math.ceil((at.top + at.height - HEAD) / ROW) + 1);
  const yOf = (row: number): number => HEAD + row * ROW - at.top;
  paintGrounds(pen, scene, at, ink, first, last, yOf);

  pen.save();
  pen.beginPath();
  pen.rect(names, 0, at.width - names, at.height);
  pen.clip();
  pen.translate(names - at.left, 0);
  pen.strokeStyle = ink.line1;
  pen.lineWidth = 1;
  pen.beginPath();
  for (const tick of timeline.ticks) {
    pen.moveTo(tick.x + 0.5, HEAD - 8);
    pen.lineTo(tick.x + 0.5, at.height);
  }
  pen.stroke();
  const seen = { from: at.left - AFTER, to: at.left + at.width - names };
  for (let row = first; row < last; row += 1)
    for (const span of spansIn(rows[row]?.spans ?? [], timeline, seen))
      paintSpan(pen, scene, span, rows[row], yOf(row), ink, press);
  paintFolds(pen, scene, at, ink);
  pen.restore();

  paintNames(pen, scene, at, ink, first, last, yOf);
  paintClock(pen, scene, at, ink);
}

/** Of a lane with very many bars only those in view. */
function* spansIn(
  spans: readonly TimelineSpan[],
  timeline: Timeline,
  seen: { readonly from: number; readonly to: number },
): Iterable<TimelineSpan> {
  let low = 0;
  let high = spans.length;
  // The bars of a lane do not overlap: their ends ascend.
  while (low < high && spans.length > 1) {
    const middle = (low + high) >> 1;
    const end = spans[middle]?.endMs ?? Number.POSITIVE_INFINITY;
    if (timeline.toX(end) < seen.from) low = middle + 1;
    else high = middle;
  }
  for (let at = spans.length > 1 ? low : 0; at < spans.length; at += 1) {
    const span = spans[at];
    if (span === undefined || (spans.length > 1 && timeline.toX(span.startMs ?? 0) > seen.to)) return;
    yield span;
  }
}

function paintGrounds(
  pen: Pen,
  { rows, selected }: TimelineScene,
  at: TimelineWindow,
  ink: Ink,
  first: number,
  last: number,
  yOf: (row: number) => number,
): void {
  for (let row = first; row < last; row += 1) {
    const { kind, spans } = rows[row] ?? { kind: "head", spans: [] };
    if (kind === "head") {
      pen.fillStyle = ink.sunken;
      pen.fillRect(0, yOf(row), at.width, ROW);
    } else if (kind === "step") {
      const failed = spans[0] !== undefined && isFailed(spans[0]);
      const chosen = spans[0]?.stepId === selected;
      if (failed || chosen) {
        pen.fillStyle = failed ? ink.failedSoft : ink.selected;
        pen.fillRect(0, yOf(row), at.width, ROW);
      }
      if (chosen) {
        pen.fillStyle = ink.course;
        pen.fillRect(0, yOf(row), 2, ROW);
      }
    }
  }
}

function paintSpan(
  pen: Pen,
  scene: TimelineScene,
  span: TimelineSpan,
  row: TimelineRow | undefined,
  y: number,
  ink: Ink,
  press: GlyphPress,
): void {
  const { timeline, nowMs, selected } = scene;
  const middle = y + ROW / 2;
  const { waitFromMs, startMs } = span;
  if (waitFromMs !== null && row?.kind === "step") {
    pen.strokeStyle = ink.line3;
    pen.lineWidth = 1;
    pen.setLineDash([2, 2]);
    pen.beginPath();
    pen.moveTo(timeline.toX(waitFromMs), middle);
    pen.lineTo(timeline.toX(startMs ?? nowMs), middle);
    pen.stroke();
    pen.setLineDash([]);
  }
  if (startMs === null) {
    words(
      pen,
      ink,
      `waits, ${formatDurationMs(Math.max(0, nowMs - (waitFromMs ?? nowMs)))}`,
      timeline.toX(nowMs) + 5,
      middle,
    );
    return;
  }
  const failed = isFailed(span);
  const x1 = timeline.toX(startMs);
  const x2 = Math.max(x1 + 2, timeline.toX(span.endMs ?? nowMs));
  const strong = failed || span.stepId === selected;
  const tone = toneOf(span);
  pen.fillStyle = span.endMs === null ? ink.tones[tone] : strong ? ink.text1 : ink.text3;
  const height = waitedWithin(span) ? THIN : BAR;
  const inLane = row?.kind === "lane";
  pen.fillRect(x1, middle - height / 2, Math.max(1, x2 - x1 - (inLane && x2 - x1 > 3 ? 1 : 0)), height);
  if (failed) press.stamp(pen, FAILED, x2 + 2, middle, 10);
  if (inLane) {
    if (span.stepId === selected) {
      pen.strokeStyle = ink.course;
      pen.lineWidth = 2;
      pen.strokeRect(x1 - 2, middle - BAR / 2 - 2, x2 - x1 + 4, BAR + 4);
    }
    return;
  }
  words(pen, ink, spanWords(span, nowMs), x2 + (failed ? 10 : 5), middle);
}

const isFailed = ({ step, subPlan }: TimelineSpan): boolean =>
  step?.state === "error" || subPlan?.failing === true || subPlan?.result === "error";

function toneOf({ step, subPlan }: TimelineSpan): Tone {
  if (subPlan !== undefined) return lookOf("plan", subPlan.state ?? "").tone;
  return step === null ? "idle" : lookOf("step", step.state).tone;
}

function subPlanWords({ state, result }: SubPlan, startMs: number | null, toMs: number): string {
  const said = state === "stopped" ? (result ?? "stopped") : (state ?? "its row is gone");
  return startMs === null ? said : `${said}, ${formatDurationMs(Math.max(0, toMs - startMs))}`;
}

/** `21.4 s`, `running, 12 s`, `1.2 s of 40 s`. */
export function spanWords(span: TimelineSpan, nowMs: number): string {
  const { step, startMs, endMs, subPlan } = span;
  if (subPlan !== undefined) return subPlanWords(subPlan, startMs, endMs ?? nowMs);
  if (startMs === null) return `waits since ${formatDurationMs(Math.max(0, nowMs - (span.waitFromMs ?? nowMs)))}`;
  const tookMs = (endMs ?? nowMs) - startMs;
  if (endMs === null && step !== null) return `${step.state}, ${formatDurationMs(Math.max(0, tookMs))}`;
  if (waitedWithin(span))
    return `${formatDurationMs((step?.executionTimeSec ?? 0) * 1_000)} of ${formatDurationMs(tookMs)}`;
  return formatDurationMs(Math.max(0, tookMs));
}

function words(pen: Pen, ink: Ink, text: string, x: number, middle: number): void {
  pen.font = `10px ${ink.sans}`;
  pen.fillStyle = ink.text3;
  pen.textBaseline = "middle";
  pen.fillText(text, x, middle + 0.5);
}

/** Over the bars: a line breaks where nothing ran. */
function paintFolds(pen: Pen, { timeline, rows }: TimelineScene, at: TimelineWindow, ink: Ink): void {
  const height = Math.min(at.height, HEAD + rows.length * ROW - at.top);
  for (const fold of timeline.folds) {
    pen.fillStyle = ink.sunken;
    pen.fillRect(fold.x1 + 6, HEAD - 8, Math.max(0, fold.x2 - fold.x1 - 12), height - HEAD + 8);
    if (height < 110) continue;
    pen.save();
    pen.translate((fold.x1 + fold.x2) / 2, HEAD + Math.min(height - HEAD, 240) / 2);
    pen.rotate(-Math.PI / 2);
    pen.textAlign = "center";
    words(pen, ink, `${formatDurationMs(fold.toMs - fold.fromMs)} nothing ran`, 0, 0);
    pen.textAlign = "start";
    pen.restore();
  }
}

function paintNames(
  pen: Pen,
  { rows, selected, names }: TimelineScene,
  _at: TimelineWindow,
  ink: Ink,
  first: number,
  last: number,
  yOf: (row: number) => number,
): void {
  pen.textBaseline = "middle";
  for (let row = first; row < last; row += 1) {
    const shown = rows[row];
    if (shown === undefined) continue;
    const middle = yOf(row) + ROW / 2 + 0.5;
    const span = shown.spans[0];
    if (shown.kind === "head") {
      pen.font = `600 11px ${ink.sans}`;
      pen.fillStyle = ink.text1;
      pen.fillText(shown.label, 6, middle, names * 2);
      continue;
    }
    pen.font = `11px ${ink.sans}`;
    pen.fillStyle = ink.text3;
    if (shown.kind === "lane") {
      pen.fillText(shown.label, 20, middle);
      continue;
    }
    if (shown.kind === "sub-plan") {
      paintSubPlanName(pen, shown.label, names, middle, ink);
      continue;
    }
    if (span !== undefined && span.stepId !== PLAN_PHASE) pen.fillText(String(span.stepId), 6, middle);
    const strong = span?.stepId === selected || span?.step?.state === "error";
    pen.font = `${strong ? "600 " : ""}11px ${ink.sans}`;
    pen.fillStyle = strong ? ink.text1 : ink.text2;
    const from = names > 130 ? 48 : 34;
    pen.fillText(cutTo(pen, shown.label, names - from - 6), from, middle);
  }
}

/** Indented, with the line that leads to it from its step. */
function paintSubPlanName(pen: Pen, label: string, names: number, middle: number, ink: Ink): void {
  const from = names > 130 ? 60 : 44;
  pen.strokeStyle = ink.line3;
  pen.lineWidth = 1;
  pen.beginPath();
  pen.moveTo(from - 9.5, middle - ROW / 2);
  pen.lineTo(from - 9.5, middle);
  pen.lineTo(from - 3, middle);
  pen.stroke();
  pen.fillStyle = ink.text2;
  pen.fillText(cutTo(pen, label, names - from - 6), from, middle);
}

/** The clock stays at the top while the rows move below it. */
function paintClock(pen: Pen, { timeline, zone, names }: TimelineScene, at: TimelineWindow, ink: Ink): void {
  pen.fillStyle = ink.canvas;
  pen.fillRect(0, 0, at.width, HEAD - 8);
  pen.save();
  pen.beginPath();
  pen.rect(names - 4, 0, at.width - names + 4, HEAD);
  pen.clip();
  pen.font = `10px ${ink.sans}`;
  pen.fillStyle = ink.text3;
  pen.textBaseline = "alphabetic";
  for (const tick of timeline.ticks) {
    const x = names - at.left + tick.x;
    if (x < names - 40 || x > at.width + 40) continue;
    const said =
      tick.kind === "clock" ? formatClock(tick.atMs, zone) : `+${formatDurationMs(tick.atMs - timeline.fromMs)}`;
    pen.textAlign = tick.kind === "clock" ? "start" : "center";
    pen.fillText(said, x, 10);
  }
  pen.textAlign = "start";
  pen.restore();
}

/** Cut to a width, with a mark that it was. */
function cutTo(pen: Pen, text: string, width: number): string {
  if (pen.measureText(text).width <= width) return text;
  let length = Math.max(1, Math.floor((text.length * width) / Math.max(1, pen.measureText(text).width)));
  while (length > 1 && pen.measureText(`${text.slice(0, length)}…`).width > width) length -= 1;
  return `${text.slice(0, length)}…`;
}
