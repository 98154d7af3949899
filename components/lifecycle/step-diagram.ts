import { STEP_LIFECYCLES, type StepPhaseName, stepLifecycleStates } from "#server/contract/diagram/step-lifecycle.ts";
import { type Diagram, type DiagramMarks, NO_MARKS } from "./diagram.ts";
import { toStateDiagram } from "./state-diagram.ts";

const diagramOf = (phase: StepPhaseName, first: string, last: readonly string[]): Diagram =>
  toStateDiagram({
    title: `Life of a ${phase} step`,
    states: stepLifecycleStates(phase),
    transitions: STEP_LIFECYCLES[phase],
    first,
    last,
  });

/** The life of a step, by its phase. */
export const STEP_DIAGRAMS: Readonly<Record<StepPhaseName, Diagram>> = {
  plan: diagramOf("plan", "scheduling", ["success", "error", "cancelled"]),
  run: diagramOf("run", "pending", ["success", "skipped"]),
  finalize: diagramOf("finalize", "pending", ["success", "skipped"]),
};

/** Where the step is; its way there is written down nowhere. */
export const stepMarks = (phase: StepPhaseName, state: string | null): DiagramMarks =>
  state !== null && stepLifecycleStates(phase).includes(state) ? { ...NO_MARKS, now: [state] } : NO_MARKS;
