import {
  ACTOR_LIFECYCLE,
  ACTOR_OVERVIEW,
  ACTOR_OVERVIEW_STATES,
  ACTOR_STATES,
} from "#server/contract/diagram/actor-lifecycle.ts";
import { type Diagram, type DiagramMarks, NO_MARKS } from "./diagram.ts";
import { toStateDiagram } from "./state-diagram.ts";

/** The life of an actor as far as the register and a look into the registry tell it. */
export const ACTOR_OVERVIEW_DIAGRAM: Diagram = toStateDiagram({
  title: "Life of an actor, in overview",
  states: ACTOR_OVERVIEW_STATES,
  transitions: ACTOR_OVERVIEW,
  first: "unknown",
  last: [],
});

/** The life of an actor with what its process goes through. */
export const ACTOR_DIAGRAM: Diagram = toStateDiagram({
  title: "Life of an actor, in full",
  states: ACTOR_STATES,
  transitions: ACTOR_LIFECYCLE,
  first: "unknown",
  last: [],
  direction: "TB",
});

/** Where it is now; its way there is written down nowhere. */
export const actorMarks = (state: string | null): DiagramMarks =>
  state === null ? NO_MARKS : { ...NO_MARKS, now: [state] };
