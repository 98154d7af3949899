import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { workMs } from "#server/kernel/own-time.test-kit.ts";
import {
  FLOW_MEASURES,
  type FlowLayout,
  type FlowTree,
  layoutFlow,
  type PlacedStep,
  simplifyFlow,
  stepIdsOf,
  visibleFlow,
} from "./plan-flow.ts";

const step = (stepId: number): FlowTree => ({ kind: "step", stepId });
const S = (...flows: FlowTree[]): FlowTree => ({ kind: "sequence", flows });
const C = (...flows: FlowTree[]): FlowTree => ({ kind: "concurrence", flows });

/** Flows with every step once, numbered in their order. */
const flows: fc.Arbitrary<FlowTree> = fc
  .letrec<{ flow: FlowTree }>((tie) => ({
    flow: fc.oneof(
      { depthSize: "small", withCrossShrink: true },
      fc.constant(step(0)),
      fc.record({ kind: fc.constant("sequence" as const), flows: fc.array(tie("flow"), { maxLength: 5 }) }),
      fc.record({ kind: fc.constant("concurrence" as const), flows: fc.array(tie("flow"), { maxLength: 5 }) }),
    ),
  }))
  .flow.map((flow) => {
    let next = 1;
    const number = (part: FlowTree): FlowTree =>
      part.kind === "step" ? step(next++) : { kind: part.kind, flows: part.flows.map(number) };
    return number(flow);
  });

const none = () => false;
const all = () => true;

/** Who runs strictly before whom, straight from the tree. */
function before(flow: FlowTree): Set<string> {
  const pairs = new Set<string>();
  const visit = (part: FlowTree): readonly number[] => {
    if (part.kind === "step") return [part.stepId];
    const groups = part.flows.map(visit);
    if (part.kind === "sequence")
      for (let left = 0; left < groups.length; left += 1)
        for (let right = left + 1; right < groups.length; right += 1)
          for (const a of groups[left] ?? []) for (const b of groups[right] ?? []) pairs.add(`${a}<${b}`);
    return groups.flat();
  };
  visit(flow);
  return pairs;
}

const cellOf = ({ x, y }: PlacedStep) => ({
  left: x - FLOW_MEASURES.lead,
  right: x - FLOW_MEASURES.lead + FLOW_MEASURES.cellWidth,
  top: y,
  bottom: y + FLOW_MEASURES.rowHeight,
});

describe("layoutFlow", () => {
  it("places every step once, in the order of the flow", () => {
    fc.assert(
      fc.property(flows, (flow) => {
        expect(layoutFlow(flow, { isOver: none }).steps.map((placed) => placed.stepId)).toEqual(stepIdsOf(flow));
      }),
    );
  });

  it("never lets two cells overlap, and keeps all within its width and height", () => {
    fc.assert(
      fc.property(flows, (flow) => {
        const layout = layoutFlow(flow, { isOver: none, top: 0 });
        const cells = layout.steps.map(cellOf);
        for (const [index, a] of cells.entries()) {
          expect(a.left).toBeGreaterThanOrEqual(0);
          expect(a.right).toBeLessThanOrEqual(layout.width);
          expect(a.bottom).toBeLessThanOrEqual(layout.height);
          for (const b of cells.slice(index + 1)) {
            const apart = a.right <= b.left || b.right <= a.left || a.bottom <= b.top || b.bottom <= a.top;
            expect(apart).toBe(true);
          }
        }
      }),
    );
  });

  it("puts what runs before at the left, and what runs beside on another row", () => {
    fc.assert(
      fc.property(flows, (flow) => {
        const order = before(flow);
        const { steps } = layoutFlow(flow, { isOver: none });
        for (const a of steps)
          for (const b of steps) {
            if (a.stepId >= b.stepId) continue;
            if (order.has(`${a.stepId}<${b.stepId}`)) expect(a.x).toBeLessThan(b.x);
            else expect(a.y).toBeLessThan(b.y);
          }
      }),
    );
  });

  it("joins all lines into one drawing, none of which crosses a mark of another step", () => {
    fc.assert(
      fc.property(flows, (flow) => {
        const layout = layoutFlow(flow, { isOver: none });
        for (const { x1, y1, x2, y2 } of layout.lines) {
          expect(x1 === x2 || y1 === y2).toBe(true);
          for (const mark of layout.steps) {
            const inside = x1 < mark.x && mark.x < x2 && y1 === mark.y;
            const through = x1 === x2 && x1 === mark.x && y1 <= mark.y && mark.y <= y2;
            expect(inside || through).toBe(false);
          }
        }
        expect(parts(layout)).toBeLessThanOrEqual(1);
      }),
    );
  });

  it("draws passed what was passed: all of it when every step is over, only the first lead when none is", () => {
    fc.assert(
      fc.property(flows, (flow) => {
        expect(layoutFlow(flow, { isOver: all }).lines.every((line) => line.passed)).toBe(true);
        const first = simplifyFlow(flow);
        const reached = layoutFlow(flow, { isOver: none }).lines.filter((line) => line.passed && line.x2 > line.x1);
        for (const line of reached) expect(line.x1).toBeLessThan(FLOW_MEASURES.cellWidth);
        expect(first === null || reached.length > 0).toBe(true);
      }),
    );
  });

  it("keeps the first branch of a concurrence on the incoming line", () => {
    const { steps } = layoutFlow(S(step(1), C(S(step(2), step(3)), step(4)), step(5)), { isOver: none });
    expect(steps).toEqual([
      { stepId: 1, x: 12, y: 20 },
      { stepId: 2, x: 128, y: 20 },
      { stepId: 3, x: 234, y: 20 },
      { stepId: 4, x: 128, y: 74 },
      { stepId: 5, x: 350, y: 20 },
    ]);
  });

  it("draws nothing as passed of a flow that was not entered", () => {
    const { lines } = layoutFlow(S(step(1), step(2)), { isOver: none, entered: false });
    expect(lines.every((line) => !line.passed)).toBe(true);
  });

  it("draws nothing for a flow without steps", () => {
    expect(layoutFlow(S(C(), S()), { isOver: none })).toEqual({
      width: 0,
      height: 0,
      steps: [],
      folds: [],
      lines: [],
    });
  });

  it("gives the same plan the same coordinates", () => {
    fc.assert(
      fc.property(flows, (flow) => {
        expect(layoutFlow(structuredClone(flow), { isOver: none })).toEqual(layoutFlow(flow, { isOver: none }));
      }),
    );
  });

  it("bears any depth: 10,000 flows within each other overflow nothing", () => {
    let flow: FlowTree = C(step(1), step(2));
    for (let depth = 0; depth < 5_000; depth += 1) flow = C(S(step(3 + depth), flow), step(100_000 + depth));
    const layout = layoutFlow(flow, { isOver: none });
    expect(layout.steps.map((placed) => placed.stepId)).toEqual(stepIdsOf(flow));
    expect(layout.steps).toHaveLength(10_002);
  });

  it("lays out 100,000 steps in a fraction of a second, however they are nested", () => {
    const many = Array.from({ length: 100_000 }, (_, index) => step(index + 1));
    const branches = Array.from({ length: 1_000 }, (_, row) => S(...many.slice(row * 100, row * 100 + 100)));
    for (const flow of [S(...many), C(...many), C(...branches)]) {
      const took = workMs(() => {
        expect(layoutFlow(flow, { isOver: all }).steps).toHaveLength(100_000);
      });
      expect(took).toBeLessThan(500);
    }
  });
});

describe("visibleFlow", () => {
  it("leaves out nothing that touches the viewport and nothing that is far from it", () => {
    fc.assert(
      fc.property(flows, fc.nat(800), fc.nat(400), (flow, x, y) => {
        const layout = layoutFlow(flow, { isOver: none });
        const view = { x, y, width: 200, height: 120 };
        const seen = new Set(visibleFlow(layout, view).steps.map((placed) => placed.stepId));
        for (const placed of layout.steps) {
          const cell = cellOf(placed);
          const touches = cell.right > x && cell.left < x + 200 && cell.bottom > y && cell.top < y + 120;
          if (touches) expect(seen.has(placed.stepId)).toBe(true);
          const far = cell.right < x - 200 || cell.left > x + 500 || cell.bottom < y - 200 || cell.top > y + 400;
          if (far) expect(seen.has(placed.stepId)).toBe(false);
        }
      }),
    );
  });
});

/** How many separate drawings the lines make. */
function parts(layout: FlowLayout): number {
  const { lines } = layout;
  const parent = lines.map((_, index) => index);
  const find = (index: number): number => (parent[index] === index ? index : find(parent[index] ?? index));
  const touches = (a: (typeof lines)[number], b: (typeof lines)[number]) =>
    a.x1 <= b.x2 && b.x1 <= a.x2 && a.y1 <= b.y2 && b.y1 <= a.y2;
  lines.forEach((a, i) => {
    lines.forEach((b, j) => {
      if (i < j && touches(a, b)) parent[find(i)] = find(j);
    });
  });
  return new Set(parent.map((_, index) => find(index))).size;
}
