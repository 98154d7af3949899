import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { canonicalJson } from "#server/contract/canonical.ts";
import { anyHistory } from "#server/contract/fold/events.contract.ts";
import { FOLD_VERSION, reduceAll } from "#server/contract/fold/fold.ts";
import type { LiveMessage } from "#server/contract/live.ts";
import { epochMs } from "#server/kernel/clock.ts";
import { stepFeed } from "./feed-core.ts";
import { type FeedState, initialFeed } from "./feed-state.ts";

const at = epochMs;
const journal = { ok: true, since: at(0), reason: null };
const snapshot = (over: Partial<Extract<LiveMessage, { type: "snapshot" }>> = {}): LiveMessage => ({
  type: "snapshot",
  cursor: "c0",
  folds: {},
  samples: {},
  journal,
  serverNow: at(10_000),
  foldVersion: FOLD_VERSION,
  ...over,
});
const batch = (over: Partial<Extract<LiveMessage, { type: "batch" }>> = {}): LiveMessage => ({
  type: "batch",
  cursor: "c1",
  events: [],
  samples: {},
  journal,
  serverNow: at(11_000),
  ...over,
});
const heard = (state: FeedState, message: LiveMessage, when = 0) =>
  stepFeed(state, { kind: "message", message, at: at(when) });
const live = heard(initialFeed(at(0)), snapshot(), 1);

describe("feed", () => {
  it("has the folds of the server, from a snapshot at any cut and the batches after it", () => {
    fc.assert(
      fc.property(anyHistory(), fc.nat({ max: 20 }), fc.integer({ min: 1, max: 9 }), (events, cut, size) => {
        let state = heard(initialFeed(at(0)), snapshot({ folds: reduceAll({}, events.slice(0, cut)) }));
        for (let start = cut; start < events.length; start += size) {
          state = heard(state, batch({ events: events.slice(start, start + size) }));
        }
        expect(canonicalJson(state.live?.folds)).toBe(canonicalJson(reduceAll({}, events)));
      }),
      { numRuns: 300 },
    );
  });

  it("goes from connecting to live by a snapshot, and keeps what it knows while it is lost", () => {
    expect(initialFeed(at(5))).toMatchObject({ phase: "connecting", since: 5, live: null });
    expect(live).toMatchObject({ phase: "live", since: 1 });
    const lost = stepFeed(live, { kind: "lost", at: at(7) });
    expect(lost).toMatchObject({ phase: "lost", since: 7 });
    expect(lost.live).toBe(live.live);
    expect(stepFeed(lost, { kind: "lost", at: at(9) })).toBe(lost);
    const back = heard(lost, batch({ cursor: "c2" }), 20);
    expect(back).toMatchObject({ phase: "live", since: 20, live: { cursor: "c2" } });
  });

  it("is lost, not connecting, when the first try fails", () => {
    expect(stepFeed(initialFeed(at(0)), { kind: "lost", at: at(1) }).phase).toBe("lost");
  });

  it("forgets what it knew when it is ended or refused, and says why", () => {
    const ended = heard(live, { type: "ended", reason: "logged out" }, 3);
    expect(ended).toMatchObject({ phase: "ended", since: 3, reason: "logged out", live: null });
    expect(stepFeed(live, { kind: "refused", at: at(4) })).toMatchObject({ phase: "ended", live: null });
    expect(stepFeed(ended, { kind: "lost", at: at(9) })).toBe(ended);
    expect(stepFeed(ended, { kind: "refused", at: at(9) })).toBe(ended);
  });

  it("shows nothing of a server that folds otherwise: the page has to be loaded again", () => {
    const other = heard(live, snapshot({ foldVersion: FOLD_VERSION + 1 }), 3);
    expect(other).toMatchObject({ phase: "ended", live: null, reason: expect.stringContaining("load it again") });
  });

  it("makes nothing of a batch before a snapshot", () => {
    const start = initialFeed(at(0));
    expect(heard(start, batch())).toBe(start);
  });

  it("takes samples stream by stream, the latest whole", () => {
    const one = heard(
      live,
      batch({ samples: { a: { asOf: at(1), readMs: 1, lapMs: 5 }, b: { asOf: at(1), readMs: 1 } } }),
    );
    const two = heard(one, batch({ samples: { a: { asOf: at(2), readMs: 2 } } }));
    expect(two.live?.samples).toEqual({ a: { asOf: 2, readMs: 2 }, b: { asOf: 1, readMs: 1 } });
  });

  it("takes the largest difference of the clocks for the true one, until one of them is set", () => {
    const offset = (...messages: readonly [serverNow: number, when: number][]) =>
      messages.reduce(
        (state, [serverNow, when]) => heard(state, snapshot({ serverNow: at(serverNow) }), when),
        initialFeed(at(0)),
      ).offsetMs;
    expect(offset([1_000, 100])).toBe(900);
    expect(offset([1_000, 100], [2_000, 1_400])).toBe(900);
    expect(offset([1_000, 100], [2_000, 1_050])).toBe(950);
    expect(offset([10_000, 100], [10_000, 5_000])).toBe(5_000);
  });
});
