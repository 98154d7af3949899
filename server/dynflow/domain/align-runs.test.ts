import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { alignRuns } from "./align-runs.ts";
import type { Flow, PlanRecord, StepPhase, StepRow } from "./model.ts";

type Plan = Pick<PlanRecord, "stepIds" | "steps" | "runFlow" | "finalizeFlow">;
const at = (second: number | null) =>
  second === null ? null : `2026-11-22T05:45:${String(second).padStart(2, "0")}.250000Z`;
const step = (id: number, actionClass: string, from: number | null, to: number | null, phase: StepPhase = "run") =>
  ({
    id,
    actionClass,
    phase,
    state: "success",
    startedAt: at(from),
    endedAt: at(to),
    realTimeSec: null,
    executionTimeSec: null,
  }) as unknown as StepRow;
const atom = (stepId: number): Flow => ({ kind: "step", stepId });
const sequence = (...flows: Flow[]): Flow => ({ kind: "sequence", flows });
const concurrence = (...flows: Flow[]): Flow => ({ kind: "concurrence", flows });
const plan = (runFlow: Flow, steps: readonly StepRow[]): Plan => ({
  runFlow: { ok: true, value: runFlow },
  finalizeFlow: { ok: true, value: sequence() },
  stepIds: { ok: true, value: steps.map(({ id }) => id) },
  steps,
});
const told = (left: Plan, right: Plan) =>
  alignRuns(left, right).map((pair) => [pair.left?.step.id ?? null, pair.right?.step.id ?? null, pair.by]);

describe("two runs", () => {
  const steps = [step(1, "Root", 0, 1, "plan"), step(2, "A", 3, 5), step(3, "B", 5, 9), step(4, "B", 8, 10)];
  const left = plan(sequence(atom(2), concurrence(atom(3), atom(4))), steps);

  it("pair what is at the same place, and tell how long each had waited", () => {
    expect(told(left, left)).toEqual([
      [1, 1, "place"],
      [2, 2, "place"],
      [3, 3, "place"],
      [4, 4, "place"],
    ]);
    expect(alignRuns(left, left).map((pair) => pair.left?.waitedSec)).toEqual([null, 2, 0, 3]);
  });

  it("pair by class and order what has moved, and leave alone what only one of them has", () => {
    const right = plan(sequence(atom(8), atom(2), concurrence(atom(3)), atom(7)), [
      step(1, "Root", 0, 1, "plan"),
      step(8, "New", 1, 2),
      step(2, "A", 3, 5),
      step(3, "B", 5, 9),
      step(7, "Late", null, null),
    ]);
    expect(told(left, right)).toEqual([
      [1, 1, "place"],
      [null, 8, null],
      [2, 2, "class"],
      [3, 3, "class"],
      [null, 7, null],
      [4, null, null],
    ]);
  });

  it("name each step once, and are the mirror image the other way round, whatever they hold", () => {
    const shape = fc.letrec<{ flow: Flow }>((tie) => ({
      flow: fc.oneof(
        { maxDepth: 3 },
        fc.integer({ min: 2, max: 9 }).map(atom),
        fc.array(tie("flow"), { maxLength: 3 }).map((flows) => sequence(...flows)),
        fc.array(tie("flow"), { maxLength: 3 }).map((flows) => concurrence(...flows)),
      ),
    })).flow;
    const classes = fc.array(fc.constantFrom("A", "B", "C"), { minLength: 8, maxLength: 8 });
    const run = fc
      .tuple(shape, classes)
      .map(([flow, names]) =>
        plan(flow, [step(1, "Root", 0, 1, "plan"), ...names.map((name, index) => step(index + 2, name, 2, 3))]),
      );
    fc.assert(
      fc.property(run, run, (one, other) => {
        const pairs = told(one, other);
        const lefts = pairs.flatMap(([id]) => (typeof id === "number" ? [id] : []));
        const rights = pairs.flatMap(([, id]) => (typeof id === "number" ? [id] : []));
        expect(lefts.toSorted((a, b) => a - b)).toEqual(one.steps.map(({ id }) => id));
        expect(rights.toSorted((a, b) => a - b)).toEqual(other.steps.map(({ id }) => id));
        expect(told(one, other)).toEqual(pairs);
        const mirrored = told(other, one).map(([id, otherId, by]) => [otherId, id, by].join());
        expect(mirrored.toSorted()).toEqual(pairs.map((pair) => pair.join()).toSorted());
      }),
    );
  });
});
