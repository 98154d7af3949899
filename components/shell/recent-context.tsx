"use client";
import { createContext, useContext } from "react";
import { useRecentEvents } from "./recent-events.ts";
import type { RecentEvents } from "./recent-join.ts";

const Context = createContext<RecentEvents | undefined>(undefined);

/** Reads the events of the last hour once, for the time bar and for every page that tells what changed. */
export function RecentProvider({ children }: { readonly children: React.ReactNode }) {
  return <Context value={useRecentEvents()}>{children}</Context>;
}

/** The events of the last hour, newest first; `undefined` until they are read. */
export const useRecent = (): RecentEvents | undefined => useContext(Context);
