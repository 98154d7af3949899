/** Days of UTC, in which points are kept together. */
export const DAY_MS = 86_400_000;

/** Since 1970-01-01. */
export const dayOf = (at: number): number => Math.floor(at / DAY_MS);

/** As `2026-11-22`. */
export const dayText = (day: number): string => new Date(day * DAY_MS).toISOString().slice(0, 10);

/** Days of a span, the newest first; at most `limit`. */
export function daysOf(from: number, to: number, limit: number): readonly number[] {
  const last = dayOf(to);
  const count = Math.min(limit, last - dayOf(from) + 1);
  return Array.from({ length: Math.max(0, count) }, (_, back) => last - back);
}
