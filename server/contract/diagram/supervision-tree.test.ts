import { expect, it } from "vitest";
import { supervisionTree } from "./supervision-tree.ts";

it.each([0, 1, 4, 8, 9, 64])(
  "hangs every part of %i partitions under one before it, with at most 30 parts",
  (count) => {
    const parts = supervisionTree(count);
    expect(parts.length).toBeLessThanOrEqual(30);
    parts.forEach(({ under }, index) => {
      if (index === 0) expect(under).toBeNull();
      else expect(parts.slice(0, index).map(({ key }) => key)).toContain(under);
    });
  },
);

it("tells eight partitions apart and folds nine", () => {
  expect(supervisionTree(8).filter(({ label }) => /^Partition \d/.test(label))).toHaveLength(8);
  expect(supervisionTree(9).map(({ label }) => label)).toContain("Partitions 0 to 8");
});
