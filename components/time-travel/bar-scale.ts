/** A span of time on a line of pixels. Pure arithmetic. */
import { formatClock, formatInstant, type Zone } from "#components/ui/format.ts";

const MINUTE_MS = 60_000;
const HOUR_MS = 3_600_000;
const DAY_MS = 86_400_000;

/** How much time the bar can show. */
export const SPANS = [
  { ms: 15 * MINUTE_MS, words: "15 min" },
  { ms: HOUR_MS, words: "1 h" },
  { ms: 6 * HOUR_MS, words: "6 h" },
  { ms: DAY_MS, words: "24 h" },
  { ms: 7 * DAY_MS, words: "7 d" },
] as const;

export interface Span {
  readonly from: number;
  readonly to: number;
}

export interface TimeScale extends Span {
  readonly left: number;
  readonly right: number;
  /** Instant to pixels, kept within the line. */
  toX(instant: number): number;
  /** Pixels to whole milliseconds, kept within the span. */
  toInstant(x: number): number;
}

export function timeScale({ from, to }: Span, left: number, right: number): TimeScale {
  const share = (value: number, low: number, high: number) =>
    Math.min(1, Math.max(0, (value - low) / Math.max(1, high - low)));
  return {
    from,
    to,
    left,
    right,
    toX: (instant) => left + share(instant, from, to) * (right - left),
    toInstant: (x) => Math.round(from + share(x, left, right) * (to - from)),
  };
}

/** About a pixel each. */
const LIVE_STEPS = 900;

/** The end of what is shown live: it moves by a pixel at a time, and not with every redraw. */
export function liveEnd(now: number, spanMs: number): number {
  const step = Math.max(1_000, Math.floor(spanMs / LIVE_STEPS / 1_000) * 1_000);
  return Math.ceil(now / step) * step;
}

/** Where a cursor stands that was put into the bar from elsewhere: what follows on it is in view, as far as there is any. */
const CURSOR_SHARE = 0.6;

/** The span to show so that `at` is in it: as it is, if it is; never beyond the present. */
export function spanAround(shown: Span, at: number, now: number): Span {
  if (shown.from <= at && at <= shown.to) return shown;
  const spanMs = shown.to - shown.from;
  const to = Math.min(liveEnd(now, spanMs), Math.round(at + spanMs * (1 - CURSOR_SHARE)));
  return { from: to - spanMs, to };
}

/** Another length of time with the instant at the same place, as far as the present lets it. */
export function zoomed(shown: Span, spanMs: number, at: number, now: number): Span {
  const share = (at - shown.from) / Math.max(1, shown.to - shown.from);
  const to = Math.min(liveEnd(now, spanMs), Math.round(at + spanMs * (1 - share)));
  return { from: to - spanMs, to };
}

const STEPS_MS = [1, 2, 5, 10, 30, 60, 180, 360, 720, 1_440].map((minutes) => minutes * MINUTE_MS);
const TICK_PX = 84;

/** Instants to write under the line, as many as have room; whole minutes, hours or days of UTC. */
export function tickInstants({ from, to, left, right }: TimeScale): readonly number[] {
  const room = Math.max(1, Math.floor((right - left) / TICK_PX));
  const step = STEPS_MS.find((each) => (to - from) / each <= room) ?? DAY_MS * Math.ceil((to - from) / DAY_MS / room);
  const margin = ((to - from) / Math.max(1, right - left)) * 16;
  const ticks: number[] = [];
  for (let at = Math.ceil((from + margin) / step) * step; at < to - margin; at += step) ticks.push(at);
  return ticks;
}

/** `06:50`; with the day where the span is longer than one. */
export function tickWords(at: number, spanMs: number, zone: Zone): string {
  if (spanMs <= DAY_MS) return formatClock(at, zone).slice(0, 5);
  return formatInstant(at, zone, 0)
    .replace(/\u00a0\d{4} /, " ")
    .slice(0, -3);
}
