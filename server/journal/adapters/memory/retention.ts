/** Retention in memory: what one day added to a chain is its segment, sealed when the day is over. */
import { familyOf, type JournalEvent, type StreamName } from "#server/contract/event.ts";
import { type ChainName, chainOf } from "#server/journal/domain/chains.ts";
import {
  type PlannedDrop,
  planRetention,
  type RetentionRules,
  type SealedFacts,
} from "#server/journal/domain/retention.ts";
import type { RetentionOutcome } from "#server/journal/ports.ts";
import { type EpochMs, epochMs } from "#server/kernel/clock.ts";
import type { MemoryContent } from "./journal.ts";

const DAY_MS = 86_400_000;
const SEGMENTS_PER_CALL = 16;

interface Args {
  readonly rules: RetentionRules;
  readonly foldVersion: number;
  readonly now: EpochMs;
}

interface DaySegment extends SealedFacts {
  readonly held: readonly JournalEvent[];
}

export function retainInMemory(content: MemoryContent, { rules, foldVersion, now }: Args): RetentionOutcome {
  const plan = planRetention(
    {
      now,
      totalBytes: bytesOf([...content.streams.values()].flat()),
      observedEvents: observedEvents(content),
      sealed: { observed: sealedOf(content, "observed", now), operator: sealedOf(content, "operator", now) },
      isCovered: (stream, seq) =>
        familyOf(stream) === null ||
        content.snapshots.some(
          (snapshot) =>
            snapshot.stream === stream && snapshot.foldVersion === foldVersion && Number(snapshot.seq) >= seq,
        ),
      segmentsMax: SEGMENTS_PER_CALL,
    },
    rules,
  );
  for (const drop of plan.drops) apply(content, drop, now);
  return {
    dropped: [...content.unacknowledged],
    waiting: plan.waiting,
    more: plan.more,
    bytes: bytesOf([...content.streams.values()].flat()),
    overBytes: plan.overBytes,
  };
}

function apply(content: MemoryContent, { chain, count, why }: PlannedDrop, now: EpochMs): void {
  const going = sealedOf(content, chain, now).slice(0, count);
  const events = going.flatMap((segment) => segment.held);
  const droppedBefore = epochMs(Math.max(...going.map(({ lastObservedAt }) => lastObservedAt + 1)));
  for (const [stream, seq] of touchedBy(events)) {
    const kept = (content.streams.get(stream) ?? []).filter((event) => Number(event.seq) > seq);
    const last = events.findLast((event) => event.stream === stream);
    if (last !== undefined) content.lastDroppedAt.set(stream, last.observedAt);
    content.streams.set(stream, kept);
    content.dropped.set(stream, seq);
  }
  content.horizons.set(chain, droppedBefore);
  content.unacknowledged.push({
    id: `retention-${chain}-${droppedBefore}`,
    at: now,
    chain,
    streams: [...touchedBy(events).keys()].sort(),
    droppedBefore,
    events: events.length,
    bytes: bytesOf(events),
    why,
  });
}

function sealedOf({ streams }: MemoryContent, chain: ChainName, now: EpochMs): readonly DaySegment[] {
  const days = new Map<number, JournalEvent[]>();
  for (const event of [...streams.values()].flat()) {
    const day = Math.floor(event.observedAt / DAY_MS);
    if (chainOf(event.stream) !== chain || day >= Math.floor(now / DAY_MS)) continue;
    days.set(day, [...(days.get(day) ?? []), event]);
  }
  return [...days]
    .sort(([a], [b]) => a - b)
    .map(([, events]) => ({
      held: events,
      bytes: bytesOf(events),
      events: events.length,
      lastObservedAt: Math.max(...events.map(({ observedAt }) => observedAt)),
      touched: touchedBy(events),
    }));
}

const observedEvents = ({ streams }: MemoryContent): number =>
  [...streams].reduce((sum, [stream, events]) => (chainOf(stream) === "observed" ? sum + events.length : sum), 0);

function touchedBy(events: readonly JournalEvent[]): ReadonlyMap<StreamName, number> {
  const touched = new Map<StreamName, number>();
  for (const { stream, seq } of events) touched.set(stream, Math.max(touched.get(stream) ?? 0, Number(seq)));
  return touched;
}

const bytesOf = (events: readonly JournalEvent[]): number =>
  events.reduce((sum, event) => sum + Buffer.byteLength(JSON.stringify(event)), 0);
