"use client";
import { useQueryClient } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import { useTRPC } from "#components/ui/trpc.ts";
import { isMasked } from "#server/contract/event.ts";
import type { LogChunk } from "./chunk-log.ts";

/** What may come anew is asked for after this, from where the last answer ended. */
const FOLLOW_EVERY_MS = 2_000;
/** Answers read without being asked: a log of 20,000 chunks is there at once, a longer one by a press. */
const ANSWERS_AT_ONCE = 100;

export interface Chunks {
  readonly chunks: readonly LogChunk[];
  readonly masked: boolean;
  /** There are more, and nobody reads them at present. */
  readonly more: boolean;
  readonly reading: boolean;
  readonly error: unknown;
}

const NOTHING_YET: Chunks = { chunks: [], masked: false, more: false, reading: true, error: null };

interface ChunksAsked {
  readonly source: string;
  readonly planId: string;
  readonly stepId: number;
}

/**
 * The output chunks of a step, read one answer after the other, each from where the last ended; while it is followed
 * also what comes anew. `on` is raised to read on, or once more after a failure.
 */
export function useChunks({ source, planId, stepId }: ChunksAsked, follow: boolean, on: number): Chunks {
  const trpc = useTRPC();
  const client = useQueryClient();
  const [state, setState] = useState<Chunks>(NOTHING_YET);
  useEffect(() => {
    const over = new AbortController();
    void readOn(on);
    return () => over.abort();

    async function readOn(times: number): Promise<void> {
      let known: readonly LogChunk[] = [];
      try {
        for (let answers = 0; !over.signal.aborted; answers += 1) {
          const after = known.at(-1)?.id ?? 0;
          const query = trpc.dynflow.plans.chunks.queryOptions({ source, planId, stepId, after });
          const { chunks, next } = await client.fetchQuery({ ...query, staleTime: 0, gcTime: 0 });
          if (over.signal.aborted) return;
          if (isMasked(chunks)) return setState({ ...NOTHING_YET, masked: true, reading: false });
          if (chunks.length > 0) known = [...known, ...chunks];
          const full = next !== null && answers >= ANSWERS_AT_ONCE * (times + 1);
          const goesOn = next !== null && !full;
          setState({ chunks: known, masked: false, more: full, reading: goesOn, error: null });
          if (goesOn) continue;
          if (full || !follow) return;
          await new Promise((resolve) => setTimeout(resolve, FOLLOW_EVERY_MS));
        }
      } catch (error) {
        if (!over.signal.aborted) setState((now) => ({ ...now, reading: false, error }));
      }
    }
  }, [client, trpc, source, planId, stepId, follow, on]);
  return state;
}
