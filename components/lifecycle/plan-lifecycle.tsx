"use client";
import { useMemo } from "react";
import { PLAN_MACHINE } from "#server/contract/diagram/plan-lifecycle.ts";
import { MachineLifecycle } from "./machine-lifecycle.tsx";
import { PLAN_DIAGRAM, planMarks } from "./plan-diagram.ts";

interface PlanLifecycleProps {
  readonly state: string;
  /** Names of the execution history, oldest first; empty when it is not known. */
  readonly history: readonly string[];
}

/** The life of a plan with the present state marked, and the ways it went as far as its history tells. */
export function PlanLifecycle({ state, history }: PlanLifecycleProps) {
  const names = history.join("\u0000");
  const marks = useMemo(() => planMarks(state, names === "" ? [] : names.split("\u0000")), [state, names]);
  return (
    <MachineLifecycle
      machine={PLAN_MACHINE}
      diagram={PLAN_DIAGRAM}
      marks={marks}
      note="here = magenta frame; magenta lines = the ways it went, as its execution history tells"
    />
  );
}
