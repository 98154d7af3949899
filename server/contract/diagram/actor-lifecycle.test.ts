import { describe, expect, it } from "vitest";
import {
  ACTOR_LIFECYCLE,
  ACTOR_OVERVIEW,
  ACTOR_OVERVIEW_STATES,
  ACTOR_STATE_LABELS,
  ACTOR_STATES,
  type ActorFacets,
  actorOverviewState,
  actorState,
} from "./actor-lifecycle.ts";

const facets = (change: Partial<ActorFacets>): ActorFacets => ({
  row: "owned",
  ownerDead: false,
  runs: null,
  phase: null,
  ...change,
});

describe.each([
  ["in overview", ACTOR_OVERVIEW_STATES, ACTOR_OVERVIEW],
  ["in full", ACTOR_STATES, ACTOR_LIFECYCLE],
] as const)("the life of an actor %s", (_name, states, transitions) => {
  it("is frozen, names each way once, and every state in words", () => {
    expect(Object.isFrozen(transitions) && transitions.every((way) => Object.isFrozen(way))).toBe(true);
    expect(new Set(transitions.map(({ from, to }) => `${from} ${to}`)).size).toBe(transitions.length);
    for (const state of states) expect(ACTOR_STATE_LABELS[state].length).toBeGreaterThan(10);
  });
  it("reaches every state from the first, and leaves every one", () => {
    const reached = new Set<string>(["unknown"]);
    for (const _round of states) for (const { from, to } of transitions) if (reached.has(from)) reached.add(to);
    expect([...reached].toSorted()).toEqual(states.toSorted());
    for (const state of states) expect(transitions.some(({ from }) => from === state)).toBe(true);
  });
});

it.each<[string, Partial<ActorFacets>, string | null, string | null]>([
  ["no row", { row: "none" }, "unknown", "unknown"],
  ["a row that cannot be read", { row: "unreadable" }, null, null],
  ["nobody to ask", {}, null, null],
  ["owned, not running", { runs: false }, "owned", "owned"],
  ["a dead owner", { ownerDead: true }, "orphan row", "orphan row"],
  ["a dead owner that still runs it", { ownerDead: true, runs: true, phase: "idle" }, "running", "idle"],
  ["idle", { runs: true, phase: "idle" }, "running", "idle"],
  ["writing", { runs: true, phase: "pending_storage" }, "running", "pending"],
  ["inside a callback", { runs: true, phase: "busy" }, "running", "handling"],
  ["starting", { runs: true, phase: "initialising" }, "running", "init storage"],
  ["too large to be asked", { runs: true, phase: "not-read" }, "running", null],
])("marks %s", (_name, change, overview, full) => {
  expect(actorOverviewState(facets(change))).toBe(overview);
  expect(actorState(facets(change))).toBe(full);
});
