import { describe, expect, it } from "vitest";
import type { StepRow } from "#server/dynflow/domain/model.ts";
import { toStepView } from "#server/dynflow/plan-view.ts";
import { toStepsPart } from "#server/dynflow/steps-compact.ts";
import { inOrder, stepsOfPart } from "./steps-parts.ts";
import { createStepsStore } from "./steps-store.ts";

const row = (id: number, over: Partial<StepRow> = {}): StepRow => ({
  id,
  phase: "run",
  class: "Dynflow::ExecutionPlan::Steps::RunStep",
  state: "success",
  actionId: id * 2,
  actionClass: `Actions::Example::Number${id % 3}`,
  queue: id % 2 === 0 ? "default" : null,
  startedAt: "2026-11-22T05:45:46.600871Z",
  endedAt: "2026-11-22T05:45:47.000001Z",
  realTimeSec: 0.4,
  executionTimeSec: 0.39913,
  progressDone: 1,
  progressWeight: 1,
  error: { ok: true, value: null },
  children: { ok: true, value: null },
  ...over,
});

const ROWS: readonly StepRow[] = [
  row(1),
  row(2, { phase: "plan", state: "scheduling", startedAt: null, endedAt: null, realTimeSec: null }),
  row(3, {
    state: "error",
    error: { ok: true, value: { exceptionClass: "RuntimeError", message: "secret", backtrace: [] } },
    startedAt: "1969-12-31T23:59:59.500000Z",
  }),
  row(4, { phase: "unknown", state: "no such state", error: { ok: false, reason: "cut", bytes: 9 } }),
];

describe("steps by column", () => {
  it("say in the browser exactly what one object a step says", () => {
    expect(stepsOfPart(toStepsPart(ROWS))).toEqual(ROWS.map(toStepView));
  });

  it("carry no message of an error", () => {
    expect(JSON.stringify(toStepsPart(ROWS))).not.toContain("secret");
  });

  it("weigh less than a third of one object a step", () => {
    const many = Array.from({ length: 1_000 }, (_, index) => row(index + 1));
    const compact = JSON.stringify(toStepsPart(many)).length;
    expect(compact * 3).toBeLessThan(JSON.stringify(many.map(toStepView)).length);
  });

  it("come in the order in which they were added, those not listed last", () => {
    const steps = ROWS.map(toStepView);
    expect(inOrder(steps, [3, 1, 2, 99]).map(({ id }) => id)).toEqual([3, 1, 2, 4]);
    expect(inOrder(steps, null)).toBe(steps);
  });
});

describe("the store of many steps", () => {
  const partOf = (after: number | null) => {
    const first = (after ?? 0) + 1;
    const ids = Array.from({ length: Math.min(5_000, 12_000 - first + 1) }, (_, index) => first + index);
    const last = ids.at(-1) ?? 0;
    return { part: toStepsPart(ids.map((id) => row(id))), next: last < 12_000 ? last : null };
  };

  it("tells of parts while they come, and of all at the end", async () => {
    const store = createStepsStore();
    const told: string[] = [];
    store.subscribe(() => told.push(`${store.get().steps.length} ${store.get().complete}`));
    await Promise.all([store.read(async (after) => partOf(after)), store.read(async (after) => partOf(after))]);
    expect(told).toEqual(["5000 false", "10000 false", "12000 true"]);
  });

  it("keeps what it has when a part cannot be read, and says why", async () => {
    const store = createStepsStore();
    await store.read(async (after) => partOf(after));
    const fault = new Error("down");
    await store.read(async (after) => {
      if (after !== null) throw fault;
      return partOf(after);
    });
    expect(store.get()).toMatchObject({ complete: true, error: fault });
    expect(store.get().steps).toHaveLength(12_000);
  });
});
