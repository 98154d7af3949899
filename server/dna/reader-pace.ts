import { LATE_AFTER_MS, SILENT_AFTER_MS } from "#server/contract/diagram/dna-lifecycle.ts";
import type { MonotonicMs } from "#server/kernel/clock.ts";
import type { SourceWatch } from "./source-watch.ts";

/** Start to start of two regular reads. */
export const READ_PERIOD_MS = 2_000;
/** Wait after a failed read; constant, so that a source that is back is seen within seconds. */
export const RETRY_MS = 1_000;
/** Shortest distance of two reads, start to start. */
const READ_FLOOR_MS = 500;
/** Added to the instant at which somebody's silence reaches a threshold, so that the read is surely after it. */
const CROSSING_MARGIN_MS = 10;

/**
 * How long to wait for the next read: the period, or less when somebody's silence reaches 10 s or 20 s before, so that
 * a death is told within 13 s of it and not one period later.
 */
export function nextReadDelayMs(watch: SourceWatch, startedAt: MonotonicMs, now: MonotonicMs): number {
  let dueAt = startedAt + READ_PERIOD_MS;
  for (const { sightings } of watch.values()) {
    for (const sighting of sightings.sightings.values()) {
      if (sighting.quietSince === null || sighting.state === "silent" || sighting.state === "gone") continue;
      const thresholdMs = sighting.state === "late" ? SILENT_AFTER_MS : LATE_AFTER_MS;
      const crossingAt = sighting.quietSince + thresholdMs + CROSSING_MARGIN_MS;
      if (crossingAt > startedAt) dueAt = Math.min(dueAt, crossingAt);
    }
  }
  return Math.max(0, Math.max(dueAt, startedAt + READ_FLOOR_MS) - now);
}
