/**
 * The cluster worker of one node, by what it does in turn. Frozen; the diagram is drawn from it.
 *
 * Source: cleaton/dna@9b5aab5 lib/dna/server/cluster.ex (`refresh`, `@refresh_interval` 5 s after each finished one).
 */

import { dnaSource, type Machine, machine, type Transition, ways } from "./machine.ts";

export const WORKER_STATES = [
  "booting",
  "beating",
  "listing",
  "judging",
  "waiting",
  "stale",
  "crashed",
  "halted",
] as const;
export type WorkerState = (typeof WORKER_STATES)[number];

/** What each state says, for people. */
export const WORKER_STATE_LABELS: Readonly<Record<WorkerState, string>> = Object.freeze({
  booting: "takes its identity and writes its row for the first time",
  beating: "writes its own row anew, with a new heartbeat",
  listing: "reads the rows of all peers",
  judging: "deletes rows whose heartbeat has not changed for 10 s",
  waiting: "waits 5 s, counted from the end of the refresh",
  stale: "has not finished a refresh for 10 s",
  crashed: "a database error ended it",
  halted: "its VM has ended itself, exit code 1",
});

export const WORKER_STEPS: readonly Transition<WorkerState>[] = ways<WorkerState>([
  ["booting", "beating", "row inserted"],
  ["beating", "listing", "own row written"],
  ["listing", "judging", "peers read"],
  ["judging", "waiting", "stale peers deleted"],
  ["waiting", "beating", "5 s"],
  ["waiting", "stale", "no refresh for 10 s"],
  ["stale", "beating", "refresh runs first"],
  ["stale", "halted", "a request needs a foreign owner"],
  ["beating", "crashed", "database error"],
  ["listing", "crashed", "database error"],
  ["crashed", "booting", "new incarnation"],
]);

/** The cluster worker as one table. */
export const WORKER_MACHINE: Machine<WorkerState> = machine({
  kind: "worker",
  group: "DNA",
  name: "cluster worker",
  title: "Loop of a cluster worker",
  system: "worker",
  states: WORKER_STATES,
  means: WORKER_STATE_LABELS,
  transitions: WORKER_STEPS,
  first: ["booting"],
  last: ["halted"],
  sources: [dnaSource("lib/dna/server/cluster.ex refresh, @refresh_interval, @expire_after")],
});

/** Wait between two refreshes. */
export const REFRESH_PERIOD_MS = 5_000;
/** A refresh that has not ended by then is late. */
export const REFRESH_LATE_MS = 7_000;
/** From here on a request that needs a foreign owner halts the VM. */
export const REFRESH_STALE_MS = 10_000;

/** Where a worker stands, as far as the age of its last refresh tells. */
export interface WorkerPlace {
  /** Where it is; several where they cannot be told apart. */
  readonly now: readonly WorkerState[];
  /** The same in words. */
  readonly said: string;
  readonly late: boolean;
}

const REFRESHING: readonly WorkerState[] = ["beating", "listing", "judging"];

/**
 * By the age of its last finished refresh on its own clock, or, from the database alone, by the time since its heartbeat
 * was last seen to change.
 *
 * @param ageMs `null` = it has never refreshed
 */
export function workerPlace(ageMs: number | null): WorkerPlace {
  if (ageMs === null) return { now: ["booting"], said: "it has not finished a refresh yet", late: false };
  if (ageMs <= REFRESH_PERIOD_MS) return { now: ["waiting"], said: "it waits for its next refresh", late: false };
  if (ageMs <= REFRESH_LATE_MS) return { now: REFRESHING, said: "its refresh is due or under way", late: false };
  if (ageMs <= REFRESH_STALE_MS) return { now: REFRESHING, said: "its refresh is late", late: true };
  return { now: ["stale"], said: "a request that needs a foreign owner halts its VM now", late: true };
}
