import { describe, expect, it } from "vitest";
import { type PhaseTree, phaseRows, phaseTree, waysTo } from "./phase-rows.ts";

const NONE: ReadonlySet<number> = new Set();
const drawn = (tree: PhaseTree, turned = NONE, ways = NONE): readonly string[] =>
  phaseRows(tree, turned, ways).map(
    ({ stepId, depth, again }) => `${"-".repeat(depth)}${stepId}${again ? " again" : ""}`,
  );

describe("the plan phase as a tree", () => {
  it("puts each step under the one that planned it, in the order of planning", () => {
    const tree = phaseTree(
      [
        [1, [5, 3]],
        [3, null],
        [5, [7]],
        [7, []],
      ],
      1,
    );
    expect(drawn(tree)).toEqual(["1", "-5", "--7", "-3"]);
  });

  it("ends where a circle closes, and where a step was planned twice", () => {
    expect(
      drawn(
        phaseTree(
          [
            [1, [2, 3]],
            [2, [1]],
            [3, [2]],
          ],
          1,
        ),
      ),
    ).toEqual(["1", "-2", "--1 again", "-3", "--2 again"]);
  });

  it("shows what nobody planned beside the root, and what only a circle leads to", () => {
    const tree = phaseTree(
      [
        [1, []],
        [2, [3]],
        [3, null],
        [8, [9]],
        [9, [8]],
      ],
      1,
    );
    expect(drawn(tree)).toEqual(["1", "2", "-3", "8", "-9", "--8 again"]);
  });

  it("stands without a root, and with children that have no row", () => {
    expect(
      drawn(
        phaseTree(
          [
            [4, [6, 99]],
            [6, null],
          ],
          null,
        ),
      ),
    ).toEqual(["4", "-6", "-99"]);
    expect(drawn(phaseTree([], 1))).toEqual([]);
  });

  it("is folded from the fourth level on, but not on the way to a failure", () => {
    const line = phaseTree(
      [
        [1, [2]],
        [2, [3]],
        [3, [4]],
        [4, [5]],
        [5, [6]],
        [6, []],
      ],
      1,
    );
    expect(drawn(line)).toEqual(["1", "-2", "--3", "---4"]);
    expect(drawn(line, NONE, waysTo(line, [6]))).toHaveLength(6);
    expect(drawn(line, new Set([4]))).toEqual(["1", "-2", "--3", "---4", "----5"]);
    expect(drawn(line, new Set([2]))).toEqual(["1", "-2"]);
  });

  it("takes a line of fifty thousand steps", () => {
    const nodes = Array.from({ length: 50_000 }, (_, at): readonly [number, number[]] => [at + 1, [at + 2]]);
    const tree = phaseTree(nodes, 1);
    expect(phaseRows(tree, NONE, waysTo(tree, [50_001]))).toHaveLength(50_001);
  });
});
