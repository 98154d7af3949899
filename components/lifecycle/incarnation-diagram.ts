import {
  LIFECYCLE_STATES,
  LIFECYCLE_TRANSITIONS,
  type LifecycleEvent,
  type LifecycleState,
  type LifecycleTransition,
} from "#server/contract/diagram/dna-lifecycle.ts";
import type { Diagram, DiagramMarks } from "./diagram.ts";
import { toStateDiagram } from "./state-diagram.ts";

/** Words short enough for an arrow; the table twin has the whole ones. */
const SHORT: Readonly<Record<LifecycleEvent, string>> = {
  gap: "gap",
  present: "row back",
  beat: "beat",
  young_write: "young write",
  old_write: "old write",
  quiet_10s: "10 s silent",
  quiet_20s: "20 s silent",
  steady_30s: "30 s steady",
  absent: "row deleted",
};

/** 20 s of silence say nothing new where 10 s are enough. */
const eventsOf = ({ events }: LifecycleTransition): readonly LifecycleEvent[] =>
  events.filter((event) => event !== "quiet_20s" || !events.includes("quiet_10s"));

/** The life of one incarnation of a DNA node as this console judges it. */
export const INCARNATION_DIAGRAM: Diagram = toStateDiagram({
  title: "Life of an incarnation",
  states: LIFECYCLE_STATES,
  transitions: LIFECYCLE_TRANSITIONS.map((transition) => ({
    from: transition.from,
    to: transition.to,
    label: eventsOf(transition)
      .map((event) => SHORT[event])
      .join(" or "),
  })),
  first: "observing",
  last: [],
});

/** Marks the present state; by which way it was reached is told by its evidence, not drawn. */
export const incarnationMarks = (state: LifecycleState): DiagramMarks => ({
  now: [state],
  passed: [],
  live: [],
  notes: {},
});
