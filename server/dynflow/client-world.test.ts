import { describe, expect, it } from "vitest";
import { type MonotonicMs, monotonicMs } from "#server/kernel/clock.ts";
import {
  type ClientWorldEvent,
  type ClientWorldState,
  nextDueAt,
  POLL_INTERVAL_MS,
  RECORD_CHECK_INTERVAL_MS,
  RETRY_INTERVAL_MS,
  SAFETY_POLL_INTERVAL_MS,
  startClientWorld,
  stepClientWorld,
} from "./client-world.ts";
import type { Message } from "./codec/envelope.ts";
import type { DecodedEnvelope } from "./codec/envelope-decode.ts";

const US = "11111111-1111-4111-8111-111111111111";
const THEM = "22222222-2222-4222-8222-222222222222";
const at = monotonicMs;
const arrived = (message: Message, requestId = `${THEM}-1`): DecodedEnvelope => ({
  ok: true,
  deviations: [],
  envelope: { requestId, senderId: THEM, receiverId: US, message },
});

/** Feeds events, each a millisecond after the other, and collects the effects. */
function play(notifies: boolean, events: readonly ClientWorldEvent[], from?: ClientWorldState) {
  let state = from ?? startClientWorld({ notifies, awaited: [], at: at(0) });
  const effects: string[] = [];
  let now = 0;
  for (const event of events) {
    now += 1;
    const step = stepClientWorld(state, event, at(now));
    state = step.state;
    effects.push(...step.effects.map((effect) => effect.kind));
  }
  return { state, effects, now };
}

const REGISTER: readonly ClientWorldEvent[] = [{ kind: "ticked" }, { kind: "register-ended", ok: true }];
const SETTLE: readonly ClientWorldEvent[] = [
  ...REGISTER,
  { kind: "listen-ended", ok: true },
  { kind: "pull-ended", envelopes: [] },
];

function tickAt(state: ClientWorldState, instant: MonotonicMs) {
  return stepClientWorld(state, { kind: "ticked" }, instant);
}

describe("a client world", () => {
  it("registers, then listens, then empties its inbox", () => {
    expect(play(true, SETTLE).effects).toEqual(["register", "listen", "pull"]);
  });

  it("empties its inbox at once where nothing notifies, and each second from then on", () => {
    const { state, effects, now } = play(false, [...REGISTER, { kind: "pull-ended", envelopes: [] }]);
    expect(effects).toEqual(["register", "pull"]);
    expect(tickAt(state, at(now + POLL_INTERVAL_MS - 1)).effects).toEqual([]);
    expect(tickAt(state, at(now + POLL_INTERVAL_MS)).effects).toEqual([{ kind: "pull" }]);
  });

  it("looks into its inbox every 30 s although it listens", () => {
    const { state, now } = play(true, SETTLE);
    const before = tickAt(state, at(now + SAFETY_POLL_INTERVAL_MS - 1)).effects;
    expect(before).not.toContainEqual({ kind: "pull" });
    expect(tickAt(state, at(now + SAFETY_POLL_INTERVAL_MS)).effects).toContainEqual({ kind: "pull" });
  });

  it("pulls on each notification, and once more for those that came during a pull", () => {
    const { effects } = play(true, [
      ...SETTLE,
      { kind: "notified" },
      { kind: "notified" },
      { kind: "notified" },
      { kind: "pull-ended", envelopes: [] },
      { kind: "pull-ended", envelopes: [] },
    ]);
    expect(effects.filter((kind) => kind === "pull")).toHaveLength(3);
  });

  it("tries again after a second when it could not register", () => {
    const { state, now } = play(true, [{ kind: "ticked" }, { kind: "register-ended", ok: false }]);
    expect(state.phase).toBe("starting");
    expect(nextDueAt(state, at(now))).toBe(now + RETRY_INTERVAL_MS);
    expect(tickAt(state, at(now + RETRY_INTERVAL_MS)).effects).toEqual([{ kind: "register" }]);
  });

  it("comes back when its record was deleted", () => {
    const { state, now } = play(true, SETTLE);
    const check = tickAt(state, at(now + RECORD_CHECK_INTERVAL_MS));
    expect(check.effects).toEqual([{ kind: "check" }]);
    const missing = stepClientWorld(check.state, { kind: "check-ended", registered: false }, at(now + 5_000));
    expect(missing.state.phase).toBe("missing");
    expect(missing.effects).toEqual([{ kind: "register" }]);
    const back = stepClientWorld(missing.state, { kind: "register-ended", ok: true }, at(now + 5_001));
    expect(back.state.phase).toBe("registered");
  });

  it("does not take a check that failed for a record that is missing", () => {
    const { state } = play(true, [...SETTLE, { kind: "check-ended", registered: null }]);
    expect(state.phase).toBe("registered");
  });

  it("listens again after the connection was lost, and pulls at once and each second until it does", () => {
    const { state, now } = play(true, [...SETTLE, { kind: "listen-lost" }]);
    const pull = tickAt(state, at(now));
    expect(pull.effects).toEqual([{ kind: "pull" }]);
    const pulled = stepClientWorld(pull.state, { kind: "pull-ended", envelopes: [] }, at(now));
    expect(nextDueAt(pulled.state, at(now))).toBe(now + RETRY_INTERVAL_MS);
    const listen = tickAt(pulled.state, at(now + RETRY_INTERVAL_MS));
    expect(listen.effects.map((effect) => effect.kind)).toEqual(["listen"]);
  });

  it("answers every ping with a pong of the same request, whoever asks", () => {
    const { state } = play(true, SETTLE);
    const ping = arrived({ type: "Ping", receiverId: US, useCache: true }, `${THEM}-7`);
    const step = stepClientWorld(state, { kind: "pull-ended", envelopes: [ping, ping] }, at(9));
    const pong = { requestId: `${THEM}-7`, senderId: US, receiverId: THEM, message: { type: "Pong" } };
    expect(step.effects).toEqual([
      { kind: "reply", envelope: pong },
      { kind: "reply", envelope: pong },
    ]);
    expect(step.state.counts.pingsAnswered).toBe(2);
  });

  it("hands over every reply to a request that is awaited, each time, and counts all others", () => {
    const { state } = play(true, [...SETTLE, { kind: "awaited", requestId: `${US}-3` }]);
    const accepted = arrived({ type: "Accepted" }, `${US}-3`);
    const step = stepClientWorld(
      state,
      {
        kind: "pull-ended",
        envelopes: [accepted, accepted, arrived({ type: "Done" }, `${US}-3`), arrived({ type: "Done" }, `${US}-99`)],
      },
      at(9),
    );
    expect(step.effects.map((effect) => effect.kind)).toEqual(["deliver", "deliver", "deliver"]);
    expect(step.state.counts).toMatchObject({ repliesDelivered: 3, repliesUnknown: 1 });
  });

  it("knows the requests of its earlier life from the start", () => {
    const from = startClientWorld({ notifies: true, awaited: [`${US}-3`], at: at(0) });
    const { state } = play(true, SETTLE, from);
    const event: ClientWorldEvent = { kind: "pull-ended", envelopes: [arrived({ type: "Done" }, `${US}-3`)] };
    expect(stepClientWorld(state, event, at(9)).effects.map((effect) => effect.kind)).toEqual(["deliver"]);
  });

  it("ignores what only executors serve, and what it cannot decode, and counts both", () => {
    const { state } = play(true, [
      ...SETTLE,
      {
        kind: "pull-ended",
        envelopes: [
          arrived({ type: "Execution", planId: THEM }),
          arrived({ type: "Unknown", name: "X" }),
          { ok: false, reason: "no map", bytes: 3 },
        ],
      },
    ]);
    expect(state.counts).toMatchObject({ requestsIgnored: 2, undecodable: 1 });
  });

  it("does nothing more once it leaves", () => {
    const left = play(true, [...SETTLE, { kind: "leave" }]);
    expect(left.effects.at(-1)).toBe("leave");
    for (const event of [
      { kind: "ticked" },
      { kind: "notified" },
      { kind: "leave" },
      { kind: "check-ended", registered: false },
      { kind: "register-ended", ok: true },
    ] satisfies ClientWorldEvent[]) {
      expect(stepClientWorld(left.state, event, at(100_000)).effects).toEqual([]);
    }
  });

  it("is never due in the past without having something to do then", () => {
    const moments = [play(true, REGISTER), play(true, [{ kind: "ticked" }]), play(true, SETTLE), play(false, REGISTER)];
    for (const { state } of moments) {
      const due = nextDueAt(state, at(50_000));
      if (due <= 50_000) expect(tickAt(state, at(50_000)).effects).not.toEqual([]);
    }
  });
});
