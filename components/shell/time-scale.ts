/** The last hour on a line; pure arithmetic. */
const HOUR_MS = 3_600_000;
const STEP_MS = 10 * 60_000;

export interface TimeScale {
  /** First instant shown. */
  readonly start: number;
  readonly end: number;
  readonly left: number;
  readonly right: number;
  /** Instant to pixels, kept within the line. */
  toX(instant: number): number;
}

/** `now` is taken to whole seconds, so that the picture moves once a second and not with every redraw. */
export function timeScale({ from, to, now }: { from: number; to: number; now: number }): TimeScale {
  const end = Math.floor(now / 1_000) * 1_000;
  const start = end - HOUR_MS;
  const toX = (instant: number) => from + Math.min(1, Math.max(0, (instant - start) / HOUR_MS)) * (to - from);
  return { start, end, left: from, right: to, toX };
}

/** Every ten minutes of the hour, leaving the ends free for their neighbours. */
export function tickInstants({ start, end }: TimeScale): readonly number[] {
  const first = Math.ceil((start + 60_000) / STEP_MS) * STEP_MS;
  const ticks: number[] = [];
  for (let at = first; at < end - 60_000; at += STEP_MS) ticks.push(at);
  return ticks;
}
