import { describe, expect, it } from "vitest";
import type { WorldFold } from "#server/contract/fold/dynflow.ts";
import { epochMs } from "#server/kernel/clock.ts";
import { envelopeState } from "./envelope-lifecycle.ts";
import { lockState } from "./lock-lifecycle.ts";
import { invalidatedWorlds, worldState } from "./world-state.ts";

const world = (change: Partial<WorldFold>): WorldFold => ({
  class: "Dynflow::Coordinator::ExecutorWorld",
  executor: true,
  active: true,
  hostname: "h",
  pid: 1,
  queues: {},
  lastSeenText: null,
  unreadable: null,
  seenSince: epochMs(0),
  ping: null,
  ...change,
});
const silent = { ping: { at: epochMs(1), roundTripMs: null } };

describe("worldState", () => {
  it.each([
    ["active", {}, false],
    ["terminating", { active: false }, false],
    ["client", { executor: false, active: null }, false],
    ["not answering", silent, false],
    ["not answering", { ...silent, executor: false }, false],
    ["unreadable", { ...silent, unreadable: "no map" }, false],
    ["invalidating", { ...silent, active: false }, true],
  ] as const)("says %s of %j", (state, change, isInvalidated) => {
    expect(worldState(world(change), isInvalidated)).toBe(state);
  });

  it("takes from the locks which worlds are being taken away", () => {
    const locks = [
      { class: "Dynflow::Coordinator::WorldInvalidationLock", id: "world-invalidation:w1" },
      { class: "Dynflow::Coordinator::ExecutionLock", id: "world-invalidation:w2" },
      { class: "Dynflow::Coordinator::WorldInvalidationLock", id: "other:w3" },
    ];
    expect([...invalidatedWorlds(locks)]).toEqual(["w1"]);
  });
});

it.each([
  ["held", "Dynflow::Coordinator::ExecutionLock", false],
  ["held", "Dynflow::Coordinator::DelayedExecutorLock", false],
  ["planning", "Dynflow::Coordinator::PlanningLock", false],
  ["singleton", "Dynflow::Coordinator::SingletonActionLock", false],
  ["inhibition", "Dynflow::Coordinator::ExecutionInhibitionLock", false],
  ["orphaned", "Dynflow::Coordinator::PlanningLock", true],
] as const)("a lock is %s by its class %s", (state, name, orphaned) => {
  expect(lockState({ class: name, orphaned })).toBe(state);
});

it.each([
  ["queued", true, true],
  ["stuck", true, false],
  ["unreadable", false, true],
  ["unreadable", false, false],
] as const)("an envelope that waits is %s", (state, decodes, hasReceiver) => {
  expect(envelopeState({ decodes, hasReceiver })).toBe(state);
});
