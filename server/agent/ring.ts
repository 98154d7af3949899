/** What waits to be sent, bounded: what is newest of each kind stays longest. */
import type { JsonObject } from "#server/kernel/json.ts";

/** One measurement before it has a number. */
export interface Measurement {
  readonly type: string;
  readonly kind: string;
  readonly body: JsonObject;
}

export interface NumberedItem extends Measurement {
  /** From 1, one more for each item of this boot. */
  readonly seq: number;
  /** Epoch ms by this host's clock. */
  readonly at: number;
}

export interface ItemRing {
  add(item: Measurement, at: number): void;
  /** The oldest that wait, in order; they stay until they are settled. */
  oldest(limit: number): readonly NumberedItem[];
  /** These were answered for: taken, or refused for good. */
  settle(seqs: ReadonlySet<number>): void;
  size(): number;
  /** Items that had to make room, unsent, since the start. */
  lost(): number;
}

/** @param capacity items, at least 1 */
export function createItemRing(capacity: number): ItemRing {
  let items: NumberedItem[] = [];
  let nextSeq = 1;
  let lost = 0;

  /** The oldest that a newer one of its kind stands for; else the oldest. */
  function makeRoom(): void {
    const last = new Map<string, number>();
    for (const { seq, type, kind } of items) last.set(`${type} ${kind}`, seq);
    const dispensable = items.findIndex(({ seq, type, kind }) => last.get(`${type} ${kind}`) !== seq);
    items.splice(Math.max(0, dispensable), 1);
    lost += 1;
  }

  return {
    add({ type, kind, body }, at) {
      items.push({ seq: nextSeq, at, type, kind, body });
      nextSeq += 1;
      while (items.length > capacity) makeRoom();
    },
    oldest: (limit) => items.slice(0, limit),
    settle(seqs) {
      items = items.filter(({ seq }) => !seqs.has(seq));
    },
    size: () => items.length,
    lost: () => lost,
  };
}
