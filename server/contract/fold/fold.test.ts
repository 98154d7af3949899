import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { canonicalJson } from "#server/contract/canonical.ts";
import type { JournalEvent } from "#server/contract/event.ts";
import { anyEvent, anyHistory } from "./events.contract.ts";
import { type Folds, reduceAll, reduceFolds } from "./fold.ts";

const fold = (events: readonly JournalEvent[], from: Folds = {}): Folds => events.reduce(reduceFolds, from);
const throughSnapshot = (folds: Folds): Folds => JSON.parse(JSON.stringify(folds)) as Folds;
/** A failing run prints its seed. */
const RUNS = { numRuns: 500 };

describe("fold", () => {
  it("gives the same state from the beginning as from a snapshot at any cut and the rest", () => {
    fc.assert(
      fc.property(anyHistory(), fc.nat(), (events, at) => {
        const cut = events.length === 0 ? 0 : at % (events.length + 1);
        const resumed = fold(events.slice(cut), throughSnapshot(fold(events.slice(0, cut))));
        expect(canonicalJson(resumed)).toBe(canonicalJson(fold(events)));
      }),
      RUNS,
    );
  });

  it("folds a batch to what its events give one by one, and leaves the state before it as it was", () => {
    fc.assert(
      fc.property(anyHistory(), anyHistory(), (events, batch) => {
        const before = fold(events);
        const text = canonicalJson(before);
        expect(canonicalJson(reduceAll(before, batch))).toBe(canonicalJson(fold(batch, before)));
        expect(canonicalJson(before)).toBe(text);
      }),
      RUNS,
    );
  });

  it("leaves what a batch gave alone when it folds the next", () => {
    fc.assert(
      fc.property(anyHistory(), anyHistory(), (first, second) => {
        const between = reduceAll({}, first);
        const text = canonicalJson(between);
        reduceAll(between, second);
        expect(canonicalJson(between)).toBe(text);
      }),
      RUNS,
    );
  });

  it("is JSON-safe: serialising a snapshot and reading it back changes nothing", () => {
    fc.assert(
      fc.property(anyHistory(), (events) => {
        const folds = fold(events);
        expect(throughSnapshot(folds)).toEqual(folds);
        expect(canonicalJson(throughSnapshot(folds))).toBe(canonicalJson(folds));
      }),
      RUNS,
    );
  });

  it("bears any event in any state, wherever it came from, and leaves the state before it as it was", () => {
    fc.assert(
      fc.property(anyHistory(), anyEvent(), (events, next) => {
        const before = fold(events);
        const text = canonicalJson(before);
        reduceFolds(before, next);
        expect(canonicalJson(before)).toBe(text);
      }),
      RUNS,
    );
  });

  it("is not changed by a kind that it does not know, in any stream", () => {
    fc.assert(
      fc.property(anyHistory(20), anyEvent(), (events, other) => {
        const before = fold([...events, other]);
        const unknown = { ...other, kind: "dna.something.of_tomorrow", body: null } as unknown as JournalEvent;
        expect(reduceFolds(before, unknown)).toBe(before);
      }),
      RUNS,
    );
  });

  it("is not changed by a stream of a family that it does not know", () => {
    fc.assert(
      fc.property(anyEvent(["tomorrow:x", "constructor", "__proto__", ""]), (event) => {
        const before: Folds = {};
        expect(reduceFolds(before, event)).toBe(before);
      }),
    );
  });

  it("keeps apart what is named like the innards of an object", () => {
    const seen = (subject: string): JournalEvent => ({
      id: subject,
      stream: "dna:eu-1",
      seq: "1",
      kind: "dna.incarnation.state_changed",
      subject,
      occurredAt: 1 as never,
      observedAt: 1 as never,
      synthetic: false,
      causedBy: null,
      actor: null,
      body: { cluster: "c", from: null, to: "gone", evidence: "", silentMs: 1 },
    });
    const folds = fold([seen("constructor"), seen("__proto__"), seen("toString")]);
    expect(folds["dna:eu-1"]).toMatchObject({ nodes: {} });
  });
});
