/** What may be dropped from the journal: decided on facts alone, oldest first, whole sealed segments only. */
import type { StreamName } from "#server/contract/event.ts";
import type { EpochMs } from "#server/kernel/clock.ts";
import type { ChainName } from "./chains.ts";

export interface RetentionRules {
  /** Age from which what was seen may go. */
  readonly keepMs: number;
  /** Age from which what operators did, and the console's own events, may go. */
  readonly keepOperatorMs: number;
  /** Whole size of the journal. Beyond it what was seen goes sooner, and only that. */
  readonly maxBytes: number;
  /** So many of the newest events that were seen stay; of those before them more goes. `null` = no bound. */
  readonly keepEvents?: number | null;
}

/** `age`: kept long enough. `size`: the journal is larger than it may be. `count`: it holds more events than asked for. */
export type DropReason = "age" | "size" | "count";

/** A segment that takes no more events. */
export interface SealedFacts {
  readonly bytes: number;
  readonly events: number;
  /** When its newest event was observed. */
  readonly lastObservedAt: number;
  /** Last number of every stream that has events in it. */
  readonly touched: ReadonlyMap<StreamName, number>;
}

export interface RetentionFacts {
  readonly now: EpochMs;
  /** Of everything that counts against `maxBytes`. */
  readonly totalBytes: number;
  /** Of what was seen, those being written included. */
  readonly observedEvents: number;
  /** Oldest first. */
  readonly sealed: Readonly<Record<ChainName, readonly SealedFacts[]>>;
  /** Whether a snapshot holds what the stream's events up to this number have come to. */
  readonly isCovered: (stream: StreamName, seq: number) => boolean;
  /** More are left for the next time. */
  readonly segmentsMax: number;
}

/** The oldest `count` segments that the chain has left. */
export interface PlannedDrop {
  readonly chain: ChainName;
  readonly count: number;
  readonly why: DropReason;
}

export interface RetentionPlan {
  /** To be done in this order. */
  readonly drops: readonly PlannedDrop[];
  /** Streams without a snapshot that covers what is due. What is newer in their chain waits too. */
  readonly waiting: readonly StreamName[];
  /** `segmentsMax` has cut it short. */
  readonly more: boolean;
  /** Bytes beyond `maxBytes` when everything that may go has gone; 0 when it is enough. */
  readonly overBytes: number;
}

/**
 * First what is old enough, of both chains; then, while the journal is too large, the oldest that was observed; then of
 * that what lies before the newest `keepEvents`. What operators did goes by age alone.
 */
export function planRetention(facts: RetentionFacts, rules: RetentionRules): RetentionPlan {
  const { operator, observed } = facts.sealed;
  const oldOperator = agedCount(operator, facts.now - rules.keepOperatorMs);
  const oldObserved = agedCount(observed, facts.now - rules.keepMs);
  const aged = bytesOf(operator.slice(0, oldOperator)) + bytesOf(observed.slice(0, oldObserved));
  const excess = facts.totalBytes - aged - rules.maxBytes;
  const crowded = crowdedCount(observed.slice(oldObserved), excess);
  const sized = oldObserved + crowded;
  const surplus = surplusCount(observed, sized, facts.observedEvents - (rules.keepEvents ?? Number.POSITIVE_INFINITY));
  const waiting = new Set<StreamName>();
  const operatorReady = coveredCount(operator.slice(0, oldOperator), facts, waiting);
  const observedReady = coveredCount(observed.slice(0, sized + surplus), facts, waiting);
  const ready: readonly PlannedDrop[] = [
    { chain: "operator", count: operatorReady, why: "age" },
    { chain: "observed", count: Math.min(observedReady, oldObserved), why: "age" },
    { chain: "observed", count: Math.max(0, Math.min(observedReady, sized) - oldObserved), why: "size" },
    { chain: "observed", count: Math.max(0, observedReady - sized), why: "count" },
  ];
  return {
    drops: firstOf(ready, facts.segmentsMax),
    waiting: [...waiting].sort(),
    more: operatorReady + observedReady > facts.segmentsMax,
    overBytes: Math.max(0, excess - bytesOf(observed.slice(oldObserved, sized + surplus))),
  };
}

const bytesOf = (segments: readonly SealedFacts[]): number => segments.reduce((sum, { bytes }) => sum + bytes, 0);

/** How many from the oldest on hold nothing younger than that. */
function agedCount(segments: readonly SealedFacts[], before: number): number {
  const young = segments.findIndex(({ lastObservedAt }) => lastObservedAt >= before);
  return young < 0 ? segments.length : young;
}

/** How many from the oldest on are to go for so many bytes; all when that is not enough. */
function crowdedCount(segments: readonly SealedFacts[], excess: number): number {
  let left = excess;
  let count = 0;
  for (const { bytes } of segments) {
    if (left <= 0) break;
    left -= bytes;
    count += 1;
  }
  return count;
}

/** How many behind the first `gone` hold only events that are in excess: never one of the newest. */
function surplusCount(segments: readonly SealedFacts[], gone: number, excess: number): number {
  let left = excess - segments.slice(0, gone).reduce((sum, { events }) => sum + events, 0);
  let count = 0;
  for (const { events } of segments.slice(gone)) {
    if (events > left) break;
    left -= events;
    count += 1;
  }
  return count;
}

/** How many from the oldest on snapshots cover; what they do not cover of the next is added to `waiting`. */
function coveredCount(
  segments: readonly SealedFacts[],
  { isCovered }: RetentionFacts,
  waiting: Set<StreamName>,
): number {
  const bare = ({ touched }: SealedFacts) => [...touched].filter(([stream, seq]) => !isCovered(stream, seq));
  const count = segments.findIndex((segment) => bare(segment).length > 0);
  if (count < 0) return segments.length;
  for (const segment of segments.slice(count)) for (const [stream] of bare(segment)) waiting.add(stream);
  return count;
}

function firstOf(drops: readonly PlannedDrop[], segmentsMax: number): readonly PlannedDrop[] {
  let left = segmentsMax;
  return drops.flatMap((drop) => {
    const count = Math.min(drop.count, left);
    left -= count;
    return count === 0 ? [] : [{ ...drop, count }];
  });
}
