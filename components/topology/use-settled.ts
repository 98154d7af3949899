"use client";
import { useCallback, useEffect, useState } from "react";
import { useLiveFold } from "#components/ui/live.ts";
import { dnaStream, dynflowStream, hafStream, ingestStream } from "#server/contract/event.ts";
import type { LiveState } from "#server/contract/live.ts";
import type { EstateOutput } from "#server/contract/wire/estate.ts";

/** A source that was not heard of by then is not waited for: who looks may not even see it. */
const WAIT_MAX_MS = 10_000;

type Configured = Pick<EstateOutput, "dna" | "dynflow" | "haf" | "ingest">;

/** Whether anything is known of every source that is configured, be it that it is down. */
export function isHeard({ folds }: Pick<LiveState, "folds">, { dna, dynflow, haf, ingest }: Configured): boolean {
  const streams = [
    ...dna.map(({ id }) => dnaStream(id)),
    ...dynflow.map(({ id }) => dynflowStream(id)),
    ...haf.map(({ id }) => hafStream(id)),
    ...(ingest === null ? [] : [ingestStream(ingest.id)]),
  ];
  return streams.every((stream) => Object.hasOwn(folds, stream));
}

/**
 * Whether the map can be laid out for good, whatever instant is shown: right after its first start a console hears of
 * its systems one by one.
 */
export function useSettled(estate: EstateOutput | undefined): boolean {
  const [waited, setWaited] = useState(false);
  useEffect(() => {
    const timer = setTimeout(() => setWaited(true), WAIT_MAX_MS);
    return () => clearTimeout(timer);
  }, []);
  const heardOf = useCallback((state: LiveState) => estate !== undefined && isHeard(state, estate), [estate]);
  const heard = useLiveFold(heardOf) ?? false;
  return heard || waited;
}
