"use client";
import { useCallback, useEffect, useRef, useState } from "react";
import { type Outputs, useTRPCClient } from "#components/ui/trpc.ts";
import type { Filter, Needle } from "./plans-query.ts";

type Part = Outputs["dynflow"]["plans"]["searchText"];
export type Hit = Part["hits"][number];

/** A search stops by itself after so long, or so many hits, and goes on when it is asked to. */
const GOES_ON_MS = 30_000;
const HITS_MAX = 500;

export interface SearchState {
  readonly phase: "waiting" | "running" | "stopped" | "done" | "failed";
  readonly hits: readonly Hit[];
  readonly plans: number;
  readonly rows: number;
  readonly notLookedInto: number;
  /** Spent by the server. */
  readonly tookMs: number;
  readonly next: string | null;
  readonly error: unknown;
}

const NOTHING: SearchState = {
  phase: "waiting",
  hits: [],
  plans: 0,
  rows: 0,
  notLookedInto: 0,
  tookMs: 0,
  next: null,
  error: null,
};

interface Search {
  readonly state: SearchState;
  /** Begins, or goes on where it stopped. */
  go(): void;
  cancel(): void;
}

/**
 * Looks into plans part by part. It ends when the page is left or something else is looked for: the request is cut, and
 * with it the server's work.
 *
 * @param begins whether it begins by itself
 */
export function useSearch(source: string, filter: Filter, needle: Needle, begins: boolean): Search {
  const client = useTRPCClient();
  const [state, setState] = useState(NOTHING);
  const running = useRef<AbortController | null>(null);
  const question = JSON.stringify([source, filter, needle]);

  const run = useCallback(
    async (from: SearchState, controller: AbortController) => {
      const [of, where, wanted]: [string, Filter, Needle] = JSON.parse(question);
      const began = performance.now();
      const hitsBefore = from.hits.length;
      let at: SearchState = { ...from, phase: "running", error: null };
      setState(at);
      try {
        do {
          const part = await askPart(client, { source: of, filter: where, needle: wanted, from: at.next }, controller);
          if (controller.signal.aborted) return;
          at = joined(at, part);
          const goesOn = performance.now() - began < GOES_ON_MS && at.hits.length - hitsBefore < HITS_MAX;
          at = { ...at, phase: at.next === null ? "done" : goesOn ? "running" : "stopped" };
          setState(at);
        } while (at.phase === "running");
      } catch (error) {
        if (!controller.signal.aborted) setState({ ...at, phase: "failed", error });
      }
    },
    [client, question],
  );

  const start = useCallback(
    (from: SearchState) => {
      running.current?.abort();
      const controller = new AbortController();
      running.current = controller;
      void run(from, controller);
    },
    [run],
  );
  useEffect(() => {
    setState(NOTHING);
    if (begins) start(NOTHING);
    return () => running.current?.abort();
  }, [start, begins]);

  return {
    state,
    go: () => start(state),
    cancel() {
      running.current?.abort();
      setState((before) => ({ ...before, phase: "stopped" }));
    },
  };
}

type Client = ReturnType<typeof useTRPCClient>;

function askPart(
  client: Client,
  { source, filter, needle, from }: { source: string; filter: Filter; needle: Needle; from: string | null },
  { signal }: AbortController,
): Promise<Part> {
  const { error, input, action, ran } = needle;
  const open = { actionClass: action, worldId: ran };
  if (error === null && input === null)
    return client.dynflow.plans.search.query({ source, filter, needle: open, from }, { signal });
  const asked = { source, filter, needle: { ...open, errorText: error, inputText: input }, from };
  return client.dynflow.plans.searchText.query(asked, { signal });
}

/** A plan in which more was found later stands once, with the evidence of both. */
function joined(state: SearchState, part: Part): SearchState {
  const known = new Map(state.hits.map((hit) => [hit.id, hit]));
  for (const hit of part.hits) known.set(hit.id, known.get(hit.id) ?? hit);
  return {
    ...state,
    hits: [...known.values()],
    plans: state.plans + part.looked.plans,
    rows: state.rows + part.looked.rows,
    notLookedInto: state.notLookedInto + part.looked.notLookedInto,
    tookMs: state.tookMs + part.tookMs,
    next: part.next,
  };
}
