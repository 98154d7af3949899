"use client";
import { useMemo, useState } from "react";
import { State } from "#components/ui/glyph.tsx";
import {
  ACTOR_LIFECYCLE,
  ACTOR_OVERVIEW,
  ACTOR_OVERVIEW_STATES,
  ACTOR_STATE_LABELS,
  ACTOR_STATES,
  type ActorFacets,
  actorOverviewState,
  actorState,
} from "#server/contract/diagram/actor-lifecycle.ts";
import { ACTOR_DIAGRAM, ACTOR_OVERVIEW_DIAGRAM, actorMarks } from "./actor-diagram.ts";
import { DiagramFrame } from "./diagram-frame.tsx";

/** The life of an actor with its present state marked: in overview, and in full when asked for. */
export function ActorLifecycle({ facets }: { readonly facets: ActorFacets }) {
  const [full, setFull] = useState(false);
  const state = full ? actorState(facets) : actorOverviewState(facets);
  const marks = useMemo(() => actorMarks(state), [state]);
  const diagram = full ? ACTOR_DIAGRAM : ACTOR_OVERVIEW_DIAGRAM;
  const states: readonly (keyof typeof ACTOR_STATE_LABELS)[] = full ? ACTOR_STATES : ACTOR_OVERVIEW_STATES;
  const ways: readonly { readonly from: string; readonly to: string; readonly label: string }[] = full
    ? ACTOR_LIFECYCLE
    : ACTOR_OVERVIEW;
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
      <DiagramFrame
        key={diagram.title}
        diagram={diagram}
        marks={marks}
        note={state === null ? "where it is now only its node knows, and it was not asked" : "here = magenta frame"}
        twin={
          <table aria-label={diagram.title}>
            <thead>
              <tr>
                <th scope="col">State</th>
                <th scope="col">What it says</th>
                <th scope="col">From here to</th>
              </tr>
            </thead>
            <tbody>
              {states.map((known) => (
                <tr key={known} className={known === state ? "now" : ""} aria-current={known === state || undefined}>
                  <th scope="row">
                    <State system="actor" word={known} />
                    {known === state && <span className="small t3"> now</span>}
                  </th>
                  <td className="t2">{ACTOR_STATE_LABELS[known]}</td>
                  <td className="t2">
                    {ways
                      .filter(({ from }) => from === known)
                      .map(({ to, label }) => `${to}: ${label}`)
                      .join("; ")}
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        }
      />
    </>
  );
}
