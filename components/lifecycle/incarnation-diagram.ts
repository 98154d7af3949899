import { INCARNATION_MACHINE, type LifecycleState } from "#server/contract/diagram/dna-lifecycle.ts";
import type { Diagram, DiagramMarks } from "./diagram.ts";
import { machineDiagram, marksOf } from "./machine-diagram.ts";

/** The life of one incarnation of a DNA node as this console judges it. */
export const INCARNATION_DIAGRAM: Diagram = machineDiagram(INCARNATION_MACHINE);

/** Marks the present state; by which way it was reached is told by its evidence, not drawn. */
export const incarnationMarks = (state: LifecycleState): DiagramMarks => marksOf(INCARNATION_MACHINE, state);
