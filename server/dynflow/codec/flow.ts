/**
 * Flows: which steps run after which. Two forms are stored, and both are read everywhere:
 * compact (since 1.5.0) `["S", 2, ["C", 4, 6]]`, and by class (before) `{"class": "Dynflow::Flows::Sequence", …}`.
 *
 * Source: Dynflow/dynflow 2.0.0 lib/dynflow/flows/abstract.rb `decode`, `from_hash`; flows/sequence.rb and
 * flows/concurrence.rb `Registry.register!` (`"S"`, `"C"`); execution_plan.rb `load_flow`.
 */
import type { Flow } from "#server/dynflow/domain/model.ts";
import {
  isMsgpackArray,
  isMsgpackMap,
  type MsgpackMap,
  type MsgpackValue,
  safeIntegerOf,
  textOf,
} from "./msgpack-value.ts";
import { type Parsed, parsed, unparsed } from "./stored.ts";

type Composed = "sequence" | "concurrence";

const KIND_BY_LETTER: ReadonlyMap<MsgpackValue, Composed> = new Map([
  ["S", "sequence"],
  ["C", "concurrence"],
]);
const KIND_BY_CLASS: ReadonlyMap<MsgpackValue, Composed> = new Map([
  ["Dynflow::Flows::Sequence", "sequence"],
  ["Dynflow::Flows::Concurrence", "concurrence"],
]);
const ATOM_CLASS = "Dynflow::Flows::Atom";

/** A composed flow of which some parts are read. */
interface Open {
  readonly kind: Composed;
  readonly parts: readonly MsgpackValue[];
  readonly flows: Flow[];
}

/** Reads either form, whatever its depth: no walk is recursive. */
export function parseFlow(value: MsgpackValue): Parsed<Flow> {
  const open: Open[] = [];
  let next: MsgpackValue = value;
  for (;;) {
    const node = parseNode(next);
    if (!node.ok) return node;
    let done: Flow | null = "flows" in node.value ? null : node.value;
    if ("flows" in node.value) open.push(node.value);
    let top = open.at(-1);
    // Whatever is complete now is a part of what is open above it.
    while (top !== undefined) {
      if (done !== null) top.flows.push(done);
      if (top.flows.length < top.parts.length) break;
      done = { kind: top.kind, flows: top.flows };
      open.pop();
      top = open.at(-1);
    }
    if (top === undefined) return done === null ? unparsed("no flow is stored") : parsed(done);
    next = top.parts[top.flows.length] ?? null;
  }
}

type Step = Extract<Flow, { kind: "step" }>;

const openFlow = (kind: Composed, parts: readonly MsgpackValue[]): Parsed<Open> => parsed({ kind, parts, flows: [] });

/** One node without its parts. */
function parseNode(value: MsgpackValue): Parsed<Step | Open> {
  const stepId = safeIntegerOf(value);
  if (stepId !== null) return parsed({ kind: "step", stepId });
  if (isMsgpackArray(value)) {
    const kind = KIND_BY_LETTER.get(value[0] ?? null);
    if (kind === undefined) return unparsed("a flow that is neither a sequence nor a concurrence");
    return openFlow(kind, value.slice(1));
  }
  return isMsgpackMap(value) ? parseClassForm(value) : unparsed("no flow is stored");
}

function parseClassForm(map: MsgpackMap): Parsed<Step | Open> {
  const name = map.get("class") ?? null;
  if (name === ATOM_CLASS) {
    const stepId = safeIntegerOf(map.get("step_id"));
    return stepId === null ? unparsed("a flow atom without a step id") : parsed({ kind: "step", stepId });
  }
  const kind = KIND_BY_CLASS.get(name);
  if (kind === undefined) return unparsed(`a flow of unknown class ${textOf(name)?.slice(0, NAME_MAX) ?? "(none)"}`);
  const flows = map.get("flows");
  return isMsgpackArray(flows) ? openFlow(kind, flows) : unparsed("a composed flow without parts");
}

/** Of a class name nobody knows; enough to tell what it was meant to be. */
const NAME_MAX = 200;

/** The compact form, as Dynflow from 1.5.0 on stores it. */
export function flowValue(flow: Flow): MsgpackValue {
  if (flow.kind === "step") return flow.stepId;
  return [flow.kind === "sequence" ? "S" : "C", ...flow.flows.map(flowValue)];
}
