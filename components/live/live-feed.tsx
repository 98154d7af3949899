"use client";
import { useQueryClient } from "@tanstack/react-query";
import { useEffect } from "react";
import { type Connect, connectLive } from "./connect.ts";
import { LIVE_KEY, LIVE_OPTIONS, LIVE_STATUS_KEY, publish } from "./live-cache.ts";

interface LiveFeedProps {
  /** Who is logged in, as text that differs for everybody who may see something else; `null` = nobody, no feed. */
  readonly session: string | null;
  /** Of the pages: tabs of another build fold otherwise. */
  readonly build: string;
  /** For tests. */
  readonly connect?: Connect;
}

/** Takes the live feed into the cache for as long as it is mounted. Draws nothing. */
export function LiveFeed({ session, build, connect = connectLive }: LiveFeedProps): null {
  const cache = useQueryClient();
  useEffect(() => {
    if (session === null) return;
    for (const queryKey of [LIVE_KEY, LIVE_STATUS_KEY]) cache.setQueryDefaults(queryKey, LIVE_OPTIONS);
    return connect(`worldline live ${build} ${session}`, (state) => publish(cache, state));
  }, [cache, session, build, connect]);
  return null;
}
