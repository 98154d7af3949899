import type { SilenceFacts } from "#server/contract/alerts.ts";
import type { EventActor, JournalEvent } from "#server/contract/event.ts";
import type { EpochMs } from "#server/kernel/clock.ts";

export interface SilenceFold extends SilenceFacts {
  readonly by: EventActor | null;
  readonly at: EpochMs;
}

export interface SilencesFold {
  /** By id, at most `SILENCES_MAX`, the latest; also those that have run out. */
  readonly silences: Readonly<Record<string, SilenceFold>>;
}

export const SILENCES_MAX = 200;

/** Pure and total; an event of another kind changes nothing. */
export function reduceSilences<T extends SilencesFold>(state: T, event: JournalEvent): T {
  switch (event.kind) {
    case "alert.silenced": {
      const silence = { ...event.body, by: event.actor, at: event.observedAt };
      const others = Object.entries(state.silences).filter(([id]) => id !== event.subject);
      const kept = others.toSorted(([, a], [, b]) => a.at - b.at).slice(-(SILENCES_MAX - 1));
      return { ...state, silences: Object.fromEntries([...kept, [event.subject, silence]]) };
    }
    case "alert.unsilenced": {
      const { [event.subject]: _ended, ...kept } = state.silences;
      return { ...state, silences: kept };
    }
    default:
      return state;
  }
}
