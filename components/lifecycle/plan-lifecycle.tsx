"use client";
import { useMemo } from "react";
import { State } from "#components/ui/glyph.tsx";
import { PLAN_LIFECYCLE, PLAN_LIFECYCLE_STATES, PLAN_STATE_LABELS } from "#server/contract/diagram/plan-lifecycle.ts";
import { DiagramFrame } from "./diagram-frame.tsx";
import { PLAN_DIAGRAM, planMarks } from "./plan-diagram.ts";
import { transitionKey } from "./state-diagram.ts";

interface PlanLifecycleProps {
  readonly state: string;
  /** Names of the execution history, oldest first; empty when it is not known. */
  readonly history: readonly string[];
}

/** The life of a plan with the present state marked, and the ways it went as far as its history tells. */
export function PlanLifecycle({ state, history }: PlanLifecycleProps) {
  const names = history.join("\u0000");
  const marks = useMemo(() => planMarks(state, names === "" ? [] : names.split("\u0000")), [state, names]);
  const went = new Set(marks.live);
  return (
    <DiagramFrame
      diagram={PLAN_DIAGRAM}
      marks={marks}
      note="here = magenta frame; magenta lines = the ways it went, as its execution history tells"
      twin={
        <table aria-label="Life of a plan">
          <thead>
            <tr>
              <th scope="col">State</th>
              <th scope="col">What it says</th>
              <th scope="col">From here to</th>
            </tr>
          </thead>
          <tbody>
            {PLAN_LIFECYCLE_STATES.map((known) => (
              <tr key={known} className={known === state ? "now" : ""} aria-current={known === state || undefined}>
                <th scope="row">
                  <State system="plan" word={known} />
                  {known === state && <span className="small t3"> now</span>}
                </th>
                <td className="t2">{PLAN_STATE_LABELS[known]}</td>
                <td className="t2">
                  {PLAN_LIFECYCLE.filter(({ from }) => from === known)
                    .map(
                      ({ from, to, label }) => `${to}: ${label}${went.has(transitionKey(from, to)) ? " (went)" : ""}`,
                    )
                    .join("; ") || "nothing, it is over"}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      }
    />
  );
}
