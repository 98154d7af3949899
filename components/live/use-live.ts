"use client";
/** What pages see: the live feed, or the state as of the instant that the address names. */
import { replaceEqualDeep, skipToken, useQuery, useQueryClient } from "@tanstack/react-query";
import { useCallback, useRef, useSyncExternalStore } from "react";
import { useIsPast } from "#components/ui/instants.ts";
import type { LiveState } from "#server/contract/live.ts";
import type { EpochMs } from "#server/kernel/clock.ts";
import {
  LIVE_KEY,
  LIVE_OPTIONS,
  LIVE_STATUS_KEY,
  type LiveStatus,
  NOT_ASKED,
  PAST_KEY,
  tickerOf,
} from "./live-cache.ts";
import { type PastState, pastClockOf } from "./past.ts";

/**
 * A part of the state that is shown; `undefined` until the first snapshot and after the end. Redraws only when what is
 * selected has changed, by value. The selector must be pure; one that is not made anew at each drawing is not run for
 * nothing.
 */
export function useFold<T>(select: (state: LiveState) => T): T | undefined {
  return useSelected(useIsPast() ? PAST_KEY : LIVE_KEY, select);
}

/** The same of now, whatever instant is shown: for what concerns the console itself. */
export function useLiveFold<T>(select: (state: LiveState) => T): T | undefined {
  return useSelected(LIVE_KEY, select);
}

const NOTHING_KEY = ["past", "none"] as const;

/** A part of the past that is shown and that the live state does not have, as it stands there; `undefined` while live. */
export function usePast<T>(select: (state: PastState) => T): T | undefined {
  const queryKey = useIsPast() ? PAST_KEY : NOTHING_KEY;
  return useQuery<PastState, Error, T>({ queryKey, queryFn: skipToken, ...LIVE_OPTIONS, select }).data;
}

function useSelected<S, T>(queryKey: readonly string[], select: (state: S) => T): T | undefined {
  const last = useRef<T | undefined>(undefined);
  const shared = useCallback(
    (state: S): T => {
      const next: T = replaceEqualDeep(last.current, select(state));
      last.current = next;
      return next;
    },
    [select],
  );
  return useQuery<S, Error, T>({ queryKey, queryFn: skipToken, ...LIVE_OPTIONS, select: shared }).data;
}

/** How the feed stands. */
export function useLive(): LiveStatus {
  return useQuery<LiveStatus>({ queryKey: LIVE_STATUS_KEY, queryFn: skipToken, ...LIVE_OPTIONS }).data ?? NOT_ASKED;
}

const onServer = () => null;

/** The instant that is shown: the server's clock, moving once a second, or where the past stands; `null` before it is known. */
export function useNow(): EpochMs | null {
  const cache = useQueryClient();
  const clock = useIsPast() ? pastClockOf(cache) : tickerOf(cache);
  return useSyncExternalStore(clock.subscribe, clock.now, onServer);
}

/** The server's clock, whatever instant is shown; `null` before the page runs in a browser. */
export function useLiveNow(): EpochMs | null {
  const ticker = tickerOf(useQueryClient());
  return useSyncExternalStore(ticker.subscribe, ticker.now, onServer);
}
