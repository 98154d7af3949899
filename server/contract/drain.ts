/**
 * The guided way of taking a node out of service. DNA has no drain: the column has no reader and is overwritten every
 * 5 s, so this is a list of what works, each step looked at before the next is offered. One frozen table: the service
 * goes by it, and the screen draws it.
 *
 * Source: cleaton/dna@9b5aab5 lib/dna/server/cluster.ex (`draining` is written false with every refresh).
 */

import type { EpochMs } from "#server/kernel/clock.ts";
import type { EventActor, StreamName } from "./event.ts";

export const DRAIN_STEPS = [
  "balancer",
  "quiet",
  "stop_actors",
  "stop_vm",
  "dead",
  "fail_over",
  "clear_caches",
] as const;
export type DrainStep = (typeof DRAIN_STEPS)[number];

export interface DrainRecord {
  readonly at: EpochMs;
  readonly by: EventActor | null;
  readonly outcome: "done" | "skipped";
  /** What it rested on, in our own words. */
  readonly evidence: string | null;
}

/** A list that somebody has begun and not abandoned. */
export interface DrainFold {
  readonly stream: StreamName;
  readonly incarnation: string;
  readonly node: string;
  readonly since: EpochMs;
  readonly steps: Readonly<Partial<Record<DrainStep, DrainRecord>>>;
}

export const drainKey = (stream: StreamName, incarnation: string): string => `${stream} ${incarnation}`;

/** The first step that is neither done nor skipped; `null` = all are. */
export const openStep = (steps: DrainFold["steps"]): DrainStep | null =>
  DRAIN_STEPS.find((step) => steps[step] === undefined) ?? null;
