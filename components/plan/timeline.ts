/** Where the bars of the steps stand against time, with the time in which nothing ran folded away. Pure geometry. */

export interface TimelineStep {
  readonly stepId: number;
  /** Epoch milliseconds. */
  readonly startMs: number;
  /** `null` = it has not ended: it reaches to now. */
  readonly endMs: number | null;
}

export interface Interval {
  readonly fromMs: number;
  readonly toMs: number;
}

export interface TimelineBar {
  readonly stepId: number;
  readonly x1: number;
  readonly x2: number;
}

export interface TimelineFold extends Interval {
  readonly x1: number;
  readonly x2: number;
}

export interface TimelineTick {
  readonly x: number;
  /** `clock` where the time begins or goes on after a fold, else milliseconds since the first step. */
  readonly kind: "clock" | "offset";
  readonly atMs: number;
}

export interface Timeline {
  /** Where an instant stands; never goes back. */
  toX(atMs: number): number;
  readonly bars: readonly TimelineBar[];
  readonly folds: readonly TimelineFold[];
  readonly ticks: readonly TimelineTick[];
  readonly fromMs: number;
  readonly toMs: number;
}

const FOLD_WIDTH = 44;
const BAR_WIDTH_MIN = 2;
const TICK_DISTANCE_MIN = 76;
/** A pause is folded when it is longer than this share of the time in which something ran … */
const FOLD_SHARE = 0.15;
/** … and than this. */
const FOLD_MS_MIN = 2_000;
const FOLDS_MAX = 6;
/** With nothing measurable the axis shows this much. */
const SPAN_MS_MIN = 10;

const TICK_STEPS_MS = [
  10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000, 15_000, 30_000, 60_000, 120_000, 300_000, 600_000, 900_000,
  1_800_000, 3_600_000, 7_200_000, 21_600_000, 43_200_000, 86_400_000, 604_800_000,
] as const;

interface TimelineInput {
  readonly steps: readonly TimelineStep[];
  /** When the plan is known to have stood still, although steps may span it. */
  readonly pauses: readonly Interval[];
  readonly nowMs: number;
  /** Pixels for the bars, without the names. */
  readonly width: number;
}

/** Lays the steps out over `width` pixels; `null` when none of them has begun. */
export function layoutTimeline({ steps, pauses, nowMs, width }: TimelineInput): Timeline | null {
  const spans = steps.map(({ stepId, startMs, endMs }) => ({
    stepId,
    fromMs: startMs,
    toMs: Math.max(startMs, endMs ?? nowMs),
  }));
  const bounds = boundsOf(spans);
  if (bounds === null) return null;
  const folds = foldsOf(spans, pauses, bounds, width);
  const toX = scale(bounds, folds, width);
  return {
    toX,
    bars: spans.map(({ stepId, fromMs, toMs }) => {
      const x1 = Math.min(toX(fromMs), width - BAR_WIDTH_MIN);
      return { stepId, x1, x2: Math.max(toX(toMs), x1 + BAR_WIDTH_MIN) };
    }),
    folds: folds.map((fold) => ({ ...fold, x1: toX(fold.fromMs), x2: toX(fold.toMs) })),
    ticks: ticksOf(bounds, folds, toX, width),
    ...bounds,
  };
}

function boundsOf(spans: readonly Interval[]): Interval | null {
  const [first] = spans;
  if (first === undefined) return null;
  let { fromMs, toMs } = first;
  for (const span of spans) {
    fromMs = Math.min(fromMs, span.fromMs);
    toMs = Math.max(toMs, span.toMs);
  }
  return { fromMs, toMs: Math.max(toMs, fromMs + SPAN_MS_MIN) };
}

/** The longest stretches in which nothing ran, in order. */
function foldsOf(
  spans: readonly Interval[],
  pauses: readonly Interval[],
  bounds: Interval,
  width: number,
): readonly Interval[] {
  const idle = gaps(spans, pauses, bounds);
  const idleMs = idle.reduce((sum, gap) => sum + gap.toMs - gap.fromMs, 0);
  const busyMs = bounds.toMs - bounds.fromMs - idleMs;
  const bound = Math.max(FOLD_MS_MIN, busyMs * FOLD_SHARE);
  const room = Math.min(FOLDS_MAX, Math.floor(width / 2 / FOLD_WIDTH));
  return idle
    .filter((gap) => gap.toMs - gap.fromMs > bound)
    .sort((a, b) => b.toMs - b.fromMs - (a.toMs - a.fromMs))
    .slice(0, room)
    .sort((a, b) => a.fromMs - b.fromMs);
}

/** What no step covers, and what a pause covers although a step does; no gap reaches over a begin or an end of a step. */
function gaps(spans: readonly Interval[], pauses: readonly Interval[], bounds: Interval): readonly Interval[] {
  const begins = Float64Array.from(spans, (span) => span.fromMs).sort();
  const ends = Float64Array.from(spans, (span) => span.toMs).sort();
  const found: Interval[] = [];
  // After the nth end everything that began before has ended when the next begins later.
  for (const [index, toMs] of ends.entries()) {
    const next = begins[index + 1];
    if (next !== undefined && next > toMs) found.push({ fromMs: toMs, toMs: next });
  }
  for (const pause of pauses) found.push(...covered(pause, begins, ends));
  return found.filter((gap) => gap.fromMs >= bounds.fromMs && gap.toMs <= bounds.toMs && gap.toMs > gap.fromMs);
}

/** The parts of a pause that steps span, cut where one of them begins or ends. */
function covered(pause: Interval, begins: Float64Array, ends: Float64Array): readonly Interval[] {
  const edges = [
    pause.fromMs,
    ...begins.subarray(firstAbove(begins, pause.fromMs), firstAbove(begins, pause.toMs)),
    ...ends.subarray(firstAbove(ends, pause.fromMs), firstAbove(ends, pause.toMs)),
    pause.toMs,
  ].sort((a, b) => a - b);
  return edges.flatMap((fromMs, index) => {
    const toMs = edges[index + 1];
    if (toMs === undefined || toMs <= fromMs) return [];
    // Spanned = more have begun by then than have ended.
    return firstAbove(begins, fromMs) > firstAbove(ends, fromMs) ? [{ fromMs, toMs }] : [];
  });
}

/** How many of these ascending values are at most `bound`. */
function firstAbove(values: Float64Array, bound: number): number {
  let low = 0;
  let high = values.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((values[middle] ?? 0) <= bound) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Time to pixels: linear but for the folds, which are all of one width. Never goes back. */
function scale(bounds: Interval, folds: readonly Interval[], width: number): (atMs: number) => number {
  const foldedMs = folds.reduce((sum, fold) => sum + fold.toMs - fold.fromMs, 0);
  const shownMs = Math.max(1, bounds.toMs - bounds.fromMs - foldedMs);
  const perMs = (width - folds.length * FOLD_WIDTH) / shownMs;
  return (atMs) => {
    let x = (atMs - bounds.fromMs) * perMs;
    for (const { fromMs, toMs } of folds) {
      if (atMs <= fromMs) break;
      const insideMs = Math.min(atMs, toMs) - fromMs;
      x += (insideMs / (toMs - fromMs)) * FOLD_WIDTH - insideMs * perMs;
    }
    return Math.min(width, Math.max(0, x));
  };
}

function ticksOf(
  bounds: Interval,
  folds: readonly Interval[],
  toX: (atMs: number) => number,
  width: number,
): readonly TimelineTick[] {
  const clocks = [bounds.fromMs, ...folds.map((fold) => fold.toMs)].map(
    (atMs): TimelineTick => ({ x: toX(atMs), kind: "clock", atMs }),
  );
  const offsets: TimelineTick[] = [];
  const isFree = (x: number) =>
    x <= width - TICK_DISTANCE_MIN / 2 && clocks.every((tick) => Math.abs(tick.x - x) >= TICK_DISTANCE_MIN);
  const stepMs = tickStep(bounds, folds, width);
  const last = Math.floor((bounds.toMs - bounds.fromMs) / stepMs);
  for (let index = 1; index <= Math.min(last, TICKS_MAX); index += 1) {
    const atMs = bounds.fromMs + index * stepMs;
    const folded = folds.some((fold) => atMs > fold.fromMs && atMs < fold.toMs);
    const x = toX(atMs);
    if (!folded && isFree(x)) offsets.push({ x, kind: "offset", atMs });
  }
  return [...clocks, ...offsets].sort((a, b) => a.x - b.x);
}
const TICKS_MAX = 10_000;

function tickStep(bounds: Interval, folds: readonly Interval[], width: number): number {
  const foldedMs = folds.reduce((sum, fold) => sum + fold.toMs - fold.fromMs, 0);
  const perMs = (width - folds.length * FOLD_WIDTH) / Math.max(1, bounds.toMs - bounds.fromMs - foldedMs);
  const longest = TICK_STEPS_MS.at(-1) ?? 1;
  const fits = TICK_STEPS_MS.find((stepMs) => stepMs * perMs >= TICK_DISTANCE_MIN);
  return fits ?? longest * Math.max(1, Math.ceil(TICK_DISTANCE_MIN / (longest * perMs)));
}

/** History is kept in whole seconds: a pause is certain from the end of its second on. */
const HISTORY_STEP_MS = 1_000;

/** When the plan stood still between a pause and the next start, from its execution history in order. */
export function pausesOf(history: readonly { readonly atMs: number; readonly name: string }[]): readonly Interval[] {
  const pauses: Interval[] = [];
  let pausedAt: number | null = null;
  for (const { atMs, name } of history) {
    if (name === "pause execution") pausedAt = atMs + HISTORY_STEP_MS;
    else if (name === "start execution" && pausedAt !== null) {
      if (atMs > pausedAt) pauses.push({ fromMs: pausedAt, toMs: atMs });
      pausedAt = null;
    }
  }
  return pauses;
}
