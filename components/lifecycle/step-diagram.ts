import { STEP_MACHINES, type StepPhaseName } from "#server/contract/diagram/step-lifecycle.ts";
import type { Diagram, DiagramMarks } from "./diagram.ts";
import { machineDiagram, marksOf } from "./machine-diagram.ts";

/** The life of a step, by its phase. */
export const STEP_DIAGRAMS: Readonly<Record<StepPhaseName, Diagram>> = {
  plan: machineDiagram(STEP_MACHINES.plan),
  run: machineDiagram(STEP_MACHINES.run),
  finalize: machineDiagram(STEP_MACHINES.finalize),
};

/** Where the step is; its way there is written down nowhere. */
export const stepMarks = (phase: StepPhaseName, state: string | null): DiagramMarks =>
  marksOf(STEP_MACHINES[phase], state);
