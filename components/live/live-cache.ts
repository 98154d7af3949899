/** Where the live state lies in React Query's cache, and how it gets there. */
import type { QueryClient } from "@tanstack/react-query";
import type { LiveState } from "#server/contract/live.ts";
import type { EpochMs } from "#server/kernel/clock.ts";
import { type FeedPhase, type FeedState, toServerTime } from "./feed-state.ts";
import { createTicker, type Ticker } from "./ticker.ts";

export const LIVE_KEY = ["live"] as const;
export const LIVE_STATUS_KEY = ["live-status"] as const;
/** The state as of the instant that is shown, while it is not now; see `past.ts`. */
export const PAST_KEY = ["past", "state"] as const;

/** How the feed stands; changes only when that does, not with every message. */
export interface LiveStatus {
  readonly phase: FeedPhase;
  /** When it came to be so, by the server's clock as far as it is known; `null` before a page has asked. */
  readonly since: EpochMs | null;
  /** Why it ended. */
  readonly reason: string | null;
  /** Server's clock less this browser's. */
  readonly offsetMs: number | null;
}

export const NOT_ASKED: LiveStatus = { phase: "connecting", since: null, reason: null, offsetMs: null };

/** Reducers keep the identity of what did not change: comparing the whole state again would cost and find the same. */
export const LIVE_OPTIONS = {
  structuralSharing: false,
  staleTime: Number.POSITIVE_INFINITY,
  gcTime: Number.POSITIVE_INFINITY,
} as const;

const tickers = new WeakMap<QueryClient, Ticker>();

/** The one clock of a cache. */
export function tickerOf(cache: QueryClient): Ticker {
  const known = tickers.get(cache);
  if (known !== undefined) return known;
  const ticker = createTicker();
  tickers.set(cache, ticker);
  return ticker;
}

/** Puts a state of the feed into the cache. When the feed has ended, everything else that was read goes too. */
export function publish(cache: QueryClient, state: FeedState): void {
  if (state.offsetMs !== null) tickerOf(cache).setOffset(state.offsetMs);
  const known = cache.getQueryData<LiveStatus>(LIVE_STATUS_KEY);
  if (state.phase === "ended" && known?.phase !== "ended") forget(cache);
  if (state.live !== null) cache.setQueryData<LiveState>(LIVE_KEY, state.live);
  const next: LiveStatus = {
    phase: state.phase,
    since: toServerTime(state.since, state.offsetMs),
    reason: state.reason,
    offsetMs: state.offsetMs,
  };
  if (known === undefined || !isSame(known, next)) cache.setQueryData<LiveStatus>(LIVE_STATUS_KEY, next);
}

const isSame = (a: LiveStatus, b: LiveStatus): boolean =>
  a.phase === b.phase &&
  a.reason === b.reason &&
  a.offsetMs === b.offsetMs &&
  (a.since === b.since || a.phase === "live");

/** What is on the screen goes back to "not read"; what is read again is read as whoever is logged in now. */
function forget(cache: QueryClient): void {
  cache.getMutationCache().clear();
  // Not `type: "inactive"`: that would also take away what is on the screen without being fetched, as the live state is.
  cache.removeQueries({ predicate: (query) => query.getObserversCount() === 0 });
  void cache.resetQueries();
}
