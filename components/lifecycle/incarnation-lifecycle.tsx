"use client";
import { useMemo } from "react";
import { State } from "#components/ui/glyph.tsx";
import {
  LIFECYCLE_EVENT_LABELS,
  LIFECYCLE_STATE_LABELS,
  LIFECYCLE_STATES,
  LIFECYCLE_TRANSITIONS,
  type LifecycleState,
} from "#server/contract/diagram/dna-lifecycle.ts";
import { DiagramFrame } from "./diagram-frame.tsx";
import { INCARNATION_DIAGRAM, incarnationMarks } from "./incarnation-diagram.ts";

/** The life of an incarnation as this console judges it, with its present state marked. */
export function IncarnationLifecycle({ state }: { readonly state: LifecycleState }) {
  const marks = useMemo(() => incarnationMarks(state), [state]);
  return (
    <DiagramFrame
      diagram={INCARNATION_DIAGRAM}
      marks={marks}
      note="here = magenta frame; judged from reads of the nodes table alone"
      twin={
        <table aria-label="Life of an incarnation">
          <thead>
            <tr>
              <th scope="col">State</th>
              <th scope="col">What it says</th>
              <th scope="col">From here to</th>
            </tr>
          </thead>
          <tbody>
            {LIFECYCLE_STATES.map((known) => (
              <tr key={known} className={known === state ? "now" : ""} aria-current={known === state || undefined}>
                <th scope="row">
                  <State system="node" word={known} />
                  {known === state && <span className="small t3"> now</span>}
                </th>
                <td className="t2">{LIFECYCLE_STATE_LABELS[known]}</td>
                <td className="t2">
                  {LIFECYCLE_TRANSITIONS.filter(({ from }) => from === known)
                    .map(
                      ({ to, events }) => `${to}: ${events.map((event) => LIFECYCLE_EVENT_LABELS[event]).join(" or ")}`,
                    )
                    .join("; ")}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      }
    />
  );
}
