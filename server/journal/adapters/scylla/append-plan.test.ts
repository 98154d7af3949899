import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { EventDraft } from "#server/contract/event.ts";
import { epochMs } from "#server/kernel/clock.ts";
import { chained, faultOf, fitting, isOver, type Pending, planAppends, take } from "./append-plan.ts";
import type { SegmentFacts } from "./rows.ts";

const DAY_MS = 86_400_000;
const KEY = new Uint8Array(32);
const FACTS: SegmentFacts = {
  segment: 1,
  epoch: 1,
  turn: 0,
  closed: false,
  startSeq: 0,
  startHash: "00",
  lastSeq: 7,
  lastHash: "00",
  firstObservedAt: null,
  lastObservedAt: 1_000,
  size: 0,
};

const draft = (id?: string, bytes = 0): EventDraft => ({
  kind: "dna.row.unreadable",
  body: { cluster: "c", reason: "x".repeat(bytes) },
  subject: "s",
  occurredAt: epochMs(5),
  ...(id === undefined ? {} : { id }),
});
const pending = (drafts: readonly EventDraft[], at = 2_000): Pending => ({ drafts, at, resolve() {}, reject() {} });
let made = 0;
const newId = () => {
  made += 1;
  return `new-${made}`;
};
const plan = (taken: readonly Pending[]) => planAppends(taken, { stream: "s", facts: FACTS, known: new Map(), newId });

describe("append plan", () => {
  it("answers an append only after the batch that holds its last event, those of the same id included", () => {
    const { rows, planned } = plan([
      pending([draft("a"), draft("b")]),
      pending([draft("a")]),
      pending([draft("b"), draft()]),
    ]);
    expect(rows.map(({ seq }) => seq)).toEqual([8, 9, 10]);
    expect(planned.map((one) => [one.rows, one.events.map(({ seq }) => seq)])).toEqual([
      [2, ["8", "9"]],
      [1, ["8"]],
      [3, ["9", "10"]],
    ]);
  });

  it("never stamps an event earlier than the one before it", () => {
    const { rows } = plan([pending([draft()], 500), pending([draft()], 3_000), pending([draft()], 2_000)]);
    expect(rows.map(({ event }) => event.observedAt)).toEqual([1_000, 3_000, 3_000]);
  });

  it("cuts any appends into batches of at most 200 events and 100 kB, none empty, a larger event by itself", () => {
    const sizes = fc.array(fc.integer({ min: 0, max: 120_000 }), { minLength: 1, maxLength: 300 });
    fc.assert(
      fc.property(sizes, fc.integer({ min: 1, max: 500 }), (bytes, room) => {
        let { rows } = plan([pending(bytes.map((size) => draft(undefined, size)))]);
        while (rows.length > 0) {
          const part = fitting(rows, room);
          const whole = part.reduce((sum, row) => sum + row.bytes.byteLength, 0);
          expect(part.length).toBeGreaterThan(0);
          expect(part.length).toBeLessThanOrEqual(Math.min(room, 200));
          expect(part.length === 1 || whole <= 100_000).toBe(true);
          rows = rows.slice(part.length);
        }
      }),
      { numRuns: 50 },
    );
  });

  it("takes what waits in order, up to a bound, and always something", () => {
    const queue = [pending(Array.from({ length: 5_000 }, () => draft())), pending([draft()]), pending([draft()])];
    expect(take(queue)).toHaveLength(1);
    expect(take(queue)).toHaveLength(2);
    expect(queue).toEqual([]);
  });

  it("hashes each event over the one before, however the batches are cut", () => {
    const { rows } = plan([pending([draft("x"), draft("y"), draft("z")])]);
    const whole = chained(KEY, rows, FACTS);
    const first = chained(KEY, rows.slice(0, 1), FACTS);
    const rest = chained(KEY, rows.slice(1), first.after);
    expect([...first.events, ...rest.events]).toEqual(whole.events);
    expect(rest.after).toEqual(whole.after);
    expect(whole.after).toMatchObject({ lastSeq: 10, firstObservedAt: 2_000, lastObservedAt: 2_000 });
  });

  it("ends a segment with its day, and an empty one never", () => {
    expect(isOver(FACTS, 10 * DAY_MS)).toBe(false);
    const begun = { ...FACTS, firstObservedAt: DAY_MS + 1 };
    expect([2 * DAY_MS - 1, 2 * DAY_MS].map((at) => isOver(begun, at))).toEqual([false, true]);
  });

  it("refuses too many drafts at once, and one that is too large", () => {
    expect(faultOf([draft()], "s")).toBeNull();
    expect(
      faultOf(
        Array.from({ length: 10_001 }, () => draft()),
        "s",
      ),
    ).toMatchObject({ code: "limit-exceeded" });
    expect(faultOf([draft("a", 2_000_000)], "s")).toMatchObject({ code: "limit-exceeded" });
  });
});
