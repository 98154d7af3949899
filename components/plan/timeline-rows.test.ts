import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { FlowTree } from "#server/contract/view/plan-flow.ts";
import { workMs } from "#server/kernel/own-time.test-kit.ts";
import { step } from "./plan.test-kit.ts";
import {
  lanesOf,
  readyTimes,
  type SubPlan,
  type TimelineMode,
  type TimelineSpan,
  tenuresOf,
  timelineRows,
  WORLD_NOT_KNOWN,
} from "./timeline-rows.ts";
import type { HistoryOutput, StepView } from "./types.ts";

const at = (stepId: number): FlowTree => ({ kind: "step", stepId });
const clock = (second: number, ms = 0) => new Date(Date.UTC(2026, 10, 22, 6, 0, second, ms)).toISOString();
const msOf = (second: number) => Date.parse(clock(second));
const ran = (id: number, from: number, to: number, over: Partial<StepView> = {}): StepView =>
  step(id, { startedAt: clock(from), endedAt: clock(to), ...over });
const history = (...entries: readonly (readonly [number, string, string | null])[]): HistoryOutput => ({
  asOf: clock(0),
  faults: [],
  unreadable: null,
  entries: entries.map(([second, name, worldId]) => ({ at: clock(second), name, worldId })),
});
const FLOW: FlowTree = {
  kind: "sequence",
  flows: [at(1), { kind: "concurrence", flows: [at(2), { kind: "sequence", flows: [at(3), at(4)] }] }, at(5)],
};
const STEPS = [
  ran(1, 1, 3, { queue: "default" }),
  ran(2, 3, 9, { queue: "slow" }),
  ran(3, 5, 6, { queue: "default" }),
  step(4, { state: "pending", startedAt: null, endedAt: null }),
  step(5, { state: "pending", startedAt: null, endedAt: null }),
];
const rowsOf = (mode: TimelineMode, past = history([0, "start execution", "w1"])) =>
  timelineRows({ steps: STEPS, flows: [FLOW], history: past, mode, worldName: (id) => `world ${id}` });

describe("waiting", () => {
  it("begins when what comes before is over, and is not known while that is not", () => {
    const ready = readyTimes([FLOW], STEPS, msOf(0));
    expect([...ready]).toEqual([
      [1, msOf(0)],
      [2, msOf(3)],
      [3, msOf(3)],
      [4, msOf(6)],
    ]);
  });

  it("is not known for the first when nobody wrote down when execution began", () => {
    expect(readyTimes([FLOW], STEPS, null).has(1)).toBe(false);
  });

  it("bears any depth", () => {
    let flow: FlowTree = at(1);
    for (let depth = 0; depth < 20_000; depth += 1) flow = { kind: "sequence", flows: [flow] };
    expect(readyTimes([flow], STEPS, 7).get(1)).toBe(7);
  });
});

describe("rows by step", () => {
  it("stand in order of begin, those that wait last; what is not ready has none", () => {
    const rows = rowsOf("step");
    expect(rows.map((row) => row.spans[0]?.stepId)).toEqual([1, 2, 3, 4]);
    expect(rows.map((row) => row.spans[0]?.waitFromMs)).toEqual([msOf(0), null, msOf(3), msOf(6)]);
    expect(rows[3]?.spans[0]).toMatchObject({ startMs: null, endMs: null });
  });
});

describe("rows by queue and by world", () => {
  it("have a head for each queue and lanes without overlaps", () => {
    expect(rowsOf("queue").map(({ kind, label, spans }) => [kind, label, spans.map((span) => span.stepId)])).toEqual([
      ["head", "queue default", []],
      ["lane", "1", [1, 3]],
      ["head", "queue slow", []],
      ["lane", "1", [2]],
    ]);
  });

  it("tell the world from the execution history, and say so where it does not tell", () => {
    const past = history([0, "start execution", "w1"], [4, "pause execution", "w1"], [8, "start execution", "w2"]);
    const heads = rowsOf("world", past).filter((row) => row.kind === "head");
    expect(heads.map((row) => row.label)).toEqual([WORLD_NOT_KNOWN, "world w1"]);
    expect(tenuresOf(past).map(({ worldId }) => worldId)).toEqual(["w1", "w2"]);
    expect(rowsOf("world", history())[0]?.label).toBe(WORLD_NOT_KNOWN);
  });

  it("take as few lanes as run at once, and never overlap", () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(50), fc.nat(20)), { maxLength: 60 }), (times) => {
        const spans = times
          .map(
            ([from, took], stepId): TimelineSpan => ({
              stepId,
              step: null,
              waitFromMs: null,
              startMs: from,
              endMs: from + took,
            }),
          )
          .sort((a, b) => (a.startMs ?? 0) - (b.startMs ?? 0));
        const lanes = lanesOf(spans);
        expect(lanes.flat()).toHaveLength(spans.length);
        for (const lane of lanes)
          for (const [index, span] of lane.entries())
            if (index > 0) expect(span.startMs ?? 0).toBeGreaterThanOrEqual(lane[index - 1]?.endMs ?? 0);
        const atOnce = Math.max(
          0,
          ...spans.map(
            ({ startMs }) =>
              spans.filter(
                (b) => (b.startMs ?? 0) <= (startMs ?? 0) && ((b.endMs ?? 0) > (startMs ?? 0) || b.startMs === startMs),
              ).length,
          ),
        );
        expect(lanes.length).toBeLessThanOrEqual(atOnce);
      }),
    );
  });

  it("are found for 50,000 steps that run at once without being quadratic", () => {
    const spans = Array.from(
      { length: 50_000 },
      (_, stepId): TimelineSpan => ({
        stepId,
        step: null,
        waitFromMs: null,
        startMs: stepId,
        endMs: null,
      }),
    );
    const took = workMs(() => {
      expect(lanesOf(spans).length).toBe(50_000);
    });
    expect(took).toBeLessThan(2_000);
  });
});

describe("sub-plans", () => {
  const sub = (id: string, callerActionId: number | null, over: Partial<SubPlan> = {}): SubPlan => ({
    id,
    label: `Lab::${id}`,
    rootActionClass: null,
    state: "stopped",
    result: "success",
    callerActionId,
    startedAt: clock(4),
    endedAt: clock(5),
    failing: false,
    ...over,
  });

  it("stand under the step that planned them, those of no known step last", () => {
    const [first] = STEPS;
    const rows = timelineRows({
      steps: STEPS,
      flows: [FLOW],
      history: undefined,
      mode: "step",
      worldName: (id) => id,
      subPlans: [
        sub("A", first?.actionId ?? 0),
        sub("B", 999),
        sub("C", first?.actionId ?? 0, { startedAt: null, endedAt: null, state: "scheduled" }),
      ],
    });
    expect(rows.map(({ kind, label, spans }) => `${kind} ${spans[0]?.step?.id ?? label}`)).toEqual([
      "step 1",
      "sub-plan A",
      "sub-plan C",
      "step 2",
      "step 3",
      "step 4",
      "sub-plan B",
    ]);
    expect(rows[2]?.spans[0]).toMatchObject({ startMs: null, endMs: null });
  });
});
