import fc from "fast-check";
import { expect, it } from "vitest";
import { type SnapshotSize, snapshotsToDrop } from "./snapshots.ts";

const SPACING_EVENTS = 5_000;
const LARGE_BYTES = 100_000;
const sized = (seqs: readonly number[], bytes = LARGE_BYTES): readonly SnapshotSize[] =>
  seqs.map((seq) => ({ seq, bytes }));
const after = (kept: readonly SnapshotSize[], keptAfter = 0) => {
  const dropped = new Set(snapshotsToDrop(kept, keptAfter));
  return kept.filter(({ seq }) => !dropped.has(seq)).map(({ seq }) => seq);
};

it("thins out what is near, never so that more than 5,000 events lie between two that were nearer before", () => {
  const steps = fc.array(fc.integer({ min: 1, max: 9_000 }), { minLength: 1, maxLength: 40 });
  fc.assert(
    fc.property(steps, (gaps) => {
      let kept: readonly number[] = [];
      let seq = 0;
      for (const gap of gaps) {
        seq += gap;
        kept = after(sized([...kept, seq]));
      }
      const places = [0, ...kept];
      const widest = Math.max(SPACING_EVENTS, ...gaps);
      for (const [index, place] of kept.entries()) expect(place - (places[index] ?? 0)).toBeLessThanOrEqual(widest);
      expect(kept.at(-1)).toBe(seq);
      // Of any three in a row the outer two are more than 5,000 events apart, but for the newest.
      for (let index = 0; index + 4 < places.length; index += 1)
        expect((places[index + 2] ?? 0) - (places[index] ?? 0)).toBeGreaterThan(SPACING_EVENTS);
    }),
  );
});

it("keeps small ones more densely", () => {
  const seqs = Array.from({ length: 30 }, (_, n) => (n + 1) * 300);
  expect(after(sized(seqs, 1_000))).toEqual([
    900, 1_800, 2_700, 3_600, 4_500, 5_400, 6_300, 7_200, 8_100, 8_700, 9_000,
  ]);
});

it("drops what lies before the events that are kept, and never the first that does not", () => {
  expect(after(sized([100, 2_000, 2_500, 3_000, 3_500, 4_000]), 1_500)).toEqual([2_000, 3_500, 4_000]);
});

it("does not take away at once what was just written among others", () => {
  const dropped = snapshotsToDrop(sized([100, 200, 300, 400, 500]), 0, 200);
  expect(dropped).toEqual([100, 300]);
});

it("keeps the older half half as densely beyond 256 MiB, the oldest in any case", () => {
  const seqs = Array.from({ length: 40 }, (_, n) => (n + 1) * SPACING_EVENTS);
  expect(after(sized(seqs, 1_024))).toEqual(seqs);
  const left = after(sized(seqs, 8 * 1_024 * 1_024));
  expect(left.slice(0, 4)).toEqual([5_000, 15_000, 25_000, 35_000]);
  expect(left.slice(-20)).toEqual(seqs.slice(-20));
});
