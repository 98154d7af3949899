"use client";
import { useQuery } from "@tanstack/react-query";
import { useInstants } from "#components/ui/instants.ts";
import { useFold, useNow } from "#components/ui/live.ts";
import { useTRPC } from "#components/ui/trpc.ts";
import type { Folds } from "#server/contract/fold/fold.ts";
import type { LiveState } from "#server/contract/live.ts";
import { type EpochMs, toIso } from "#server/kernel/clock.ts";

/** Two instants to compare, in order of time, whichever of them is shown. */
export interface Compared {
  readonly earlier: { readonly at: EpochMs; readonly folds: Folds };
  readonly later: { readonly at: EpochMs; readonly folds: Folds };
}

export type Comparison =
  | { readonly state: "none" }
  | { readonly state: "reading"; readonly other: EpochMs }
  | { readonly state: "failed"; readonly other: EpochMs; readonly error: unknown; readonly retry: () => void }
  | { readonly state: "there"; readonly other: EpochMs; readonly compared: Compared };

const foldsOf = ({ folds }: LiveState): Folds => folds;
const NOWHERE = { state: "none" } as const;

/** What is shown, and the instant of `?with=` beside it; `none` without one. */
export function useComparison(): Comparison {
  const { with: other } = useInstants();
  const shown = useFold(foldsOf);
  const at = useNow();
  const query = useQuery(
    useTRPC().journal.stateAt.queryOptions(
      { at: toIso(other ?? (0 as EpochMs)) },
      // What was known at an instant does not change.
      { enabled: other !== null, staleTime: Number.POSITIVE_INFINITY },
    ),
  );
  if (other === null) return NOWHERE;
  if (query.data === undefined)
    return query.error === null
      ? { state: "reading", other }
      : { state: "failed", other, error: query.error, retry: () => void query.refetch() };
  if (shown === undefined || at === null) return { state: "reading", other };
  const [here, there] = [
    { at, folds: shown },
    { at: other, folds: query.data.folds },
  ];
  const compared = there.at <= here.at ? { earlier: there, later: here } : { earlier: here, later: there };
  return { state: "there", other, compared };
}
