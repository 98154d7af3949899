/** How far an agent's clock is from ours: received minus sent, the median of the last 20. Pure. */

const WINDOW = 20;
/** Before these are there a single slow way could be taken for a clock. */
const LEAST = 3;
/** Less cannot be told from the way. */
const OF_NOTE_MS = 1_000;
const OF_NOTE_SHARE = 0.1;

/** The last 20 differences, oldest first, in ms. */
export type SkewWindow = readonly number[];

export const addSkew = (window: SkewWindow, differenceMs: number): SkewWindow => [
  ...window.slice(1 - WINDOW),
  Math.round(differenceMs),
];

/** `null` = too few were measured to tell. */
export function medianSkew(window: SkewWindow): number | null {
  if (window.length < LEAST) return null;
  const sorted = window.toSorted((a, b) => a - b);
  const upper = sorted[Math.floor(sorted.length / 2)] ?? 0;
  const lower = sorted[Math.floor((sorted.length - 1) / 2)] ?? 0;
  return Math.round((lower + upper) / 2);
}

/** Whether it has drifted so far from what was told last that it is to be told again. */
export function isDriftOfNote(toldMs: number | null, nowMs: number): boolean {
  const told = toldMs ?? 0;
  return Math.abs(nowMs - told) >= Math.max(OF_NOTE_MS, Math.abs(told) * OF_NOTE_SHARE);
}
