"use client";
import { useMemo } from "react";
import { STEP_MACHINES, type StepPhaseName } from "#server/contract/diagram/step-lifecycle.ts";
import { MachineLifecycle } from "./machine-lifecycle.tsx";
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
    <MachineLifecycle
      machine={STEP_MACHINES[phase]}
      diagram={STEP_DIAGRAMS[phase]}
      marks={marks}
      note={
        state === null
          ? "select a step to see where it is"
          : "here = magenta frame; the way a step went is written down nowhere"
      }
    />
  );
}
