/** The latest events in memory, so that a client that was away for a moment costs no read of the journal. */
import type { Positions } from "#server/contract/cursor.ts";
import type { JournalEvent } from "#server/contract/event.ts";

export interface EventRing {
  push(events: readonly JournalEvent[]): void;
  /** The events behind `from` up to `to` of the streams in `to`, in order within each; `null` when some have left the ring. */
  between(from: Positions, to: Positions): readonly JournalEvent[] | null;
}

export function createEventRing(eventsMax: number): EventRing {
  let ring: JournalEvent[] = [];
  return {
    push(events) {
      ring.push(...events);
      if (ring.length > 2 * eventsMax) ring = ring.slice(-eventsMax);
    },
    between(from, to) {
      const found = ring.slice(-eventsMax).filter((event) => {
        const end = to[event.stream];
        if (end === undefined) return false;
        const seq = BigInt(event.seq);
        return seq > seqOf(from, event.stream) && seq <= BigInt(end.seq);
      });
      return BigInt(found.length) === distance(from, to) ? found : null;
    },
  };
}

const seqOf = (positions: Positions, stream: string): bigint => BigInt(positions[stream]?.seq ?? "0");

/** How many events lie between: numbers have no gaps. */
export function distance(from: Positions, to: Positions): bigint {
  return Object.entries(to).reduce((sum, [stream, { seq }]) => sum + BigInt(seq) - seqOf(from, stream), 0n);
}
