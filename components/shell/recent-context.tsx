"use client";
import { createContext, useContext, useMemo } from "react";
import { useIsPast } from "#components/ui/instants.ts";
import { type PastState, usePast } from "#components/ui/live.ts";
import { useRecentEvents } from "./recent-events.ts";
import type { RecentEvents } from "./recent-join.ts";

interface Recent {
  readonly live: RecentEvents | undefined;
  readonly shown: RecentEvents | undefined;
}
const Context = createContext<Recent>({ live: undefined, shown: undefined });

const recentOf = (state: PastState): RecentEvents => state.recent;

/** Reads the events of the last hour once, for the time bar and for every page that tells what changed. */
export function RecentProvider({ children }: { readonly children: React.ReactNode }) {
  const live = useRecentEvents();
  const past = usePast(recentOf);
  const shown = useIsPast() ? past : live;
  const value = useMemo(() => ({ live, shown }), [live, shown]);
  return <Context value={value}>{children}</Context>;
}

/**
 * The events of the hour before the instant that is shown, newest first; `undefined` until they are read. `live`: those
 * of the last hour, whatever is shown.
 */
export function useRecent(which: keyof Recent = "shown"): RecentEvents | undefined {
  return useContext(Context)[which];
}
