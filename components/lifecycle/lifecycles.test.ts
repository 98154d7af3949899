import { describe, expect, it } from "vitest";
import { MACHINES, machineOf } from "#server/contract/diagram/machines.ts";
import { PLAN_MACHINE } from "#server/contract/diagram/plan-lifecycle.ts";
import { lifecycleCounts, type StateCounts } from "#server/contract/view/lifecycle-counts.ts";
import { countedDiagram, countedMarks, countText } from "./counted-diagram.ts";
import { glossaryLines, searchGlossary } from "./glossary-lines.ts";
import { stateHref } from "./state-places.ts";

const counts = (running: number): StateCounts => ({
  ...lifecycleCounts(PLAN_MACHINE, {}, {}),
  running: { kind: "counted", count: running },
});

describe("a life cycle with numbers", () => {
  it("is drawn once: other numbers are other words in the same picture", () => {
    const [few, many] = [countedDiagram(PLAN_MACHINE, counts(3)), countedDiagram(PLAN_MACHINE, counts(12_345))];
    expect(few.source).toBe(many.source);
    expect(few.nodes.find(({ key }) => key === "running")?.label).toBe("running: 3");
    expect(many.text).toContain("running");
    expect(few.nodes.find(({ key }) => key === "stopped")?.label).toBe("stopped");
  });

  it("colours the states in which something is, each in its own tone", () => {
    expect(countedMarks(PLAN_MACHINE, counts(3)).tones).toEqual({ running: "working" });
    expect(countedMarks(PLAN_MACHINE, counts(0)).tones).toEqual({});
  });

  it("never says zero of what is not counted", () => {
    expect(countText(counts(0).stopped)).toBe("?");
    expect(countText({ kind: "among", count: 2, why: "two of them" })).toBe("~ 2");
  });

  it("leads from every state to an address of the console, or nowhere", () => {
    for (const { kind, states } of MACHINES)
      for (const state of states) expect(stateHref(kind, state) ?? "/").toMatch(/^\//);
    expect(stateHref("plan", "paused")).toBe("/plans?state=paused");
    expect(stateHref("lock", "orphaned")).toBe("/worlds?lock=orphaned");
  });
});

describe("the glossary", () => {
  const lines = glossaryLines(MACHINES);

  it("has every state of every machine", () => {
    expect(lines).toHaveLength(MACHINES.reduce((sum, { states }) => sum + states.length, 0));
    for (const { means } of lines) expect(means).not.toBe("");
  });

  it("finds by state, meaning, look and source, those that are named first", () => {
    const found = searchGlossary(lines, "orphan");
    expect(found.slice(0, 2).every(({ state }) => state.startsWith("orphan"))).toBe(true);
    expect(searchGlossary(lines, "cluster.ex halted").map(({ state }) => state)).toEqual(["halted"]);
    expect(searchGlossary(lines, "triangle lagging").length).toBeGreaterThan(0);
    expect(searchGlossary(lines, "nobody says this")).toEqual([]);
    expect(searchGlossary(lines, "  ")).toBe(lines);
  });
});

it("knows the kind that the address names", () => {
  expect(machineOf("haf-app")?.group).toBe("HAF");
});
