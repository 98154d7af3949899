/** How fast blocks come, and how long it still takes. Pure. */

/** Paces are measured over this much of the past. */
export const PACE_SPAN_MS = 60_000;
const POINTS_MAX = 64;
/** A pace from less than this is no pace. */
const PACE_FROM_MS = 1_000;

export interface PacePoint {
  readonly atMs: number;
  readonly block: number;
}
export type Pace = readonly PacePoint[];

/** A block that went down begins anew: nothing before it says how fast it is now. */
export function observePace(before: Pace, point: PacePoint): Pace {
  const last = before.at(-1);
  if (last !== undefined && point.block < last.block) return [point];
  return [...before.filter(({ atMs }) => point.atMs - atMs <= PACE_SPAN_MS), point].slice(-POINTS_MAX);
}

/** Blocks a second over the span; `null` = too short to tell. */
export function blocksPerSecond(pace: Pace): number | null {
  const [first, last] = [pace[0], pace.at(-1)];
  if (first === undefined || last === undefined || last.atMs - first.atMs < PACE_FROM_MS) return null;
  return ((last.block - first.block) * 1_000) / (last.atMs - first.atMs);
}

/**
 * Time until `head` is reached, which moves on itself by a block every 3 s; `null` = never at this pace, or not known.
 */
export function leftMs(block: number, head: number | null, perSecond: number | null): number | null {
  if (head === null || perSecond === null) return null;
  if (block >= head) return 0;
  const nearing = perSecond - 1 / 3;
  return nearing <= 0 ? null : Math.round(((head - block) * 1_000) / nearing);
}

/** Which hundredth of the way a block is at. */
export const hundredth = (block: number, head: number | null): number =>
  head === null || head <= 0 ? 0 : Math.max(0, Math.min(100, Math.floor((block * 100) / head)));
