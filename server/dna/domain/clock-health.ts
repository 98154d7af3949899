/**
 * How fast the clock of a VM runs beside that of the database: the advance of its heartbeat (its own monotonic time)
 * over the advance of the write time of that same cell, between two of its beats. 1 is well; far below 1
 * the VM stalls or its clock is slow, which a beat that arrives in time would hide.
 */
import type { IncarnationId } from "./identity.ts";

/** Beats are compared over as long as this, and said nothing of over less than the shortest: skew of coordinators. */
export const CLOCK_WINDOW_MS = 90_000;
const CLOCK_SPAN_MIN_MS = 20_000;

interface Beat {
  readonly heartbeatMs: number;
  readonly writtenAtMs: number;
}

/** Beats of the last `CLOCK_WINDOW_MS` by incarnation, oldest first. */
export type ClockWatch = ReadonlyMap<IncarnationId, readonly Beat[]>;

export const EMPTY_CLOCK_WATCH: ClockWatch = new Map();

export interface ClockRow {
  readonly id: IncarnationId;
  readonly heartbeat: bigint;
  /** By the coordinator that took the write, in ms since the epoch; `null` = not told. */
  readonly writtenAtMs: number | null;
}

/** Takes in one read; incarnations that it does not show are forgotten. */
export function observeClocks(before: ClockWatch, rows: readonly ClockRow[]): ClockWatch {
  const after = new Map<IncarnationId, readonly Beat[]>();
  for (const { id, heartbeat, writtenAtMs } of rows) {
    const known = before.get(id) ?? [];
    const last = known.at(-1);
    const heartbeatMs = Number(heartbeat);
    if (writtenAtMs === null || (last !== undefined && last.heartbeatMs === heartbeatMs)) {
      after.set(id, known);
      continue;
    }
    // Its clock went back, or an older write was read: what was measured before says nothing beside it.
    const follows = last !== undefined && heartbeatMs > last.heartbeatMs && writtenAtMs > last.writtenAtMs;
    const kept = follows ? known.filter((beat) => writtenAtMs - beat.writtenAtMs <= CLOCK_WINDOW_MS) : [];
    after.set(id, [...kept, { heartbeatMs, writtenAtMs }]);
  }
  return after;
}

/** `null` = too few beats, or over too short a time. */
export function clockHealthOf(watch: ClockWatch, id: IncarnationId): number | null {
  const beats = watch.get(id);
  const [first, last] = [beats?.[0], beats?.at(-1)];
  if (first === undefined || last === undefined) return null;
  const spanMs = last.writtenAtMs - first.writtenAtMs;
  if (spanMs < CLOCK_SPAN_MIN_MS) return null;
  return (last.heartbeatMs - first.heartbeatMs) / spanMs;
}
