/** Words of agents. Pure. */
import { formatAgeMs } from "#components/ui/format.ts";

const SKEW_OF_NOTE_MS = 1_000;

/** Received minus sent: less than nothing means that its clock is ahead. */
export function skewText(skewMs: number | null): string {
  if (skewMs === null) return "–";
  if (Math.abs(skewMs) < SKEW_OF_NOTE_MS) return "in step";
  return `${formatAgeMs(Math.abs(skewMs))} ${skewMs < 0 ? "ahead" : "behind"}`;
}
