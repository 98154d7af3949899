import { describe, expect, it } from "vitest";
import type { ClaimTargetView } from "#server/contract/wire/dna-failover.ts";
import { choiceRefusal, chosenTargets, expectedKeys, suggested, taking, toggled, weighted } from "./claim-choice.ts";

const target = (number: number, over: Partial<ClaimTargetView> = {}): ClaimTargetView => ({
  incarnation: `2000:${number}`,
  node: `dna@10.0.0.${number}`,
  state: "alive",
  aliveMs: 60_000,
  load: 0.5,
  running: null,
  owned: null,
  weight: number * 10,
  refusal: null,
  ...over,
});
const FALLEN = target(3, { refusal: "it is late", state: "late" });
const TARGETS = [target(1), target(2), FALLEN];

describe("choosing whom keys are given to", () => {
  it("begins with every node that may be given keys, and no other", () => {
    expect([...suggested(TARGETS)]).toEqual([
      ["2000:1", 10],
      ["2000:2", 20],
    ]);
  });

  it("shares the keys out by weight, and gives none to those who are left out", () => {
    const weights = suggested(TARGETS);
    expect(TARGETS.map((each) => expectedKeys(each, TARGETS, weights, 300))).toEqual([100, 200, 0]);
    const one = toggled(weights, target(1));
    expect(TARGETS.map((each) => expectedKeys(each, TARGETS, one, 300))).toEqual([0, 300, 0]);
    expect(expectedKeys(target(1), TARGETS, weights, null)).toBeNull();
  });

  it.each(["0", "1001", "1.5", "", "many"])("keeps the weight when %j is typed", (text) => {
    const weights = suggested(TARGETS);
    expect(weighted(weights, "2000:1", text)).toBe(weights);
    expect(weighted(weights, "2000:1", "7").get("2000:1")).toBe(7);
  });

  it("is refused while nobody is chosen, while one that was chosen has fallen, and while nobody can be", () => {
    const view = { targets: TARGETS, claimRefusal: null };
    expect(choiceRefusal("claim", suggested(TARGETS), view)).toBeNull();
    expect(choiceRefusal("claim", new Map(), view)).toBe("Choose at least one node.");
    expect(choiceRefusal("claim", new Map([[FALLEN.incarnation, 1]]), view)).toContain("it is late");
    expect(choiceRefusal("claim", new Map(), { ...view, claimRefusal: "Nobody." })).toBe("Nobody.");
    expect(choiceRefusal("release", new Map(), { ...view, claimRefusal: "Nobody." })).toBeNull();
    expect(taking(TARGETS, new Map([[FALLEN.incarnation, 1]]))).toEqual([]);
  });

  it("is sent as it was chosen, or as nobody", () => {
    expect(chosenTargets("release", suggested(TARGETS))).toBeNull();
    expect(chosenTargets("claim", new Map([["2000:1", 3]]))).toEqual([{ incarnation: "2000:1", weight: 3 }]);
  });
});
