/** The parts of the console that act on their own: each under a supervisor. */
import type { EpochMs } from "#server/kernel/clock.ts";
import type { Maskable } from "./event.ts";

/** `parked`: it failed too often and is left alone until somebody starts it again. */
export const READER_STATES = ["running", "restarting", "parked", "stopped"] as const;
export type ReaderState = (typeof READER_STATES)[number];

export interface ReaderFacts {
  readonly state: ReaderState;
  /** Failures in a row, or within the span that parks. */
  readonly failures: number;
  readonly reason: Maskable<string> | null;
}

export interface ReaderFold extends ReaderFacts {
  readonly since: EpochMs;
}
