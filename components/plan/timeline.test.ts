import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { workMs } from "#server/kernel/own-time.test-kit.ts";
import { layoutTimeline, pausesOf, type Timeline } from "./timeline.ts";

const T0 = Date.UTC(2026, 10, 22, 6, 14, 3);
const at = (seconds: number) => T0 + seconds * 1_000;

const steps = fc.array(
  fc.record({
    stepId: fc.nat(1_000),
    startMs: fc.integer({ min: 0, max: 5_000_000 }).map((ms) => T0 + ms),
    lastsMs: fc.option(fc.nat(2_000_000)),
  }),
  { minLength: 1, maxLength: 40 },
);
const widths = fc.integer({ min: 120, max: 2_000 });
const toSteps = (made: { stepId: number; startMs: number; lastsMs: number | null }[]) =>
  made.map(({ stepId, startMs, lastsMs }) => ({ stepId, startMs, endMs: lastsMs === null ? null : startMs + lastsMs }));

function laidOut(input: Parameters<typeof layoutTimeline>[0]): Timeline {
  const timeline = layoutTimeline(input);
  if (timeline === null) throw new Error("nothing was laid out");
  return timeline;
}

describe("layoutTimeline", () => {
  it("keeps every bar within the width, and earlier begins to the left of later ones", () => {
    fc.assert(
      fc.property(steps, widths, (made, width) => {
        const input = toSteps(made);
        const { bars } = laidOut({ steps: input, pauses: [], nowMs: at(9_000), width });
        const placed = input
          .map((step, index) => ({ step, bar: bars[index] }))
          .filter((pair) => pair.bar !== undefined);
        for (const { bar } of placed) {
          expect(bar?.x1).toBeGreaterThanOrEqual(0);
          expect((bar?.x2 ?? 0) - (bar?.x1 ?? 0)).toBeGreaterThan(0);
          expect(bar?.x2).toBeLessThanOrEqual(width + 0.001);
        }
        for (const a of placed)
          for (const b of placed)
            if (a.step.startMs <= b.step.startMs) expect(a.bar?.x1).toBeLessThanOrEqual((b.bar?.x1 ?? 0) + 0.001);
      }),
    );
  });

  it("folds only time in which no step ran, and never two folds over each other", () => {
    fc.assert(
      fc.property(steps, widths, (made, width) => {
        const input = toSteps(made);
        const { folds } = laidOut({ steps: input, pauses: [], nowMs: at(9_000), width });
        for (const [index, fold] of folds.entries()) {
          for (const { startMs, endMs } of input)
            expect((endMs ?? at(9_000)) <= fold.fromMs || startMs >= fold.toMs).toBe(true);
          const before = folds[index - 1];
          if (before !== undefined) expect(fold.x1).toBeGreaterThanOrEqual(before.x2 - 0.001);
        }
      }),
    );
  });

  it("keeps ticks in order and apart from each other", () => {
    fc.assert(
      fc.property(steps, widths, (made, width) => {
        const { ticks } = laidOut({ steps: toSteps(made), pauses: [], nowMs: at(9_000), width });
        const offsets = ticks.filter((tick) => tick.kind === "offset");
        for (const [index, tick] of offsets.entries()) {
          expect(tick.x).toBeGreaterThanOrEqual(0);
          expect(tick.x).toBeLessThanOrEqual(width);
          const before = offsets[index - 1];
          if (before !== undefined && tick.atMs > before.atMs) expect(tick.x).toBeGreaterThan(before.x);
        }
      }),
    );
  });

  it("folds a pause that a retried step spans, as the execution history tells it", () => {
    const history = [
      { atMs: at(2), name: "start execution" },
      { atMs: at(131), name: "pause execution" },
      { atMs: at(1_017), name: "start execution" },
      { atMs: at(1_019), name: "pause execution" },
    ];
    const retried = { stepId: 17, startMs: at(33.9), endMs: at(1_018.9) };
    const { folds, bars } = laidOut({
      steps: [{ stepId: 3, startMs: at(2.2), endMs: at(33.8) }, retried],
      pauses: pausesOf(history),
      nowMs: at(2_300),
      width: 600,
    });
    expect(folds).toHaveLength(1);
    expect(folds[0]).toMatchObject({ fromMs: at(132), toMs: at(1_017) });
    expect(bars[1]?.x2).toBeCloseTo(600, 0);
  });

  it("shows a step that has no end as reaching to now", () => {
    const { bars, toMs } = laidOut({
      steps: [{ stepId: 1, startMs: at(0), endMs: null }],
      pauses: [],
      nowMs: at(10),
      width: 500,
    });
    expect(toMs).toBe(at(10));
    expect(bars[0]).toEqual({ stepId: 1, x1: 0, x2: 500 });
  });

  it("draws nothing before anything has begun", () => {
    expect(layoutTimeline({ steps: [], pauses: [], nowMs: T0, width: 500 })).toBeNull();
  });

  it("lays out 10,000 steps in a fraction of a second", () => {
    const many = Array.from({ length: 10_000 }, (_, index) => ({
      stepId: index,
      startMs: at(index * 7),
      endMs: at(index * 7 + 5),
    }));
    const took = workMs(() => {
      expect(laidOut({ steps: many, pauses: [], nowMs: at(1), width: 900 }).bars.length).toBe(10_000);
    });
    expect(took).toBeLessThan(500);
  });
});

describe("pausesOf", () => {
  it("tells nothing of a pause that has not ended", () => {
    expect(pausesOf([{ atMs: at(1), name: "pause execution" }])).toEqual([]);
  });
});
