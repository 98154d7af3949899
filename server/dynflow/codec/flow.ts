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

/** Reads either form; its depth is bounded by the msgpack decoder's. */
export function parseFlow(value: MsgpackValue): Parsed<Flow> {
  const stepId = safeIntegerOf(value);
  if (stepId !== null) return parsed({ kind: "step", stepId });
  if (isMsgpackArray(value)) {
    const kind = KIND_BY_LETTER.get(value[0] ?? null);
    if (kind === undefined) return unparsed("a flow that is neither a sequence nor a concurrence");
    return parseComposed(kind, value.slice(1));
  }
  return isMsgpackMap(value) ? parseClassForm(value) : unparsed("no flow is stored");
}

function parseClassForm(map: MsgpackMap): Parsed<Flow> {
  const name = map.get("class") ?? null;
  if (name === ATOM_CLASS) {
    const stepId = safeIntegerOf(map.get("step_id"));
    return stepId === null ? unparsed("a flow atom without a step id") : parsed({ kind: "step", stepId });
  }
  const kind = KIND_BY_CLASS.get(name);
  if (kind === undefined) return unparsed(`a flow of unknown class ${textOf(name) ?? "(none)"}`);
  const flows = map.get("flows");
  return isMsgpackArray(flows) ? parseComposed(kind, flows) : unparsed("a composed flow without parts");
}

function parseComposed(kind: Composed, parts: readonly MsgpackValue[]): Parsed<Flow> {
  const flows: Flow[] = [];
  for (const part of parts) {
    const flow = parseFlow(part);
    if (!flow.ok) return flow;
    flows.push(flow.value);
  }
  return parsed({ kind, flows });
}

/** The compact form, as Dynflow from 1.5.0 on stores it. */
export function flowValue(flow: Flow): MsgpackValue {
  if (flow.kind === "step") return flow.stepId;
  return [flow.kind === "sequence" ? "S" : "C", ...flow.flows.map(flowValue)];
}
