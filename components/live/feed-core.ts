/** What the browser knows live, as a function of what it heard. No browser in here: the worker runs it, or a tab without one. */
import { FOLD_VERSION, reduceAll } from "#server/contract/fold/fold.ts";
import type { LiveMessage, LiveState } from "#server/contract/live.ts";
import type { EpochMs } from "#server/kernel/clock.ts";
import { unreachable } from "#server/kernel/errors.ts";
import type { FeedState } from "./feed-state.ts";

/** `at` is this browser's clock. */
export type FeedInput =
  | { readonly kind: "message"; readonly message: LiveMessage; readonly at: EpochMs }
  | { readonly kind: "lost"; readonly at: EpochMs }
  /** The server knows nobody here. */
  | { readonly kind: "refused"; readonly at: EpochMs };

/** Pure and total. */
export function stepFeed(state: FeedState, input: FeedInput): FeedState {
  switch (input.kind) {
    case "message":
      return hear(state, input.message, input.at);
    case "lost":
      return state.phase === "lost" || state.phase === "ended" ? state : { ...state, phase: "lost", since: input.at };
    case "refused":
      return end(state, "Nobody is logged in here any more.", input.at);
    default:
      return unreachable(input);
  }
}

function hear(state: FeedState, message: LiveMessage, at: EpochMs): FeedState {
  switch (message.type) {
    case "snapshot": {
      if (message.foldVersion !== FOLD_VERSION)
        return end(state, "This page is older than the console: load it again.", at);
      const { cursor, folds, samples, journal, serverNow } = message;
      return alive(state, { cursor, folds, samples, journal, serverNow }, at);
    }
    case "batch": {
      if (state.live === null) return state;
      const { cursor, events, samples, journal, serverNow } = message;
      const folds = reduceAll(state.live.folds, events);
      return alive(state, { cursor, folds, samples: { ...state.live.samples, ...samples }, journal, serverNow }, at);
    }
    case "ended":
      return end(state, message.reason, at);
    default:
      return unreachable(message);
  }
}

function alive(state: FeedState, live: LiveState, at: EpochMs): FeedState {
  const offsetMs = offsetOf(state.offsetMs, live.serverNow - at);
  if (state.phase === "live") return { ...state, live, offsetMs };
  return { phase: "live", since: at, reason: null, live, offsetMs };
}

const OFFSET_JUMP_MS = 1_000;

/** A message is late by its way here, so the largest difference is the truest, until one of the clocks is set. */
function offsetOf(known: number | null, measured: number): number {
  if (known === null || measured > known || known - measured > OFFSET_JUMP_MS) return measured;
  return known;
}

function end(state: FeedState, reason: string, at: EpochMs): FeedState {
  if (state.phase === "ended") return state;
  return { phase: "ended", since: at, reason, live: null, offsetMs: state.offsetMs };
}
