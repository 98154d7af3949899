/**
 * The life of an actor for the screens, in overview (what the register and a look into the registry tell) and in full
 * (what its process goes through). Two frozen tables: the diagrams are drawn from them, the present state is looked up.
 *
 * Source: cleaton/dna@9b5aab5 lib/dna/server.ex, lib/dna/server/{partition,instance}.ex.
 */

import { dnaSource, type Machine, machine, ways } from "./machine.ts";

export const ACTOR_OVERVIEW_STATES = ["unknown", "owned", "running", "orphan row"] as const;
export type ActorOverviewState = (typeof ACTOR_OVERVIEW_STATES)[number];

export const ACTOR_STATES = [
  "unknown",
  "owned",
  "starting",
  "init storage",
  "init actor",
  "idle",
  "handling",
  "pending",
  "crashed",
  "orphan row",
] as const;
export type ActorState = (typeof ACTOR_STATES)[number];

export const ACTOR_OVERVIEW = ways<ActorOverviewState>([
  ["unknown", "owned", "first message claims it"],
  ["owned", "running", "message at the owner"],
  ["running", "owned", "stopped by the console"],
  ["owned", "orphan row", "its node died"],
  ["running", "orphan row", "its node died"],
  ["orphan row", "owned", "taken over or claimed"],
  ["orphan row", "unknown", "released"],
]);

export const ACTOR_LIFECYCLE = ways<ActorState>([
  ["unknown", "owned", "LWT insert"],
  ["owned", "starting", "request at the owner"],
  ["starting", "init storage", "started"],
  ["init storage", "init actor", "storage read"],
  ["init actor", "idle", "ready"],
  ["idle", "handling", "up to 100 events"],
  ["handling", "idle", "nothing to write"],
  ["handling", "pending", "batch sent"],
  ["pending", "idle", "written, replies sent"],
  ["pending", "crashed", "write failed, buffer lost"],
  ["handling", "crashed", "exception"],
  ["crashed", "starting", "supervisor"],
  ["idle", "owned", "stopped by the console"],
  ["owned", "orphan row", "its node died"],
  ["idle", "orphan row", "its node died"],
  ["orphan row", "owned", "taken over or claimed"],
  ["orphan row", "unknown", "released"],
]);

/** What each state says, for people. */
export const ACTOR_STATE_LABELS: Readonly<Record<ActorState | ActorOverviewState, string>> = Object.freeze({
  unknown: "the register has no row: it was never used, or was released",
  owned: "an incarnation owns it, and it does not run; the next message starts it",
  running: "its process is in the registry of its owner",
  "orphan row": "its owner is dead: whoever is asked next takes it over",
  starting: "its process is being started",
  "init storage": "it reads what it has stored",
  "init actor": "its own code initialises",
  idle: "it waits for the next message",
  handling: "its callbacks run; further messages queue",
  pending: "a batch is being written; further events only go to its buffer",
  crashed: "its process ended by an error; what was buffered is lost",
});

const ACTOR_SOURCES = [dnaSource("lib/dna/server.ex"), dnaSource("lib/dna/server/{partition,instance}.ex")];

/** The life of an actor as far as the register and a look into the registry tell it. */
export const ACTOR_OVERVIEW_MACHINE: Machine<ActorOverviewState> = machine({
  kind: "actor",
  group: "DNA",
  name: "actor, in overview",
  title: "Life of an actor, in overview",
  system: "actor",
  states: ACTOR_OVERVIEW_STATES,
  means: ACTOR_STATE_LABELS,
  transitions: ACTOR_OVERVIEW,
  first: ["unknown"],
  last: [],
  sources: ACTOR_SOURCES,
});

/** The life of an actor with what its process goes through. */
export const ACTOR_MACHINE: Machine<ActorState> = machine({
  kind: "actor-full",
  group: "DNA",
  name: "actor, in full",
  title: "Life of an actor, in full",
  system: "actor",
  states: ACTOR_STATES,
  means: ACTOR_STATE_LABELS,
  transitions: ACTOR_LIFECYCLE,
  first: ["unknown"],
  last: [],
  direction: "TB",
  sources: ACTOR_SOURCES,
});

/** What is known of a key at one moment. */
export interface ActorFacets {
  readonly row: "none" | "owned" | "unreadable";
  /** Whether its owner is dead to its peers; `null` = not judged. */
  readonly ownerDead: boolean | null;
  /** `null` = its node was not asked, or did not answer. */
  readonly runs: boolean | null;
  readonly phase: "initialising" | "idle" | "pending_storage" | "busy" | "not-read" | null;
}

/** The present state in overview; `null` = not known from here. */
export function actorOverviewState({ row, ownerDead, runs }: ActorFacets): ActorOverviewState | null {
  if (row === "none") return "unknown";
  if (row === "unreadable") return null;
  if (runs === true) return "running";
  if (ownerDead === true) return "orphan row";
  return runs === false ? "owned" : null;
}

/** The present state in full; `null` = not known from here. */
export function actorState(facets: ActorFacets): ActorState | null {
  const overview = actorOverviewState(facets);
  if (overview !== "running") return overview;
  switch (facets.phase) {
    case "initialising":
      return "init storage";
    case "idle":
      return "idle";
    case "pending_storage":
      return "pending";
    case "busy":
      return "handling";
    case "not-read":
    case null:
      return null;
    default:
      return facets.phase satisfies never;
  }
}
