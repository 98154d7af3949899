import type { Machine } from "#server/contract/diagram/machine.ts";
import { type Diagram, type DiagramMarks, NO_MARKS } from "./diagram.ts";
import { toStateDiagram } from "./state-diagram.ts";

/** Any state machine of the contract as a diagram: its own states and ways, in their order. */
export const machineDiagram = ({ title, states, transitions, first, last, direction }: Machine): Diagram =>
  toStateDiagram({ title, states, transitions, first, last, direction });

/** Marks the present state alone: by which way it was reached is written down nowhere. */
export const marksOf = (machine: Machine, state: string | null): DiagramMarks =>
  state !== null && machine.states.includes(state) ? { ...NO_MARKS, now: [state] } : NO_MARKS;
