import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { criticalPath } from "./critical-path.ts";
import type { FlowTree } from "./plan-flow.ts";

const step = (stepId: number): FlowTree => ({ kind: "step", stepId });
const S = (...flows: FlowTree[]): FlowTree => ({ kind: "sequence", flows });
const C = (...flows: FlowTree[]): FlowTree => ({ kind: "concurrence", flows });
const times = (of: Readonly<Record<number, number>>) => (id: number) => of[id] ?? null;

describe("criticalPath", () => {
  it("of a sequence is all of it", () => {
    expect(criticalPath(S(step(1), step(2), step(3)), times({ 1: 10, 2: 20, 3: 5 }))).toEqual({
      stepIds: [1, 2, 3],
      totalMs: 35,
    });
  });

  it("of a concurrence is the branch that took longest, the first of two that took as long", () => {
    expect(criticalPath(C(S(step(1), step(2)), step(3), step(4)), times({ 1: 10, 2: 10, 3: 30, 4: 30 }))).toEqual({
      stepIds: [3],
      totalMs: 30,
    });
  });

  it("goes through both, however they are nested", () => {
    const flow = S(step(1), C(S(step(2), C(step(3), step(4))), step(5)), step(6));
    expect(criticalPath(flow, times({ 1: 1, 2: 2, 3: 3, 4: 9, 5: 10, 6: 4 }))).toEqual({
      stepIds: [1, 2, 4, 6],
      totalMs: 16,
    });
  });

  it("leaves out what has not begun, and has no steps where nothing has", () => {
    expect(criticalPath(S(step(1), step(2)), times({ 1: 7 }))).toEqual({ stepIds: [1], totalMs: 7 });
    expect(criticalPath(C(step(1), S()), times({}))).toEqual({ stepIds: [], totalMs: 0 });
  });

  it("is never shorter than any step and never longer than all of them", () => {
    fc.assert(
      fc.property(fc.array(fc.array(fc.nat(1_000), { maxLength: 6 }), { maxLength: 6 }), (branches) => {
        let next = 1;
        const took = new Map<number, number>();
        const flow = C(
          ...branches.map((branch) =>
            S(
              ...branch.map((ms) => {
                took.set(next, ms);
                return step(next++);
              }),
            ),
          ),
        );
        const path = criticalPath(flow, (id) => took.get(id) ?? null);
        const all = [...took.values()];
        expect(path.totalMs).toBeGreaterThanOrEqual(Math.max(0, ...all));
        expect(path.totalMs).toBeLessThanOrEqual(all.reduce((sum, ms) => sum + ms, 0));
        expect(path.stepIds.reduce((sum, id) => sum + (took.get(id) ?? 0), 0)).toBe(path.totalMs);
      }),
    );
  });

  it("bears 100,000 siblings and 20,000 levels", () => {
    const wide = C(...Array.from({ length: 100_000 }, (_, index) => step(index)));
    expect(criticalPath(wide, (id) => id).stepIds).toEqual([99_999]);
    let deep: FlowTree = step(0);
    for (let depth = 1; depth <= 20_000; depth += 1) deep = S(step(depth), deep);
    expect(criticalPath(deep, () => 1).totalMs).toBe(20_001);
  });
});
