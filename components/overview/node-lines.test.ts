import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { INCARNATION_STATES, type IncarnationState, type JournalEvent } from "#server/contract/event.ts";
import type { NodeFold } from "#server/contract/fold/dna.ts";
import { lookedFrom, nodeLines } from "./node-lines.ts";

const HOUR_MS = 3_600_000;
const span = { from: 10 * HOUR_MS, to: 11 * HOUR_MS };
const node = (state: IncarnationState, since: number, firstSeenAt = 0, createdAt = firstSeenAt) =>
  ({ state, since, firstSeenAt, createdAt, node: "n", cluster: "c", flags: {} }) as unknown as NodeFold;
const change = (at: number, from: IncarnationState, to: IncarnationState, subject = "1:1") =>
  ({ kind: "dna.incarnation.state_changed", subject, observedAt: at, body: { from, to } }) as unknown as JournalEvent;

describe("nodeLines", () => {
  it("draws a node that did not change as one piece", () => {
    const [line] = nodeLines([["1:1", node("alive", 5)]], [], span);
    expect(line?.pieces).toEqual([{ from: span.from, to: span.to, state: "alive" }]);
    expect(line?.begins).toBe(false);
  });

  it("walks back through the changes of the span", () => {
    const [t1, t2] = [span.from + 1_000, span.from + 2_000];
    const [line] = nodeLines(
      [["1:1", node("alive", t2)]],
      [change(t2, "late", "alive"), change(t1, "alive", "late")],
      span,
    );
    expect(line?.pieces.map(({ state, from }) => [state, from])).toEqual([
      ["alive", span.from],
      ["late", t1],
      ["alive", t2],
    ]);
  });

  it("begins where it was first seen", () => {
    const seen = span.from + 60_000;
    const [line] = nodeLines([["1:1", node("observing", seen, seen)]], [], span);
    expect(line?.begins).toBe(true);
    expect(line?.pieces[0]?.from).toBe(seen);
  });

  it("does not call an old incarnation new because the console began to look at it", () => {
    const seen = span.from + 60_000;
    const lines = nodeLines([["1:1", node("alive", seen, seen, span.from - HOUR_MS)]], [], span);
    expect(lines[0]?.begins).toBe(false);
    expect(lookedFrom(lines, span.from)).toBe(seen);
    expect(lookedFrom([], span.from)).toBe(span.from);
  });

  it("gives each node its own changes only", () => {
    const lines = nodeLines(
      [
        ["1:1", node("alive", 0)],
        ["1:2", node("gone", 1)],
      ],
      [change(span.from + 5, "late", "gone", "1:2")],
      span,
    );
    expect(lines.map(({ pieces }) => pieces.length)).toEqual([1, 2]);
  });

  it("covers the span without gap or overlap, whatever happened", () => {
    const state = fc.constantFrom(...INCARNATION_STATES);
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.integer({ min: -100, max: HOUR_MS + 100 }), state), { maxLength: 12 }),
        state,
        (raw, first) => {
          const sorted = [...raw].sort(([a], [b]) => a - b);
          let before = first;
          const events: JournalEvent[] = [];
          for (const [offset, to] of sorted) {
            events.unshift(change(span.from + offset, before, to));
            before = to;
          }
          const since = sorted.at(-1)?.[0] ?? 0;
          const [line] = nodeLines([["1:1", node(before, span.from + since)]], events, span);
          const pieces = line?.pieces ?? [];
          expect(pieces[0]?.from).toBe(span.from);
          expect(pieces.at(-1)?.to).toBe(span.to);
          pieces.forEach((piece, index) => {
            expect(piece.to).toBeGreaterThan(piece.from);
            if (index > 0) expect(piece.from).toBe(pieces[index - 1]?.to);
          });
        },
      ),
      { verbose: 1 },
    );
  });
});
