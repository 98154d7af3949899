import { describe, expect, it } from "vitest";
import { historyRows } from "./history-rows.ts";
import type { LockView } from "./types.ts";

const entry = (at: string, name: string) => ({ at: `2026-11-22T06:${at}.000Z`, name, worldId: "w" });
const lock = (seenSince: string, name = "ExecutionLock"): LockView => ({
  class: `Dynflow::Coordinator::${name}`,
  id: "execution-plan:p",
  ownerId: "world:w",
  planId: "p",
  worldId: "w",
  clientWorldId: null,
  requestId: null,
  seenSince: `2026-11-22T06:${seenSince}.000Z`,
  unreadable: null,
  orphaned: false,
});

describe("the execution history", () => {
  it("tells the time between entries, and what each means as far as that is known", () => {
    const rows = historyRows([entry("10:00", "start execution"), entry("12:30", "moon phase")], []);
    expect(rows.map(({ name, afterMs, meaning }) => [name, afterMs, meaning])).toEqual([
      ["start execution", null, "an executor began, or went on after a pause"],
      ["moon phase", 150_000, null],
    ]);
  });

  it("puts a lock where this console saw it first", () => {
    const rows = historyRows([entry("10:00", "start execution"), entry("12:30", "pause execution")], [lock("11:00")]);
    expect(rows.map(({ name, lock: held }) => name ?? held?.class)).toEqual([
      "start execution",
      "Dynflow::Coordinator::ExecutionLock",
      "pause execution",
    ]);
    expect(
      historyRows([entry("10:00", "x")], [lock("12:00"), lock("11:00", "PlanningLock")]).map(({ afterMs }) => afterMs),
    ).toEqual([null, 60_000, 60_000]);
  });

  it("keeps the order in which entries were written where clocks of worlds differ", () => {
    const rows = historyRows([entry("12:00", "start execution"), entry("11:00", "pause execution")], []);
    expect(rows.map(({ name }) => name)).toEqual(["start execution", "pause execution"]);
    expect(rows[1]?.afterMs).toBe(-60_000);
  });

  it("takes no name for one that every object has", () => {
    expect(historyRows([entry("10:00", "constructor")], [])[0]?.meaning).toBeNull();
  });
});
