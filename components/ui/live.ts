"use client";
/** What the drawing parts see of the live feed. */
import { useQuery } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import type { LiveState } from "#server/contract/live.ts";
import type { EpochMs } from "#server/kernel/clock.ts";

export const LIVE_KEY = ["live"] as const;

/** A part of the live state; `undefined` until the first snapshot. The selector must be pure; equal results do not redraw. */
export function useFold<T>(select: (state: LiveState) => T): T | undefined {
  return useQuery<LiveState, Error, T>({ queryKey: LIVE_KEY, enabled: false, select }).data;
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
