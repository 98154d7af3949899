import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { workMs } from "#server/kernel/own-time.test-kit.ts";
import { flowOfTokens, flowTokens } from "./flow-tokens.ts";
import { type FlowTree, type FoldedFlow, layoutFlow, stepIdsOf } from "./plan-flow.ts";
import { foldFlow } from "./plan-flow-fold.ts";
import { cellsOf, indexFlow } from "./plan-flow-index.ts";

const step = (stepId: number): FlowTree => ({ kind: "step", stepId });
const S = (...flows: FlowTree[]): FlowTree => ({ kind: "sequence", flows });
const C = (...flows: FlowTree[]): FlowTree => ({ kind: "concurrence", flows });
const range = (from: number, count: number) => Array.from({ length: count }, (_, index) => from + index);
const nothing = () => false;
const none: ReadonlySet<number> = new Set();

/** Flows wide enough to fold, with every step once, numbered in their order. */
const flows: fc.Arbitrary<FlowTree> = fc
  .letrec<{ flow: FlowTree }>((tie) => ({
    flow: fc.oneof(
      { depthSize: "small", withCrossShrink: true },
      fc.constant(step(0)),
      fc.record({ kind: fc.constant("sequence" as const), flows: fc.array(tie("flow"), { maxLength: 24 }) }),
      fc.record({ kind: fc.constant("concurrence" as const), flows: fc.array(tie("flow"), { maxLength: 24 }) }),
    ),
  }))
  .flow.map((flow) => {
    let next = 1;
    const number = (part: FlowTree): FlowTree =>
      part.kind === "step" ? step(next++) : { kind: part.kind, flows: part.flows.map(number) };
    return number(flow);
  });

function idsOf(flow: FoldedFlow): readonly number[] {
  if (flow.kind === "step") return [flow.stepId];
  return flow.kind === "fold" ? flow.stepIds : flow.flows.flatMap(idsOf);
}
const drawn = (flow: FoldedFlow | null): string =>
  flow === null
    ? ""
    : flow.kind === "step"
      ? String(flow.stepId)
      : flow.kind === "fold"
        ? `${flow.count}x@${flow.key}`
        : `${flow.kind[0]}(${flow.flows.map(drawn).join(" ")})`;

const classOf = (stepId: number) => `Class${stepId % 2}`;

describe("foldFlow", () => {
  it("holds every step exactly once, and nothing it does not fold moves", () => {
    fc.assert(
      fc.property(flows, fc.nat(30), (flow, at) => {
        const folded = foldFlow(flow, { classOf, standsOut: (id) => id === at, open: none });
        const ids = folded === null ? [] : idsOf(folded);
        expect([...ids].sort((a, b) => a - b)).toEqual(stepIdsOf(flow));
      }),
    );
  });

  it("keeps the order of what runs one after the other", () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 30 }), { minLength: 1, maxLength: 6 }), (lengths) => {
        let next = 1;
        const classes = new Map<number, string>();
        const parts = lengths.flatMap((length, index) =>
          range(0, length).map(() => {
            classes.set(next, `Class${index}`);
            return step(next++);
          }),
        );
        const standsOut = (id: number) => id % 11 === 0;
        const folded = foldFlow(S(...parts), { classOf: (id) => classes.get(id) ?? "", standsOut, open: none });
        expect(folded === null ? [] : idsOf(folded)).toEqual(range(1, next - 1));
      }),
    );
  });

  it("makes one cell of 2,000 concurrent steps of one class, and leaves out the failed ones", () => {
    const flow = S(step(1), C(...range(2, 2_000).map(step)), step(3_000));
    const options = { classOf: () => "Same", open: none };
    expect(drawn(foldFlow(flow, { ...options, standsOut: nothing }))).toBe("s(1 2000x@2 3000)");
    expect(drawn(foldFlow(flow, { ...options, standsOut: (id) => id === 7 || id === 90 }))).toBe(
      "s(1 c(7 90 1998x@2) 3000)",
    );
  });

  it("folds branches that are alike, not those that differ", () => {
    const branch = (id: number) => S(step(id), step(id + 1));
    const branches = range(0, 10).map((index) => branch(1 + index * 2));
    expect(drawn(foldFlow(C(...branches, step(99)), { classOf, standsOut: nothing, open: none }))).toBe("c(10x@1 99)");
  });

  it("is opened by the key that names it", () => {
    const flow = C(...range(1, 9).map(step));
    const options = { classOf: () => "Same", standsOut: nothing };
    expect(drawn(foldFlow(flow, { ...options, open: new Set([1]) }))).toBe("c(1 2 3 4 5 6 7 8 9)");
  });

  it("counts the failed ones that are too many to stand by themselves", () => {
    const flow = C(...range(1, 1_000).map(step));
    const folded = foldFlow(flow, { classOf: () => "Same", standsOut: () => true, open: none });
    expect(drawn(folded)).toMatch(/^c\((\d+ ){24}976x@1\)$/);
  });

  it("takes no time worth speaking of for 100,000 steps, wide or deep", () => {
    let deep: FlowTree = step(1);
    for (let depth = 2; depth <= 20_000; depth += 1)
      deep = depth % 2 === 0 ? S(step(depth), deep) : C(step(depth), deep);
    for (const flow of [C(...range(1, 100_000).map(step)), S(...range(1, 100_000).map(step)), deep]) {
      const took = workMs(() => {
        expect(foldFlow(flow, { classOf, standsOut: nothing, open: none })).not.toBeNull();
      });
      expect(took).toBeLessThan(3_000);
    }
  });
});

describe("indexFlow", () => {
  it("finds in a viewport exactly the cells and lines that touch it", () => {
    fc.assert(
      fc.property(flows, fc.nat(1_500), fc.nat(600), (flow, x, y) => {
        const folded = foldFlow(flow, { classOf, standsOut: nothing, open: none });
        if (folded === null) return;
        const layout = layoutFlow(folded, { isOver: nothing });
        const index = indexFlow(layout);
        const view = { x, y, width: 300, height: 150 };
        const found = new Set<string>();
        index.cellsIn(view, (cell) => found.add(`${cell.x} ${cell.y}`));
        for (const cell of cellsOf(layout)) {
          const touches = cell.x + cell.width > x && cell.x < x + 300 && cell.y + 36 > y && cell.y - 18 < y + 150;
          if (touches) expect(found.has(`${cell.x} ${cell.y}`)).toBe(true);
        }
        const lines = new Set<string>();
        index.linesIn(view, (line) => lines.add(JSON.stringify(line)));
        for (const line of layout.lines)
          if (line.x2 > x && line.x1 < x + 300 && line.y2 > y && line.y1 < y + 150)
            expect(lines.has(JSON.stringify(line))).toBe(true);
        for (const cell of cellsOf(layout)) {
          expect(index.cellAt(cell.x + 20, cell.y)).toMatchObject({ x: cell.x, y: cell.y });
          const own = cell.kind === "step" ? cell.step.stepId : cell.fold.fold.key;
          expect(index.cellOf(own)).toMatchObject({ x: cell.x, y: cell.y });
        }
      }),
    );
  });
});

describe("flowTokens", () => {
  it("bring any flow over whole", () => {
    fc.assert(
      fc.property(flows, (flow) => {
        expect(flowOfTokens(flowTokens(flow))).toEqual(flow);
      }),
    );
  });

  it("bear any depth", () => {
    let flow: FlowTree = step(1);
    for (let depth = 0; depth < 20_000; depth += 1) flow = S(flow);
    const tokens = flowTokens(flow);
    expect(tokens).toHaveLength(40_001);
    expect(flowTokens(flowOfTokens(tokens))).toEqual(tokens);
  });
});
