/** How long a plan may wait before it needs a person: as configured by class. */
import type { PlanFold } from "#server/contract/fold/dynflow.ts";

/** What is configured; minutes by action class, where `*` at the end of a class stands for any rest. */
export interface Patience {
  readonly suspendedMinutes: Readonly<Record<string, number>>;
}

export const USUAL_PATIENCE: Patience = { suspendedMinutes: {} };

const MINUTE_MS = 60_000;
const SUSPENDED_LATE_MS = 60 * MINUTE_MS;

/**
 * Nothing of a suspended plan moved for so long: as given to its root action's class, else to its label, else an hour.
 * Of the patterns that match the longest counts, and a whole name before any pattern.
 */
export function suspendedLateMs(
  { suspendedMinutes }: Patience,
  { rootActionClass, label }: Pick<PlanFold, "rootActionClass" | "label">,
): number {
  const pattern = closest(suspendedMinutes, rootActionClass) ?? closest(suspendedMinutes, label);
  const minutes = pattern === null ? undefined : suspendedMinutes[pattern];
  return minutes === undefined ? SUSPENDED_LATE_MS : minutes * MINUTE_MS;
}

function closest(classes: Patience["suspendedMinutes"], name: string | null): string | null {
  let best: string | null = null;
  for (const pattern of Object.keys(classes)) {
    if (matches(pattern, name) && (best === null || weightOf(pattern) > weightOf(best))) best = pattern;
  }
  return best;
}

const weightOf = (pattern: string): number => (pattern.endsWith("*") ? pattern.length : Number.POSITIVE_INFINITY);

const matches = (pattern: string, name: string | null): boolean =>
  name !== null && (pattern.endsWith("*") ? name.startsWith(pattern.slice(0, -1)) : name === pattern);
