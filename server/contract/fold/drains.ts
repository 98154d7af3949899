import { type DrainFold, drainKey } from "#server/contract/drain.ts";
import type { JournalEvent } from "#server/contract/event.ts";
import { own } from "./record.ts";

export interface DrainsFold {
  /** By `drainKey`, at most `DRAINS_MAX`, the latest. */
  readonly drains: Readonly<Record<string, DrainFold>>;
}

const DRAINS_MAX = 50;

/** Pure and total; an event of another kind changes nothing. */
export function reduceDrains<T extends DrainsFold>(state: T, event: JournalEvent): T {
  switch (event.kind) {
    case "dna.drain.step": {
      const { stream, incarnation, node, step, outcome, evidence } = event.body;
      const key = drainKey(stream, incarnation);
      const known = own(state.drains, key) ?? { stream, incarnation, node, since: event.observedAt, steps: {} };
      const record = { at: event.observedAt, by: event.actor, outcome, evidence };
      const drains = { ...state.drains, [key]: { ...known, steps: { ...known.steps, [step]: record } } };
      return { ...state, drains: bounded(drains) };
    }
    case "dna.drain.abandoned": {
      const { [drainKey(event.body.stream, event.body.incarnation)]: _abandoned, ...kept } = state.drains;
      return { ...state, drains: kept };
    }
    default:
      return state;
  }
}

function bounded(drains: DrainsFold["drains"]): DrainsFold["drains"] {
  const entries = Object.entries(drains);
  if (entries.length <= DRAINS_MAX) return drains;
  return Object.fromEntries(entries.toSorted(([, a], [, b]) => a.since - b.since).slice(-DRAINS_MAX));
}
