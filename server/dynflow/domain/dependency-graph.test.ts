import { describe, expect, it } from "vitest";
import { edgesOnCircles } from "./dependency-graph.ts";

const edge = (text: string) => {
  const [waiting = "", prerequisite = ""] = text.split("");
  return { waiting, prerequisite };
};
const circles = (...edges: readonly string[]): readonly string[] =>
  [...edgesOnCircles(edges.map(edge))].map(({ waiting, prerequisite }) => waiting + prerequisite);

describe("circles of dependencies", () => {
  it.each<readonly [string, readonly string[], readonly string[]]>([
    ["none in a line", ["ab", "bc"], []],
    ["none where two ways lead to one plan", ["ab", "ac", "bd", "cd"], []],
    ["a plan that waits for itself", ["aa", "ab"], ["aa"]],
    ["two that wait for each other", ["ab", "ba", "bc"], ["ab", "ba"]],
    ["a longer one, not what leads to it or away from it", ["xa", "ab", "bc", "ca", "cy"], ["ab", "bc", "ca"]],
    ["two that touch", ["ab", "ba", "bc", "cb"], ["ab", "ba", "bc", "cb"]],
    ["two apart", ["ab", "ba", "cd", "dc"], ["ab", "ba", "cd", "dc"]],
  ])("%s", (_what, edges, expected) => {
    expect(circles(...edges)).toEqual(expected);
  });

  it("are found in a line of a hundred thousand without recursion", () => {
    const line = Array.from({ length: 100_000 }, (_, at) => ({ waiting: `p${at}`, prerequisite: `p${at + 1}` }));
    expect(edgesOnCircles(line).size).toBe(0);
    expect(edgesOnCircles([...line, { waiting: "p100000", prerequisite: "p0" }]).size).toBe(100_001);
  });
});
