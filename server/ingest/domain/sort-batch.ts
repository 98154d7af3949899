/** What becomes of each item of a batch, before anything is written. */
import type { JsonObject } from "#server/kernel/json.ts";
import { bodyFault } from "./body-schemas.ts";
import type { Routing } from "./routing.ts";
import { observe, type SequenceWindow } from "./sequence-window.ts";

interface SortableItem {
  readonly seq: number;
  readonly type: string;
  readonly kind: string;
  readonly body: JsonObject;
}

export interface SortedItem<I> {
  readonly item: I;
  readonly receivers: readonly string[];
}

export interface ItemRefusal {
  readonly seq: number;
  readonly code: "unknown-type" | "unknown-kind" | "not-allowed" | "invalid-body" | "no-route";
  readonly path: string;
}

export interface SortedBatch<I> {
  readonly fresh: readonly SortedItem<I>[];
  readonly duplicates: number;
  readonly rejected: readonly ItemRefusal[];
  /** As it is once the batch is taken: numbers of rejected items have come, too. */
  readonly window: SequenceWindow;
}

export interface SortRules {
  readonly routing: Routing;
  /** Types that the sender may send; empty = all. */
  readonly allowedTypes: readonly string[];
}

/** Pure and total: what does not fit is an answer. */
export function sortBatch<I extends SortableItem>(
  items: readonly I[],
  window: SequenceWindow,
  receivedAt: number,
  rules: SortRules,
): SortedBatch<I> {
  const fresh: SortedItem<I>[] = [];
  const rejected: ItemRefusal[] = [];
  let duplicates = 0;
  let now = window;
  for (const item of items) {
    const judged = judge(item, rules);
    if ("code" in judged) rejected.push(judged);
    if (!Number.isSafeInteger(item.seq) || item.seq < 1) continue;
    const seen = observe(now, item.seq, receivedAt);
    now = seen.window;
    if ("code" in judged) continue;
    if (seen.fresh) fresh.push({ item, receivers: judged.receivers });
    else duplicates += 1;
  }
  return { fresh, duplicates, rejected, window: now };
}

function judge<I extends SortableItem>(item: I, { routing, allowedTypes }: SortRules): ItemRefusal | SortedItem<I> {
  const { seq, type, kind, body } = item;
  if (!Number.isSafeInteger(seq) || seq < 1) return { seq, code: "invalid-body", path: "seq" };
  if (allowedTypes.length > 0 && !allowedTypes.includes(type)) return { seq, code: "not-allowed", path: "type" };
  const destination = routing.destinationOf(type, kind);
  switch (destination.kind) {
    case "unknown-type":
      return { seq, code: "unknown-type", path: "type" };
    case "unknown-kind":
      return { seq, code: "unknown-kind", path: "kind" };
    case "no-route":
      return { seq, code: "no-route", path: "type" };
    default: {
      const path = destination.schema === null ? null : bodyFault(destination.schema, kind, body);
      return path === null ? { item, receivers: destination.receivers } : { seq, code: "invalid-body", path };
    }
  }
}
