"use client";
import { useMemo } from "react";
import { INCARNATION_MACHINE, type LifecycleState } from "#server/contract/diagram/dna-lifecycle.ts";
import { INCARNATION_DIAGRAM, incarnationMarks } from "./incarnation-diagram.ts";
import { MachineLifecycle } from "./machine-lifecycle.tsx";

/** The life of an incarnation as this console judges it, with its present state marked. */
export function IncarnationLifecycle({ state }: { readonly state: LifecycleState }) {
  const marks = useMemo(() => incarnationMarks(state), [state]);
  return (
    <MachineLifecycle
      machine={INCARNATION_MACHINE}
      diagram={INCARNATION_DIAGRAM}
      marks={marks}
      note="here = magenta frame; judged from reads of the nodes table alone"
    />
  );
}
