import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Flow } from "#server/dynflow/domain/model.ts";
import * as hand from "./by-hand.test-kit.ts";
import { bytesOf, hexOf } from "./by-hand.test-kit.ts";
import { flowValue, parseFlow } from "./flow.ts";
import { decodeMsgpack } from "./msgpack-decode.ts";
import { encodeMsgpack } from "./msgpack-encode.ts";

const S = hand.text("S");
const C = hand.text("C");
const step = (stepId: number): Flow => ({ kind: "step", stepId });

const byClass = (name: string, ...parts: readonly string[]) =>
  hand.map(["class", hand.text(`Dynflow::Flows::${name}`)], ["flows", hand.list(...parts)]);
const atom = (id: number) => hand.map(["class", hand.text("Dynflow::Flows::Atom")], ["step_id", hand.int(id)]);

const SHAPES: readonly {
  readonly name: string;
  readonly compact: string;
  readonly old: string;
  readonly flow: Flow;
}[] = [
  { name: "one step", compact: hand.int(2), old: atom(2), flow: step(2) },
  { name: "an empty sequence", compact: hand.list(S), old: byClass("Sequence"), flow: { kind: "sequence", flows: [] } },
  {
    name: "an empty concurrence",
    compact: hand.list(C),
    old: byClass("Concurrence"),
    flow: { kind: "concurrence", flows: [] },
  },
  {
    name: "a nest",
    compact: hand.list(S, hand.int(2), hand.list(C, hand.int(400), hand.list(S, hand.int(6))), hand.int(70_000)),
    old: byClass("Sequence", atom(2), byClass("Concurrence", atom(400), byClass("Sequence", atom(6))), atom(70_000)),
    flow: {
      kind: "sequence",
      flows: [
        step(2),
        { kind: "concurrence", flows: [step(400), { kind: "sequence", flows: [step(6)] }] },
        step(70_000),
      ],
    },
  },
];

const parse = (hex: string) => {
  const decoded = decodeMsgpack(bytesOf(hex));
  if (!decoded.ok) throw new Error(decoded.reason);
  return parseFlow(decoded.value);
};

describe("flows", () => {
  it.each(SHAPES)("$name is read from both stored forms", ({ compact, old, flow }) => {
    expect(parse(compact)).toEqual({ ok: true, value: flow });
    expect(parse(old)).toEqual({ ok: true, value: flow });
  });

  it.each(SHAPES)("$name is written in the compact form", ({ compact, flow }) => {
    expect(hexOf(encodeMsgpack(flowValue(flow)))).toBe(compact);
  });

  it.each([
    ["nothing", hand.nil],
    ["an unknown letter", hand.list(hand.text("X"), hand.int(1))],
    ["an empty list", hand.list()],
    ["a fractional step id", hand.float(2)],
    ["an unknown class", byClass("Loop")],
    ["an atom without step", hand.map(["class", hand.text("Dynflow::Flows::Atom")])],
    ["a bad part deep inside", hand.list(S, hand.list(C, hand.text("two")))],
    ["parts that are no list", hand.map(["class", hand.text("Dynflow::Flows::Sequence")], ["flows", hand.int(3)])],
  ])("%s is no flow, and says why", (_name, hex) => {
    expect(parse(hex)).toEqual({ ok: false, reason: expect.stringMatching(/./) });
  });

  it("any flow survives", () => {
    const anyFlow = fc.letrec<{ flow: Flow }>((tie) => ({
      flow: fc.oneof(
        { maxDepth: 5 },
        fc.record({ kind: fc.constant("step" as const), stepId: fc.nat() }),
        fc.record({ kind: fc.constantFrom("sequence" as const, "concurrence" as const), flows: fc.array(tie("flow")) }),
      ),
    })).flow;
    fc.assert(
      fc.property(anyFlow, (flow) => {
        expect(parse(hexOf(encodeMsgpack(flowValue(flow))))).toEqual({ ok: true, value: flow });
      }),
    );
  });
});
