"use client";
import { useMemo } from "react";
import { State } from "#components/ui/glyph.tsx";
import { STEP_LIFECYCLES, type StepPhaseName, stepLifecycleStates } from "#server/contract/diagram/step-lifecycle.ts";
import { DiagramFrame } from "./diagram-frame.tsx";
import { STEP_DIAGRAMS, stepMarks } from "./step-diagram.ts";

interface StepLifecycleProps {
  readonly phase: StepPhaseName;
  /** Of the selected step; `null` = none is. */
  readonly state: string | null;
}

/** The life of a step of this phase, with the present state of the selected one marked. */
export function StepLifecycle({ phase, state }: StepLifecycleProps) {
  const marks = useMemo(() => stepMarks(phase, state), [phase, state]);
  return (
    <DiagramFrame
      diagram={STEP_DIAGRAMS[phase]}
      marks={marks}
      note={
        state === null
          ? "select a step to see where it is"
          : "here = magenta frame; the way a step went is written down nowhere"
      }
      twin={
        <table aria-label={STEP_DIAGRAMS[phase].title}>
          <thead>
            <tr>
              <th scope="col">State</th>
              <th scope="col">From here to</th>
            </tr>
          </thead>
          <tbody>
            {stepLifecycleStates(phase).map((known) => (
              <tr key={known} className={known === state ? "now" : ""} aria-current={known === state || undefined}>
                <th scope="row">
                  <State system="step" word={known} />
                  {known === state && <span className="small t3"> now</span>}
                </th>
                <td className="t2">
                  {STEP_LIFECYCLES[phase]
                    .filter(({ from }) => from === known)
                    .map(({ to, label }) => `${to}: ${label}`)
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
