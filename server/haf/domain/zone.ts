/**
 * Times without a zone. `last_active_at` and the like are written in the writer's own zone and read in ours: a writer
 * elsewhere looks as if it lived in the future, or exactly a zone's offset ago. Pure.
 */
import type { EpochMs } from "#server/kernel/clock.ts";

/** Clocks of one host and its database differ by less. */
const FUTURE_FROM_MS = 60_000;
/** How close to a whole offset an age must be. */
const CLOSE_MS = 30_000;
/** Zones are apart by quarters of an hour, at most by 14 hours. */
const STEP_MS = 15 * 60_000;
const OFFSET_MAX_MS = 14 * 3_600_000;

export interface Activity {
  readonly lastActiveAt: EpochMs;
  readonly asOf: EpochMs;
}

export interface ZoneVerdict {
  /** To add to an age that was read, so that it is right; 0 = as it is. */
  readonly correctMs: number;
}

/**
 * @param newest the most active app now; `null` = there is none
 * @param before the same at the look before: an age that stays at an offset while the app goes on is the zone's
 */
export function zoneOf(newest: Activity | null, before: Activity | null): ZoneVerdict {
  if (newest === null) return { correctMs: 0 };
  const ageMs = newest.asOf - newest.lastActiveAt;
  const offsetMs = Math.round(ageMs / STEP_MS) * STEP_MS;
  if (offsetMs === 0 || Math.abs(offsetMs) > OFFSET_MAX_MS) return { correctMs: 0 };
  if (ageMs < -FUTURE_FROM_MS) return { correctMs: -offsetMs };
  const goesOn = before !== null && newest.lastActiveAt > before.lastActiveAt;
  return { correctMs: goesOn && Math.abs(ageMs - offsetMs) <= CLOSE_MS ? -offsetMs : 0 };
}

/** Whether it is further in the future than clocks go apart. */
export const isInFuture = ({ lastActiveAt, asOf }: Activity): boolean => lastActiveAt - asOf > FUTURE_FROM_MS;

export function newestOf(activities: readonly Activity[]): Activity | null {
  let newest: Activity | null = null;
  for (const activity of activities)
    if (newest === null || activity.lastActiveAt > newest.lastActiveAt) newest = activity;
  return newest;
}
