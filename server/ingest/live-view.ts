/**
 * What agents said last, in memory: the last value of each type and kind, the last raw messages, an hour of every number.
 * Bounded in agents, in kinds, in numbers and in bytes; whoever is forgotten is gone from here too.
 */
import type { Clock, EpochMs } from "#server/kernel/clock.ts";
import { roughSize } from "./domain/rough-size.ts";
import {
  createSeries,
  numbersOf,
  SERIES_SPAN_MS,
  SERIES_STEP_MS,
  type Series,
  type SeriesPoint,
} from "./domain/series.ts";
import type { AgentChange, Envelope, Receiver } from "./ports.ts";

export const TAIL_MESSAGES = 100;
const AGENTS_MAX = 5_000;
const KINDS_PER_AGENT_MAX = 64;
const NUMBERS_PER_KIND_MAX = 16;
const SERIES_MAX = 10_000;
/** Of raw messages, of one agent and of all: the oldest go first. */
const TAIL_BYTES_PER_AGENT_MAX = 1024 * 1024;
const TAIL_BYTES_MAX = 64 * 1024 * 1024;
/** Of what is kept as last values, of one agent and of all: of those heard longest ago they go first. */
const LAST_BYTES_PER_AGENT_MAX = 2 * 1024 * 1024;
const LAST_BYTES_MAX = 64 * 1024 * 1024;

export interface LiveSeries {
  readonly type: string;
  readonly kind: string;
  readonly field: string;
  readonly points: readonly SeriesPoint[];
}

export interface LiveView {
  /** The last of each type and kind, by type and kind. */
  last(agentId: string): readonly Envelope[];
  /** Newest first. */
  tail(agentId: string, limit: number): readonly Envelope[];
  /** The hour before now. */
  series(agentId: string): readonly LiveSeries[];
  /** Series for which there was no room, since the start. */
  seriesRefused(): number;
  /** The receiver that feeds it. */
  receiver(): Receiver;
}

interface Kept {
  readonly last: Map<string, { readonly item: Envelope; readonly bytes: number }>;
  readonly series: Map<
    string,
    { readonly type: string; readonly kind: string; readonly field: string; readonly series: Series }
  >;
  tail: { readonly item: Envelope; readonly bytes: number }[];
  tailBytes: number;
  lastBytes: number;
  /** When it was last heard. */
  heardAt: EpochMs;
}

export function createLiveView(clock: Clock): LiveView {
  /** In order of who was heard last. */
  const agents = new Map<string, Kept>();
  let seriesCount = 0;
  let refused = 0;
  let tailBytes = 0;
  let lastBytes = 0;
  let reclaimedAt = 0;

  function keptOf(agentId: string, heardAt: EpochMs): Kept {
    const bare = { last: new Map(), series: new Map(), tail: [], tailBytes: 0, lastBytes: 0, heardAt };
    const kept: Kept = agents.get(agentId) ?? bare;
    kept.heardAt = heardAt;
    agents.delete(agentId);
    agents.set(agentId, kept);
    const [oldest] = agents.keys();
    if (agents.size > AGENTS_MAX && oldest !== undefined) forget(oldest);
    return kept;
  }

  function forget(agentId: string): void {
    const kept = agents.get(agentId);
    if (kept === undefined) return;
    agents.delete(agentId);
    seriesCount -= kept.series.size;
    tailBytes -= kept.tailBytes;
    lastBytes -= kept.lastBytes;
  }

  function take(item: Envelope): void {
    const kept = keptOf(item.agentId, item.receivedAt);
    const bytes = roughSize(item.body);
    keepLast(kept, item, bytes);
    keepTail(kept, item, bytes);
    keepNumbers(kept, item);
  }

  function keepLast(kept: Kept, item: Envelope, bytes: number): void {
    const key = `${item.type}\n${item.kind}`;
    const before = kept.last.get(key);
    // What was sent again late does not take the place of what is newer.
    if (before !== undefined && before.item.bootId === item.bootId && before.item.seq > item.seq) return;
    kept.last.delete(key);
    kept.last.set(key, { item, bytes });
    kept.lastBytes += bytes - (before?.bytes ?? 0);
    lastBytes += bytes - (before?.bytes ?? 0);
    while (kept.last.size > KINDS_PER_AGENT_MAX || (kept.lastBytes > LAST_BYTES_PER_AGENT_MAX && kept.last.size > 1)) {
      dropLast(kept);
    }
    for (const other of lastBytes > LAST_BYTES_MAX ? agents.values() : []) {
      while (other !== kept && other.last.size > 0 && lastBytes > LAST_BYTES_MAX) dropLast(other);
    }
  }

  function dropLast(kept: Kept): void {
    const [oldest] = kept.last;
    if (oldest === undefined) return;
    kept.last.delete(oldest[0]);
    kept.lastBytes -= oldest[1].bytes;
    lastBytes -= oldest[1].bytes;
  }

  function keepTail(kept: Kept, item: Envelope, bytes: number): void {
    kept.tail.push({ item, bytes });
    kept.tailBytes += bytes;
    tailBytes += bytes;
    while (kept.tail.length > TAIL_MESSAGES || (kept.tailBytes > TAIL_BYTES_PER_AGENT_MAX && kept.tail.length > 1)) {
      dropOldest(kept);
    }
    for (const other of tailBytes > TAIL_BYTES_MAX ? agents.values() : []) {
      while (other.tail.length > (other === kept ? 1 : 0) && tailBytes > TAIL_BYTES_MAX) dropOldest(other);
    }
  }

  function dropOldest(kept: Kept): void {
    const gone = kept.tail.shift();
    kept.tailBytes -= gone?.bytes ?? 0;
    tailBytes -= gone?.bytes ?? 0;
  }

  function keepNumbers(kept: Kept, { type, kind, body, receivedAt }: Envelope): void {
    for (const [field, value] of numbersOf(body, NUMBERS_PER_KIND_MAX)) {
      const key = `${type}\n${kind}\n${field}`;
      let known = kept.series.get(key);
      if (known === undefined) {
        if (seriesCount >= SERIES_MAX) reclaim(receivedAt);
        if (seriesCount >= SERIES_MAX || kept.series.size >= KINDS_PER_AGENT_MAX * NUMBERS_PER_KIND_MAX) {
          refused += 1;
          continue;
        }
        known = { type, kind, field, series: createSeries() };
        kept.series.set(key, known);
        seriesCount += 1;
      }
      known.series.add(value, receivedAt);
    }
  }

  /** Of who has been silent for an hour no number has a point any more: its series are for others. */
  function reclaim(now: EpochMs): void {
    if (Math.abs(now - reclaimedAt) < SERIES_STEP_MS) return;
    reclaimedAt = now;
    for (const kept of agents.values()) {
      if (now - kept.heardAt <= SERIES_SPAN_MS) continue;
      seriesCount -= kept.series.size;
      kept.series.clear();
    }
  }

  return {
    last(agentId) {
      const items = [...(agents.get(agentId)?.last.values() ?? [])].map(({ item }) => item);
      return items.toSorted((a, b) => compare(a.type, b.type) || compare(a.kind, b.kind));
    },
    tail(agentId, limit) {
      const tail = agents.get(agentId)?.tail ?? [];
      return tail
        .slice(-limit)
        .reverse()
        .map(({ item }) => item);
    },
    series(agentId) {
      const now: EpochMs = clock.now();
      return [...(agents.get(agentId)?.series.values() ?? [])].flatMap(({ type, kind, field, series }) => {
        const points = series.points(now);
        return points.length === 0 ? [] : [{ type, kind, field, points }];
      });
    },
    seriesRefused: () => refused,
    receiver: () => ({
      async receive(batch) {
        for (const item of batch) take(item);
      },
      async agentChanged({ agentId, to }: AgentChange) {
        if (to === "forgotten") forget(agentId);
      },
      flush: async () => undefined,
      close: async () => undefined,
    }),
  };
}

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
