/** A receiver's queue on disk, read in order and settled piece by piece. What was not settled comes again after a restart. */
import type { EpochMs } from "#server/kernel/clock.ts";
import type { Envelope, Spool } from "./ports.ts";

export interface DiskQueue {
  /** Up to so many, oldest first; they stay in the queue until `done`. The same ones until then. */
  peek(limit: number): Promise<readonly Envelope[]>;
  /** The first so many of what was last peeked at are done with. */
  done(count: number): Promise<void>;
  queued(): number;
  oldestAt(): EpochMs | null;
}

interface Read {
  readonly item: Envelope;
  /** Set on the last item of a chunk: with it the chunk is settled. */
  readonly settles: number | null;
}

export function createDiskQueue(spool: Spool, receiver: string): DiskQueue {
  let readUpTo = 0;
  let ahead: readonly Read[] = [];
  /** Items of a chunk that is not settled whole yet. */
  let doneOfFirst = 0;
  let unsettled: number | null = null;

  return {
    async peek(limit) {
      if (ahead.length < limit) {
        for (const { id, items } of await spool.next(receiver, readUpTo, limit - ahead.length)) {
          const last = items.length - 1;
          ahead = [...ahead, ...items.map((item, index) => ({ item, settles: index === last ? id : null }))];
          readUpTo = id;
        }
      }
      return ahead.slice(0, limit).map(({ item }) => item);
    },
    async done(count) {
      const gone = ahead.slice(0, count);
      ahead = ahead.slice(count);
      for (const { settles } of gone) {
        doneOfFirst = settles === null ? doneOfFirst + 1 : 0;
        unsettled = settles ?? unsettled;
      }
      if (unsettled === null) return;
      await spool.settle(receiver, unsettled);
      unsettled = null;
    },
    queued: () => Math.max(0, spool.backlog(receiver).items - doneOfFirst),
    oldestAt: () => ahead[0]?.item.receivedAt ?? spool.backlog(receiver).oldestAt,
  };
}
