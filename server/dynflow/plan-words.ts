/** What plans are called and how they stand, for lists of ids that came from somewhere else. */
import type { DynflowStore } from "./ports.ts";

const PLANS_PER_READ = 500;

export interface PlanWords {
  readonly id: string;
  readonly label: string | null;
  readonly rootActionClass: string | null;
  /** As stored. */
  readonly state: string;
  readonly result: string;
}

/** By primary key; plans that are not there are left out. */
export async function planWords(
  store: Pick<DynflowStore, "plans">,
  ids: readonly string[],
): Promise<ReadonlyMap<string, PlanWords>> {
  const unique = [...new Set(ids)];
  const words = new Map<string, PlanWords>();
  for (let start = 0; start < unique.length; start += PLANS_PER_READ) {
    const { rows } = await store.plans({
      filter: {
        ids: unique.slice(start, start + PLANS_PER_READ),
        states: [],
        results: [],
        label: null,
        startedFrom: null,
        startedTo: null,
      },
      sort: "id",
      descending: false,
      limit: PLANS_PER_READ,
      from: null,
    });
    for (const { id, label, rootActionClass, state, result } of rows)
      words.set(id, { id, label, rootActionClass, state, result });
  }
  return words;
}
