import { describe, expect, it } from "vitest";
import type { SubPlanRow } from "#server/contract/wire/dynflow-sub-plans.ts";
import { type Level, levelText, parentKey, sumLevel, TREE_DEPTH_MAX, treeRows } from "./sub-plan-rows.ts";

const row = (id: string): SubPlanRow => ({
  id,
  label: null,
  rootActionClass: null,
  state: "stopped",
  result: "success",
  callerActionId: 1,
  startedAt: null,
  endedAt: null,
  realTimeSec: null,
  executionTimeSec: null,
  failing: false,
  subPlans: 1,
});
const page = (ids: readonly string[], nextCursor: string | null = null) => ({
  data: { asOf: null, faults: [], rows: ids.map(row), nextCursor, counts: null },
  error: null,
});
const READING = { data: undefined, error: null };
const levels = (known: Readonly<Record<string, Level>>) => (id: string) => known[id];
const drawn = (known: Readonly<Record<string, Level>>, opened: readonly string[] = []) =>
  treeRows("r", levels(known), new Set(opened)).map((line) =>
    line.kind === "plan"
      ? `${"-".repeat(line.depth)}${line.row.id}${line.circle ? " circle" : ""}`
      : `${"-".repeat(line.depth)}${line.kind}`,
  );

describe("the tree of sub-plans", () => {
  it("is being read, empty, or not to be had before it is a tree", () => {
    expect(drawn({})).toEqual(["reading"]);
    expect(drawn({ r: { pages: [READING] } })).toEqual(["reading"]);
    expect(drawn({ r: { pages: [page([])] } })).toEqual(["none"]);
    expect(drawn({ r: { pages: [{ data: undefined, error: new Error("gone") }] } })).toEqual(["failed"]);
  });

  it("shows each level under the plan that is unfolded, and that there is more of it", () => {
    const known = { r: { pages: [page(["a"], "1"), page(["b"], "2")] }, a: { pages: [page(["c"])] } };
    expect(drawn(known)).toEqual(["a", "b", "more"]);
    expect(drawn(known, ["r/a"])).toEqual(["a", "-c", "b", "more"]);
    expect(drawn({ ...known, a: { pages: [page(["c"], "3"), READING] } }, ["r/a"])).toEqual([
      "a",
      "-c",
      "-reading",
      "b",
      "more",
    ]);
  });

  it("unfolds nothing where a plan stands above itself", () => {
    const known = { r: { pages: [page(["a"])] }, a: { pages: [page(["r", "a"])] } };
    expect(drawn(known, ["r/a", "r/a/r", "r/a/a"])).toEqual(["a", "-r circle", "-a circle"]);
  });

  it("ends where no tree of plans is so deep", () => {
    const known: Record<string, Level> = {};
    const opened: string[] = [];
    let way = "r";
    for (let depth = 0; depth < 60; depth += 1) {
      known[depth === 0 ? "r" : `n${depth}`] = { pages: [page([`n${depth + 1}`])] };
      way += `/n${depth + 1}`;
      opened.push(way);
    }
    expect(drawn(known, opened)).toHaveLength(TREE_DEPTH_MAX + 1);
  });

  it("tells in words what is below an unfolded plan, most first", () => {
    const count = (state: string | null, result: string | null, number: number) => ({
      callerActionId: 1,
      state,
      result,
      count: number,
    });
    const counts = [count("stopped", "error", 2), count("running", "pending", 3), count("stopped", "success", 9)];
    expect(levelText(counts)).toBe("9 success, 3 running, 2 error");
    expect(levelText([...counts, count(null, null, 1), count("paused", "error", 1)])).toMatch(/, …$/);
  });

  it("leads up from a row to the one it stands below", () => {
    expect(parentKey("r/a/c")).toBe("r/a");
    expect(parentKey("r/a")).toBeNull();
  });

  it("is summed up by state and result, most first, and by what planned it", () => {
    const sum = sumLevel([
      { callerActionId: 1, state: "stopped", result: "error", count: 2 },
      { callerActionId: 2, state: "stopped", result: "success", count: 7 },
      { callerActionId: 3, state: "stopped", result: "error", count: 1 },
    ]);
    expect(sum.total).toBe(10);
    expect(sum.states.map(({ result, count }) => [result, count])).toEqual([
      ["success", 7],
      ["error", 3],
    ]);
    expect(sum.callers).toHaveLength(3);
  });
});
