import type { SourceHealth } from "#server/contract/event.ts";
import type { MonotonicMs } from "#server/kernel/clock.ts";

/** Two rounds in a row that failed say that a source is down. */
export const FAILURES_UNTIL_DOWN = 2;
/**
 * A read that hangs says so before its time-outs have added up: with a read each second, a server that was stopped is
 * known to be down within 5 s. Long enough for one statement that was given up after 2 s and one more try a second later.
 */
export const TROUBLE_UNTIL_DOWN_MS = 3_200;

/** Whether a source answers, judged by our own reads alone. */
export interface Health {
  readonly state: SourceHealth;
  /** Failed rounds since the last one in which every read succeeded. */
  readonly failures: number;
  /** Start of the first read since the last answer; `null` = none is under way or has failed since. */
  readonly troubleSince: MonotonicMs | null;
  readonly reason: string | null;
}

export type HealthEvent =
  | { readonly kind: "read-started"; readonly at: MonotonicMs }
  | { readonly kind: "read-answered" }
  | { readonly kind: "round-failed"; readonly reason: string }
  /** All reads that were due succeeded: one that works beside one that fails does not make a source whole. */
  | { readonly kind: "round-completed" }
  /** Time passes while a read may hang. */
  | { readonly kind: "looked"; readonly at: MonotonicMs };

export const STARTING: Health = { state: "starting", failures: 0, troubleSince: null, reason: null };

/** Pure; total. */
export function stepHealth(health: Health, event: HealthEvent): Health {
  switch (event.kind) {
    case "read-started":
      return { ...health, troubleSince: health.troubleSince ?? event.at };
    case "read-answered":
      return { ...health, troubleSince: null };
    case "round-failed": {
      const failures = health.failures + 1;
      const state = failures >= FAILURES_UNTIL_DOWN ? "down" : health.state;
      return { ...health, failures, state, reason: event.reason };
    }
    case "round-completed":
      return { state: "up", failures: 0, troubleSince: null, reason: null };
    case "looked": {
      if (health.state === "down" || health.troubleSince === null) return health;
      const troubleMs = event.at - health.troubleSince;
      if (troubleMs <= TROUBLE_UNTIL_DOWN_MS) return health;
      const reason = health.reason ?? `No answer for ${(troubleMs / 1_000).toFixed(1)} s`;
      return { ...health, state: "down", reason };
    }
  }
}
