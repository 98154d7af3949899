/** How a receiver stands, judged from its queue and its last call. */
import type { ReceiverState } from "#server/contract/agents.ts";

export interface ReceiverFigures {
  readonly stopped: boolean;
  /** An item was refused for want of room, and less than a tenth has come free since. */
  readonly full: boolean;
  /** Why the last call failed; `null` = it did not. */
  readonly failure: string | null;
  /** Age of the oldest item that waits. */
  readonly lagMs: number;
}

/** Who is so far behind does not empty its queue. */
export const LAGGING_MS = 5_000;
/** It has caught up when it is no further behind than this. */
const CAUGHT_UP_MS = 2_000;

/** What holds longest for an agent comes first: nothing more fits, then the failure, then the lag. */
export function judgeReceiver(before: ReceiverState | null, figures: ReceiverFigures): ReceiverState {
  if (figures.stopped) return "stopped";
  if (figures.full) return "full";
  if (figures.failure !== null) return "failing";
  return figures.lagMs > (before === "lagging" ? CAUGHT_UP_MS : LAGGING_MS) ? "lagging" : "ok";
}

const BACK_OFF_FIRST_MS = 250;
const BACK_OFF_MAX_MS = 30_000;

/**
 * How long to wait after so many failures in a row: doubling, and anywhere in the upper half of it.
 *
 * @param chance 0 to 1
 */
export function backOffMs(failures: number, chance: number): number {
  const whole = Math.min(BACK_OFF_MAX_MS, BACK_OFF_FIRST_MS * 2 ** Math.min(20, Math.max(0, failures - 1)));
  return Math.round(whole * (0.5 + 0.5 * chance));
}
