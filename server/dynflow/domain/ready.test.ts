import { describe, expect, it } from "vitest";
import { epochMs } from "#server/kernel/clock.ts";
import {
  DELAYED_POLL_EVERY_MS,
  type DelayFacts,
  type Prerequisite,
  prerequisiteStanding,
  readinessOf,
} from "./ready.ts";

const NOW = epochMs(1_000_000);
const at = (offsetMs: number) => epochMs(NOW + offsetMs);
const poller = { worldId: "e", known: true };
const stopped = (planId: string, result: string): Prerequisite => ({ planId, state: "stopped", result });
const running = (planId: string): Prerequisite => ({ planId, state: "running", result: "pending" });

const facts = (
  over: Partial<DelayFacts> = {},
  delayed: Partial<NonNullable<DelayFacts["delayed"]>> = {},
): DelayFacts => ({
  state: "scheduled",
  delayed: { startAt: at(-1), startBefore: null, frozen: false, ...delayed },
  prerequisites: [],
  planning: false,
  poller,
  now: NOW,
  ...over,
});
const START = { kind: "start" } as const;
const READY = { kind: "ready", outcome: START, within: at(DELAYED_POLL_EVERY_MS) };
const waiting = (obstacles: readonly unknown[], earliest: number | null = null, outcome: unknown = START) => ({
  kind: "waiting",
  obstacles,
  earliest,
  outcome,
});

describe("a scheduled plan", () => {
  it.each<readonly [string, DelayFacts, unknown]>([
    ["whose time has come is ready", facts(), READY],
    ["whose time comes this very millisecond is ready", facts({}, { startAt: NOW }), READY],
    ["without a time is ready at once", facts({}, { startAt: null }), READY],
    [
      "with a time ahead waits for it",
      facts({}, { startAt: at(1) }),
      waiting([{ kind: "start-at", at: at(1) }], at(1)),
    ],
    ["that is frozen waits though its time has come", facts({}, { frozen: true }), waiting([{ kind: "frozen" }])],
    [
      "that is frozen and not due has no instant at which it starts",
      facts({}, { frozen: true, startAt: at(9) }),
      waiting([{ kind: "frozen" }, { kind: "start-at", at: at(9) }]),
    ],
    [
      "past its latest start is ready to be stopped",
      facts({}, { startBefore: at(-5) }),
      { ...READY, outcome: { kind: "timeout", at: at(-5) } },
    ],
    [
      "past its latest start is due although its start lies ahead",
      facts({}, { startAt: at(9), startBefore: at(-5) }),
      { ...READY, outcome: { kind: "timeout", at: at(-5) } },
    ],
    [
      "whose latest start comes before its start will be stopped then",
      facts({}, { startAt: at(9), startBefore: at(5) }),
      waiting([{ kind: "start-at", at: at(9) }], at(5), { kind: "timeout", at: at(5) }),
    ],
    ["with a latest start ahead is ready", facts({}, { startBefore: at(5) }), READY],
    ["without a delayed row can never start", facts({ delayed: null }), { kind: "never" }],
    ["that is being planned is past waiting", facts({ planning: true, delayed: null }), { kind: "planning" }],
    ["that nobody polls for waits", facts({ poller: null }), waiting([{ kind: "no-poller" }])],
    [
      "whose poller has no record waits",
      facts({ poller: { worldId: "dead", known: false } }),
      waiting([{ kind: "poller-gone", worldId: "dead" }]),
    ],
    [
      "waits for each prerequisite that has not stopped",
      facts({ prerequisites: [running("a"), stopped("b", "success"), running("c")] }),
      waiting([{ kind: "prerequisites", planIds: ["a", "c"] }]),
    ],
    [
      "waits for them past its latest start, too",
      facts({ prerequisites: [running("a")] }, { startBefore: at(-5) }),
      waiting([{ kind: "prerequisites", planIds: ["a"] }], null, { kind: "timeout", at: at(-5) }),
    ],
    [
      "is started when they ended in warning, cancelled, or are gone",
      facts({
        prerequisites: [stopped("a", "warning"), stopped("b", "cancelled"), { planId: "c", state: null, result: null }],
      }),
      READY,
    ],
    [
      "is stopped when one of them failed",
      facts({ prerequisites: [stopped("a", "error"), stopped("b", "success")] }),
      { ...READY, outcome: { kind: "failed-dependency", planIds: ["a"] } },
    ],
    [
      "is started all the same when a latest start is set",
      facts({ prerequisites: [stopped("a", "error")] }, { startBefore: at(5) }),
      READY,
    ],
    ["of another state is none of the poller's", facts({ state: "planned" }), { kind: "not-scheduled" }],
    ["that was stopped is over", facts({ state: "stopped", delayed: null }), { kind: "not-scheduled" }],
  ])("%s", (_what, given, expected) => {
    expect(readinessOf(given)).toEqual(expected);
  });
});

describe("a prerequisite", () => {
  it.each([
    ["running", "pending", "waits"],
    ["paused", "error", "waits"],
    ["hovering", "error", "waits"],
    ["stopped", "success", "satisfied"],
    ["stopped", "warning", "satisfied"],
    ["stopped", "cancelled", "satisfied"],
    ["stopped", "pending", "satisfied"],
    ["stopped", "error", "failed"],
    [null, null, "satisfied"],
  ])("in state %s with result %s: %s", (state, result, expected) => {
    expect(prerequisiteStanding({ planId: "a", state, result })).toBe(expected);
  });
});
