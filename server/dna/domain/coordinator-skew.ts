/**
 * How far the clocks of the database's coordinators are apart, estimated from beats whose instant we know ourselves.
 *
 * The age of a write is told by two coordinators: the one that took the write and the one that answers now. When we saw
 * the value change, the true age is known to lie within the reads around it; the difference is the skew of the two.
 * Ages below 0 reach us as 0, so a writer that is ahead shows only as an age that stays 0.
 */
import type { MonotonicMs } from "#server/kernel/clock.ts";
import type { IncarnationId } from "./identity.ts";
import type { ClusterSightings } from "./liveness.ts";

/** Width of the window of a beat beyond which it measures nothing useful. */
const WINDOW_MAX_MS = 4_000;
/** A known age above this that is told as 0 shows a writer ahead of the reader, by more than can be told. */
const CLAMPED_FROM_MS = 2_000;
/** Measures older than this say nothing about now. */
const MEASURE_KEPT_MS = 60_000;

export type CoordinatorSkew =
  /** No beat was seen whose write time could be compared. */
  | { readonly kind: "unknown" }
  /** Signed, the worst of the last minute; right to about half the distance of two reads. */
  | { readonly kind: "estimated"; readonly ms: number }
  /** The writer's clock is ahead by at least this much, how much more cannot be told. */
  | { readonly kind: "beyond"; readonly atLeastMs: number };

interface Window {
  readonly earliest: MonotonicMs;
  readonly latest: MonotonicMs;
}

interface Measure {
  readonly at: MonotonicMs;
  readonly ms: number;
  readonly clamped: boolean;
}

/** What is remembered of the beats of one cluster. */
export interface SkewWatch {
  readonly beats: ReadonlyMap<IncarnationId, Window>;
  readonly measures: ReadonlyMap<IncarnationId, Measure>;
}

export const EMPTY_SKEW_WATCH: SkewWatch = { beats: new Map(), measures: new Map() };

/** Start and end of one successful read. */
export interface ReadTimes {
  readonly startedAt: MonotonicMs;
  readonly endedAt: MonotonicMs;
}

/** Takes the measures of one read, given what was known of the cluster before and after it. Pure. */
export function observeSkew(
  watch: SkewWatch,
  before: ClusterSightings,
  after: ClusterSightings,
  read: ReadTimes,
): SkewWatch {
  const beats = new Map<IncarnationId, Window>();
  const measures = new Map<IncarnationId, Measure>();
  for (const [id, sighting] of after.sightings) {
    const known = watch.measures.get(id);
    if (known !== undefined && read.startedAt - known.at <= MEASURE_KEPT_MS) measures.set(id, known);
    if (sighting.lastBeatAt === null || sighting.writeAgeMs === null) continue;
    const changed = sighting.lastBeatAt === read.startedAt && before.lastReadAt !== null;
    const window = changed ? { earliest: before.lastReadAt, latest: read.endedAt } : watch.beats.get(id);
    if (window === undefined) continue;
    beats.set(id, window);
    const measure = measured(window, sighting.writeAgeMs, read);
    if (measure !== null) measures.set(id, measure);
  }
  return { beats, measures };
}

function measured(window: Window, writeAgeMs: number, read: ReadTimes): Measure | null {
  const lowestMs = Math.max(0, read.startedAt - window.latest);
  const highestMs = read.endedAt - window.earliest;
  if (highestMs - lowestMs > WINDOW_MAX_MS) return null;
  if (writeAgeMs > 0) {
    return { at: read.startedAt, ms: writeAgeMs - (lowestMs + highestMs) / 2, clamped: false };
  }
  return lowestMs > CLAMPED_FROM_MS ? { at: read.startedAt, ms: -lowestMs, clamped: true } : null;
}

/** The worst of the kept measures of all given clusters, as of `now`. */
export function skewOf(watches: Iterable<SkewWatch>, now: MonotonicMs): CoordinatorSkew {
  let worst: CoordinatorSkew = { kind: "unknown" };
  for (const watch of watches) {
    for (const measure of watch.measures.values()) {
      if (now - measure.at > MEASURE_KEPT_MS) continue;
      worst = worse(worst, measure);
    }
  }
  return worst;
}

/** Without its sign, for people; of one that is beyond measure what is known of it. `null` = not known. */
export function skewMsOf(skew: CoordinatorSkew): number | null {
  if (skew.kind === "unknown") return null;
  return Math.round(skew.kind === "beyond" ? skew.atLeastMs : Math.abs(skew.ms));
}

function worse(worst: CoordinatorSkew, measure: Measure): CoordinatorSkew {
  if (measure.clamped) {
    const atLeastMs = worst.kind === "beyond" ? Math.max(worst.atLeastMs, -measure.ms) : -measure.ms;
    return { kind: "beyond", atLeastMs };
  }
  if (worst.kind === "beyond") return worst;
  if (worst.kind === "estimated" && Math.abs(worst.ms) >= Math.abs(measure.ms)) return worst;
  return { kind: "estimated", ms: measure.ms };
}
