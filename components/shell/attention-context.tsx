"use client";
import { createContext, useCallback, useContext } from "react";
import { useFold } from "#components/ui/live.ts";
import { useSession } from "#components/ui/session.ts";
import type { LiveState } from "#server/contract/live.ts";
import { attention } from "#server/contract/view/attention.ts";
import { USUAL_PATIENCE } from "#server/contract/view/attention-patience.ts";
import type { Need } from "#server/contract/view/need.ts";

const Context = createContext<readonly Need[] | undefined>(undefined);

/** Computes once a change what the rail, the overview and the page titles all need. */
export function AttentionProvider({ children }: { readonly children: React.ReactNode }) {
  const suspendedMinutes = useSession()?.suspendedMinutes;
  const needsOf = useCallback(
    ({ folds, serverNow }: LiveState): readonly Need[] =>
      attention(folds, serverNow, suspendedMinutes === undefined ? USUAL_PATIENCE : { suspendedMinutes }),
    [suspendedMinutes],
  );
  return <Context value={useFold(needsOf)}>{children}</Context>;
}

/** What needs a person, worst first; `undefined` until the first snapshot. */
export const useAttention = (): readonly Need[] | undefined => useContext(Context);
