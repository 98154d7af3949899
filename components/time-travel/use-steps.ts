"use client";
import { useRef, useState } from "react";
import { faultOf } from "#components/ui/fault.ts";
import { useTRPCClient } from "#components/ui/trpc.ts";
import { type EpochMs, epochMs } from "#server/kernel/clock.ts";
import { countUntil } from "./count-until.ts";
import type { TimeMachine } from "./time-machine.ts";
import { useMoves, useWay } from "./use-travel.ts";

export type Direction = "previous" | "next";

/** The event beside an instant, among what is loaded; `null` when that lies beyond it. */
export function neighbourOf(
  around: ReturnType<TimeMachine["around"]>,
  at: number,
  direction: Direction,
): EpochMs | null {
  if (around === null) return null;
  const index = direction === "next" ? countUntil(around.events, at) : countUntil(around.events, at - 1) - 1;
  return around.events[index]?.observedAt ?? null;
}

interface Steps {
  /** To the nearest event, or to the nearest that stands out; beyond the last it is live. */
  step(from: EpochMs, direction: Direction, what: "events" | "marks"): void;
  /** What there is to say about the last step; `null` when it went well. */
  readonly said: string | null;
}

/** Steps from event to event: among what is loaded at once, else by asking. One at a time. */
export function useSteps(): Steps {
  const client = useTRPCClient();
  const { traveller } = useWay();
  const { goTo, live } = useMoves();
  const busy = useRef(false);
  const [said, setSaid] = useState<string | null>(null);
  async function ask(from: EpochMs, direction: Direction, what: "events" | "marks"): Promise<void> {
    if (busy.current) return;
    busy.current = true;
    try {
      const at = new Date(from).toISOString();
      const { event } = await client.journal.step.query({ at, direction, what });
      setSaid(event === null && direction === "previous" ? "Nothing before it is kept." : null);
      if (event !== null) goTo(epochMs(event.observedAt), true);
      else if (direction === "next") live();
    } catch (error) {
      setSaid(faultOf(error).message);
    } finally {
      busy.current = false;
    }
  }
  return {
    said,
    step(from, direction, what) {
      const near = what === "events" ? neighbourOf(traveller.around(from), from, direction) : null;
      if (near === null) return void ask(from, direction, what);
      setSaid(null);
      goTo(near, traveller.travel().wanted !== null);
    },
  };
}
