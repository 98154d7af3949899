/** A bounded queue in memory that never blocks: what does not fit pushes something out, and that is counted. */
import type { EpochMs } from "#server/kernel/clock.ts";
import { roughSize } from "./domain/rough-size.ts";
import type { Envelope } from "./ports.ts";

/** Of one queue, whatever its capacity in items. */
const QUEUE_BYTES_MAX = 32 * 1024 * 1024;

export interface MemoryQueue {
  push(items: readonly Envelope[]): void;
  /** Takes up to so many out of the queue, oldest first. */
  take(limit: number): readonly Envelope[];
  queued(): number;
  oldestAt(): EpochMs | null;
  /** Items pushed out since the start. */
  dropped(): number;
}

interface Entry {
  readonly item: Envelope;
  readonly key: string;
  readonly bytes: number;
}

/** @param overflow `keep-latest`: of an agent's items of one type and kind the newest stay */
export function createMemoryQueue(capacity: number, overflow: "keep-latest" | "drop-oldest"): MemoryQueue {
  let entries: Entry[] = [];
  let bytes = 0;
  let dropped = 0;
  /** How many wait of each key. */
  const waiting = new Map<string, number>();

  function add(entry: Entry): void {
    entries.push(entry);
    bytes += entry.bytes;
    waiting.set(entry.key, (waiting.get(entry.key) ?? 0) + 1);
  }
  function removed({ key, bytes: size }: Entry): void {
    bytes -= size;
    const left = (waiting.get(key) ?? 1) - 1;
    if (left === 0) waiting.delete(key);
    else waiting.set(key, left);
  }
  function shrink(): void {
    if (overflow === "keep-latest" && waiting.size < entries.length) keepLatest();
    while (entries.length > capacity || (bytes > QUEUE_BYTES_MAX && entries.length > 1)) {
      const first = entries.shift();
      if (first === undefined) return;
      removed(first);
      dropped += 1;
    }
  }
  function keepLatest(): void {
    const met = new Set<string>();
    const kept: Entry[] = [];
    for (const entry of entries.toReversed()) {
      if (met.has(entry.key)) {
        removed(entry);
        dropped += 1;
      } else {
        met.add(entry.key);
        kept.push(entry);
      }
    }
    entries = kept.reverse();
  }

  return {
    push(items) {
      for (const item of items) {
        add({ item, key: `${item.agentId}\n${item.type}\n${item.kind}`, bytes: roughSize(item.body) });
        if (entries.length > capacity || bytes > QUEUE_BYTES_MAX) shrink();
      }
    },
    take(limit) {
      const taken = entries.splice(0, limit);
      for (const entry of taken) removed(entry);
      return taken.map(({ item }) => item);
    },
    queued: () => entries.length,
    oldestAt: () => entries[0]?.item.receivedAt ?? null,
    dropped: () => dropped,
  };
}
