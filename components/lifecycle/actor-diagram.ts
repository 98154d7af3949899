import { ACTOR_MACHINE, ACTOR_OVERVIEW_MACHINE } from "#server/contract/diagram/actor-lifecycle.ts";
import type { Diagram } from "./diagram.ts";
import { machineDiagram } from "./machine-diagram.ts";

/** The life of an actor as far as the register and a look into the registry tell it. */
export const ACTOR_OVERVIEW_DIAGRAM: Diagram = machineDiagram(ACTOR_OVERVIEW_MACHINE);

/** The life of an actor with what its process goes through. */
export const ACTOR_DIAGRAM: Diagram = machineDiagram(ACTOR_MACHINE);
