import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { FlowTree } from "#server/contract/view/plan-flow.ts";
import { countCells, toFlowDiagram } from "./flow-diagram.ts";

const step = (stepId: number): FlowTree => ({ kind: "step", stepId });
const S = (...flows: FlowTree[]): FlowTree => ({ kind: "sequence", flows });
const C = (...flows: FlowTree[]): FlowTree => ({ kind: "concurrence", flows });
const HOSTILE = [
  '"]; click n0 "javascript:alert(1)"',
  "%%{init: {}}%%",
  "<img src=https://example.org/x>",
  "`---`\nend",
];

describe("a flow as mermaid", () => {
  it("joins what follows what, with a point where several meet several", () => {
    const diagram = toFlowDiagram({
      title: "Run flow",
      flow: S(step(3), C(step(4), step(6)), C(step(8), step(10)), step(12)),
      labelOf: (cell) => (cell.kind === "step" ? `${cell.stepId} A` : ""),
    });
    expect(diagram.text).toBe(
      [
        "flowchart LR",
        '  n0["3 A"]',
        '  n1["4 A"]',
        '  n2["6 A"]',
        '  n3["8 A"]',
        '  n4["10 A"]',
        '  n5["12 A"]',
        "  j0(( ))",
        "  n0 e0@--> n1",
        "  n0 e1@--> n2",
        "  n1 e2@--> j0",
        "  n2 e3@--> j0",
        "  j0 e4@--> n3",
        "  j0 e5@--> n4",
        "  n3 e6@--> n5",
        "  n4 e7@--> n5",
        "",
      ].join("\n"),
    );
  });

  it("never has a word from upstream in what is drawn, nor an unescaped one in what is copied", () => {
    fc.assert(
      fc.property(fc.oneof(fc.constantFrom(...HOSTILE), fc.string()), (name) => {
        const diagram = toFlowDiagram({ title: "t", flow: S(step(1), step(2)), labelOf: () => name });
        expect(diagram.source).toMatch(/^flowchart LR\n( {2}n\d\["x+"\]\n){2} {2}n0 e0@--> n1\n$/);
        expect(diagram.text).toMatch(/^flowchart LR\n( {2}n\d\["([A-Za-z0-9 .,?']|#\d+;)*"\]\n){2} {2}n0 e0@--> n1\n$/);
      }),
    );
  });

  it("leaves out flows without steps, and counts what it draws", () => {
    const flow = S(C(), step(1), S(C()), step(2));
    const diagram = toFlowDiagram({ title: "t", flow, labelOf: () => "x" });
    expect(diagram.edges.map(({ from, to }) => `${from} ${to}`)).toEqual(["n0 n1"]);
    expect(countCells(flow)).toBe(2);
  });
});
