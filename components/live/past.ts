/** The state as of an instant of the past, in the same place and of the same shape as the live one. */
import type { QueryClient } from "@tanstack/react-query";
import type { JournalEvent } from "#server/contract/event.ts";
import type { LiveState } from "#server/contract/live.ts";
import type { NotKnown } from "#server/contract/wire/journal.ts";
import type { EpochMs } from "#server/kernel/clock.ts";
import { LIVE_OPTIONS, PAST_KEY } from "./live-cache.ts";

/** Samples are not kept, so there are none; `serverNow` is the instant: ages are as of it. */
export interface PastState extends LiveState {
  /** Streams of which the state cannot be told: they are in no fold, and that is not the same as empty. */
  readonly notKnown: readonly NotKnown[];
  /** Nothing observed before is kept; `null` = everything is. */
  readonly horizon: EpochMs | null;
  /** What had changed shortly before: newest first, and from when on all of it is here. */
  readonly recent: { readonly events: readonly JournalEvent[]; readonly knownFrom: number };
}

export interface PastClock {
  /** The instant of the state that is shown; `null` before there is one. */
  now(): EpochMs | null;
  subscribe(onChange: () => void): () => void;
  set(at: EpochMs | null): void;
}

const clocks = new WeakMap<QueryClient, PastClock>();

/** The clock of the past of a cache: it stands where the state stands. */
export function pastClockOf(cache: QueryClient): PastClock {
  const known = clocks.get(cache);
  if (known !== undefined) return known;
  const clock = createPastClock();
  cache.setQueryDefaults(PAST_KEY, LIVE_OPTIONS);
  clocks.set(cache, clock);
  return clock;
}

function createPastClock(): PastClock {
  const listeners = new Set<() => void>();
  let now: EpochMs | null = null;
  return {
    now: () => now,
    subscribe(onChange) {
      listeners.add(onChange);
      return () => void listeners.delete(onChange);
    },
    set(at) {
      if (now === at) return;
      now = at;
      for (const listener of listeners) listener();
    },
  };
}

/** Shows a state of the past. */
export function publishPast(cache: QueryClient, state: PastState): void {
  const clock = pastClockOf(cache);
  cache.setQueryData<PastState>(PAST_KEY, state);
  clock.set(state.serverNow);
}

/** Forgets it, once nothing shows it any more: the next look into the past does not begin with an old one. */
export function forgetPast(cache: QueryClient): void {
  cache.removeQueries({ queryKey: PAST_KEY, type: "inactive" });
  pastClockOf(cache).set(null);
}
