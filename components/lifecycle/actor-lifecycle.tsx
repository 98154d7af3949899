"use client";
import { useMemo, useState } from "react";
import {
  ACTOR_MACHINE,
  ACTOR_OVERVIEW_MACHINE,
  type ActorFacets,
  actorOverviewState,
  actorState,
} from "#server/contract/diagram/actor-lifecycle.ts";
import type { Machine } from "#server/contract/diagram/machine.ts";
import { ACTOR_DIAGRAM, ACTOR_OVERVIEW_DIAGRAM } from "./actor-diagram.ts";
import { marksOf } from "./machine-diagram.ts";
import { MachineLifecycle } from "./machine-lifecycle.tsx";

/** The life of an actor with its present state marked: in overview, and in full when asked for. */
export function ActorLifecycle({ facets }: { readonly facets: ActorFacets }) {
  const [full, setFull] = useState(false);
  const state = full ? actorState(facets) : actorOverviewState(facets);
  const machine: Machine = full ? ACTOR_MACHINE : ACTOR_OVERVIEW_MACHINE;
  const marks = useMemo(() => marksOf(machine, state), [machine, state]);
  return (
    <>
      <fieldset className="seg" aria-label="How much of its life is drawn">
        <button type="button" aria-pressed={!full} onClick={() => setFull(false)}>
          Overview
        </button>
        <button type="button" aria-pressed={full} onClick={() => setFull(true)}>
          In full
        </button>
      </fieldset>
      <MachineLifecycle
        key={machine.kind}
        machine={machine}
        diagram={full ? ACTOR_DIAGRAM : ACTOR_OVERVIEW_DIAGRAM}
        marks={marks}
        note={state === null ? "where it is now only its node knows, and it was not asked" : "here = magenta frame"}
      />
    </>
  );
}
