import { formatCount } from "#components/ui/format.ts";
import type { Machine } from "#server/contract/diagram/machine.ts";
import type { StateCount, StateCounts } from "#server/contract/view/lifecycle-counts.ts";
import { lookOf, type Tone } from "#server/kernel/states.ts";
import { type Diagram, type DiagramMarks, NO_MARKS } from "./diagram.ts";
import { toStateDiagram } from "./state-diagram.ts";

/** Room for a number behind the name of a state, so that another number needs no new drawing. */
const COUNT_ROOM = 6;

/** `12`; `~ 3` where the number also covers other states; a question mark where nothing is known. */
export function countText(count: StateCount | undefined): string {
  if (count === undefined || count.kind === "not-counted") return "?";
  return count.kind === "counted" ? formatCount(count.count) : `~ ${formatCount(count.count)}`;
}

/** The machine with how many things are in each state now. Its source is the same for all numbers. */
export function countedDiagram(machine: Machine, counts: StateCounts): Diagram {
  const { title, states, transitions, first, last } = machine;
  // From top to bottom: the page scrolls that way.
  const drawing = { title, states, transitions, first, last, direction: "TB" as const };
  const { source, edges } = toStateDiagram({ ...drawing, labelOf: (state) => state.padEnd(state.length + COUNT_ROOM) });
  const labelOf = (state: string): string => {
    const count = counts[state];
    return count === undefined || count.kind === "not-counted" ? state : `${state}: ${countText(count)}`;
  };
  const { nodes, text } = toStateDiagram({ ...drawing, labelOf });
  return { title, source, nodes, edges, text };
}

/** States in which something is are drawn in their own colour. */
export function countedMarks(machine: Machine, counts: StateCounts): DiagramMarks {
  const tones: Record<string, Tone> = {};
  for (const state of machine.states) {
    const count = counts[state];
    if (count !== undefined && count.kind !== "not-counted" && count.count > 0)
      tones[state] = lookOf(machine.system, state).tone;
  }
  return { ...NO_MARKS, tones };
}
