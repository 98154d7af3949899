"use client";
/** What the drawing parts see of the live feed. */
import { skipToken, useQuery, useQueryClient } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import { reduceFolds } from "#server/contract/fold/fold.ts";
import type { LiveMessage, LiveState } from "#server/contract/live.ts";
import type { EpochMs } from "#server/kernel/clock.ts";

export const LIVE_KEY = ["live"] as const;

/** A part of the live state; `undefined` until the first snapshot. The selector must be pure; equal results do not redraw. */
export function useFold<T>(select: (state: LiveState) => T): T | undefined {
  return useQuery<LiveState, Error, T>({ queryKey: LIVE_KEY, queryFn: skipToken, select }).data;
}

export interface LiveStatus {
  readonly phase: "connecting" | "live" | "lost" | "ended";
  readonly since: EpochMs | null;
  readonly reason: string | null;
}

/** How the feed stands. */
export function useLive(): LiveStatus {
  const known = useFold((state) => state.serverNow);
  return { phase: known === undefined ? "connecting" : "live", since: null, reason: null };
}

const TICK_MS = 1_000;

/** The server's clock, moving once a second; `null` before the page runs in a browser. */
export function useNow(): EpochMs | null {
  const [now, setNow] = useState<EpochMs | null>(null);
  useEffect(() => {
    const tick = () => setNow(Date.now() as EpochMs);
    tick();
    const timer = setInterval(tick, TICK_MS);
    return () => clearInterval(timer);
  }, []);
  return now;
}

const FEED_ADDRESS = "/api/live";

/** Takes the feed into the cache while it is shown. */
export function LiveFeed(): null {
  const cache = useQueryClient();
  useEffect(() => {
    const source = new EventSource(FEED_ADDRESS);
    source.onmessage = (event) => {
      const message: LiveMessage = JSON.parse(event.data);
      cache.setQueryData<LiveState>(LIVE_KEY, (before) => {
        if (message.type === "ended") return before;
        if (message.type === "snapshot") return message;
        if (before === undefined) return before;
        return {
          ...before,
          ...message,
          folds: message.events.reduce(reduceFolds, before.folds),
          samples: { ...before.samples, ...message.samples },
        };
      });
    };
    return () => source.close();
  }, [cache]);
  return null;
}
