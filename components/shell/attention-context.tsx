"use client";
import { createContext, useContext } from "react";
import { useFold } from "#components/ui/live.ts";
import type { LiveState } from "#server/contract/live.ts";
import { attention } from "#server/contract/view/attention.ts";
import type { Need } from "#server/contract/view/need.ts";

const Context = createContext<readonly Need[] | undefined>(undefined);

const needsOf = (state: LiveState): readonly Need[] => attention(state.folds, state.serverNow);

/** Computes once a change what the rail, the overview and the page titles all need. */
export function AttentionProvider({ children }: { readonly children: React.ReactNode }) {
  return <Context value={useFold(needsOf)}>{children}</Context>;
}

/** What needs a person, worst first; `undefined` until the first snapshot. */
export const useAttention = (): readonly Need[] | undefined => useContext(Context);
