import type { PlanOutput, StepView } from "./types.ts";

/** What a part of a plan's page is given that lists steps and shows the selected one beside them. */
export interface PlanPartProps {
  readonly source: string;
  readonly plan: PlanOutput;
  readonly steps: readonly StepView[];
  readonly selected: number | null;
  readonly onSelect: (stepId: number) => void;
  /** The selected step. */
  readonly children: React.ReactNode;
}
