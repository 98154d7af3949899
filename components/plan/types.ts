/** What the procedures of a plan answer, as it arrives in the browser. */
import type { Outputs } from "#components/ui/trpc.ts";

type Plans = Outputs["dynflow"]["plans"];

export type PlanOutput = Plans["get"];
export type ActionOutput = Plans["action"];
export type HistoryOutput = Plans["history"];
export type FlowsOutput = Plans["flows"];
export type StepView = Plans["steps"]["steps"][number];
export type LockView = PlanOutput["locks"][number];
export type PlanRowView = Plans["list"]["rows"][number];
