/** How the feed stands, as worker and tabs know it. */
import type { LiveState } from "#server/contract/live.ts";
import { type EpochMs, epochMs } from "#server/kernel/clock.ts";

/** `lost`: what is shown is of then, and it is tried again. `ended`: for good, until somebody logs in or loads anew. */
export type FeedPhase = "connecting" | "live" | "lost" | "ended";

export interface FeedState {
  readonly phase: FeedPhase;
  /** When it came to be so, by this browser's clock. */
  readonly since: EpochMs;
  /** Why it ended, for people. */
  readonly reason: string | null;
  /** Stays while the feed is lost; gone once it has ended. */
  readonly live: LiveState | null;
  /** Server's clock less this browser's; `null` before the first message. */
  readonly offsetMs: number | null;
}

export const initialFeed = (at: EpochMs): FeedState => ({
  phase: "connecting",
  since: at,
  reason: null,
  live: null,
  offsetMs: null,
});

/** An instant of this browser's clock on the server's, as far as it is known. */
export const toServerTime = (at: EpochMs, offsetMs: number | null): EpochMs => epochMs(at + (offsetMs ?? 0));
