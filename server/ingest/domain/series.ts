/** An hour of one number, in steps of ten seconds: the mean of what came in each. */
export const SERIES_SPAN_MS = 3_600_000;
export const SERIES_STEP_MS = 10_000;
const STEPS = SERIES_SPAN_MS / SERIES_STEP_MS;

export interface SeriesPoint {
  /** Begin of the step, epoch ms. */
  readonly at: number;
  readonly mean: number;
  readonly count: number;
}

export interface Series {
  add(value: number, receivedAt: number): void;
  /** Steps in which something came, within the hour before `now`, oldest first. */
  points(now: number): readonly SeriesPoint[];
}

/** A ring of steps that is written over when its hour has gone by. */
export function createSeries(): Series {
  const steps = new Float64Array(STEPS).fill(-1);
  const sums = new Float64Array(STEPS);
  const counts = new Uint32Array(STEPS);
  return {
    add(value, receivedAt) {
      const step = Math.floor(receivedAt / SERIES_STEP_MS);
      const place = step % STEPS;
      const held = steps[place] ?? -1;
      // What comes with an older time than what is there (a clock that was set back) is not kept.
      if (step < held) return;
      if (step > held) {
        steps[place] = step;
        sums[place] = 0;
        counts[place] = 0;
      }
      sums[place] = (sums[place] ?? 0) + value;
      counts[place] = (counts[place] ?? 0) + 1;
    },
    points(now) {
      const last = Math.floor(now / SERIES_STEP_MS);
      const found: SeriesPoint[] = [];
      for (let step = last - STEPS + 1; step <= last; step += 1) {
        const place = step % STEPS;
        const count = counts[place] ?? 0;
        if (steps[place] !== step || count === 0) continue;
        found.push({ at: step * SERIES_STEP_MS, mean: (sums[place] ?? 0) / count, count });
      }
      return found;
    },
  };
}

/** Fields of a body that are numbers, at its top: what is drawn and counted. At most so many. */
export function numbersOf(
  body: Readonly<Record<string, unknown>>,
  limit: number,
): readonly (readonly [string, number])[] {
  const found: [string, number][] = [];
  for (const [name, value] of Object.entries(body)) {
    if (found.length >= limit) break;
    if (typeof value === "number" && Number.isFinite(value)) found.push([name, value]);
  }
  return found;
}
