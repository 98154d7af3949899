"use client";
/** What pages see of the live feed. */
import { replaceEqualDeep, skipToken, useQuery, useQueryClient } from "@tanstack/react-query";
import { useCallback, useRef, useSyncExternalStore } from "react";
import type { LiveState } from "#server/contract/live.ts";
import type { EpochMs } from "#server/kernel/clock.ts";
import { LIVE_KEY, LIVE_OPTIONS, LIVE_STATUS_KEY, type LiveStatus, NOT_ASKED, tickerOf } from "./live-cache.ts";

/**
 * A part of the live state; `undefined` until the first snapshot and after the end. Redraws only when what is selected
 * has changed, by value. The selector must be pure; one that is not made anew at each drawing is not run for nothing.
 */
export function useFold<T>(select: (state: LiveState) => T): T | undefined {
  const last = useRef<T | undefined>(undefined);
  const shared = useCallback(
    (state: LiveState): T => {
      const next: T = replaceEqualDeep(last.current, select(state));
      last.current = next;
      return next;
    },
    [select],
  );
  return useQuery<LiveState, Error, T>({ queryKey: LIVE_KEY, queryFn: skipToken, ...LIVE_OPTIONS, select: shared })
    .data;
}

/** How the feed stands. */
export function useLive(): LiveStatus {
  return useQuery<LiveStatus>({ queryKey: LIVE_STATUS_KEY, queryFn: skipToken, ...LIVE_OPTIONS }).data ?? NOT_ASKED;
}

const onServer = () => null;

/** The server's clock, moving once a second; `null` before the page runs in a browser. */
export function useNow(): EpochMs | null {
  const ticker = tickerOf(useQueryClient());
  return useSyncExternalStore(ticker.subscribe, ticker.now, onServer);
}
