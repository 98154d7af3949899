/** What the numbers of the nodes themselves warn of. Pure; instants are of one monotonic clock, in ms. */
import type { MonotonicMs } from "#server/kernel/clock.ts";
import { type Incarnation, sameIncarnation } from "./identity.ts";

/** A node that has not finished a refresh for this long is late; from 10 s on a request may halt its VM. */
export const LATE_REFRESH_MS = 7_000;
/** A fall of the running instances is one of this share within `FALL_WITHIN_MS`. */
const FALL_SHARE = 0.9;
export const FALL_WITHIN_MS = 10_000;
/** Where counts are taken less often, two that follow one another are compared up to this distance. */
const FALL_BETWEEN_MAX_MS = 20_000;
/** Fewer instances than this come and go by themselves. */
const FALL_MIN_BEFORE = 20;
/** Counts kept of one node. */
const COUNTS_KEPT = 12;

/** One count of the running instances of a node. */
export interface RunningCount {
  readonly at: MonotonicMs;
  readonly incarnation: Incarnation;
  readonly running: number;
}

export interface CountFall {
  readonly before: number;
  readonly after: number;
  readonly withinMs: number;
}

/** The counts with one more, of the same incarnation only, oldest first. */
export function withCount(counts: readonly RunningCount[], next: RunningCount): readonly RunningCount[] {
  const same = counts.filter((count) => sameIncarnation(count.incarnation, next.incarnation));
  return [...same, next].slice(-COUNTS_KEPT);
}

/**
 * Whether the last count shows that all but at most a tenth of the instances ended within 10 s under one incarnation:
 * one partition's supervisor gave up, and with it all of them (cleaton/dna@9b5aab5 lib/dna/server.ex, `one_for_all`).
 * Where counts are further apart the last two are compared.
 */
export function countFall(counts: readonly RunningCount[]): CountFall | null {
  const last = counts.at(-1);
  const previous = counts.at(-2);
  if (last === undefined || previous === undefined) return null;
  const near = counts.slice(0, -1).filter(({ at }) => last.at - at <= FALL_WITHIN_MS);
  const compared = near.length > 0 ? near : last.at - previous.at <= FALL_BETWEEN_MAX_MS ? [previous] : [];
  let fall: CountFall | null = null;
  for (const { at, running } of compared) {
    if (running < FALL_MIN_BEFORE || last.running > running * (1 - FALL_SHARE)) continue;
    if (fall === null || running > fall.before) fall = { before: running, after: last.running, withinMs: last.at - at };
  }
  return fall;
}

/** Whether a node's refresh is overdue: `null` = it has never refreshed, which a healthy one does within its first second. */
export const isLateRefresh = (lastRefreshMs: number | null): boolean =>
  lastRefreshMs === null || lastRefreshMs > LATE_REFRESH_MS;
