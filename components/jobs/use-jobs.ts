"use client";
import { operatorFold } from "#components/ui/folds.ts";
import { useFold } from "#components/ui/live.ts";
import type { OperatorFold } from "#server/contract/fold/operator.ts";
import type { JobProgress, LiveState } from "#server/contract/live.ts";

export type LiveJob = OperatorFold["jobs"][string] & { readonly id: string; readonly progress: JobProgress | null };

const DONE_LAST: Readonly<Record<string, number>> = { running: 0, waiting: 0, paused: 1, failed: 2, stopped: 2 };

function jobsOf({ folds, samples }: LiveState): readonly LiveJob[] {
  const progress = Object.assign({}, ...Object.values(samples).map(({ jobs }) => jobs)) as Record<string, JobProgress>;
  return Object.entries(operatorFold(folds).jobs)
    .map(([id, job]) => ({ ...job, id, progress: progress[id] ?? null }))
    .sort((a, b) => (DONE_LAST[a.state] ?? 3) - (DONE_LAST[b.state] ?? 3) || b.createdAt - a.createdAt);
}

/** The latest jobs with their progress, those that work first; `undefined` until the first snapshot. */
export const useJobs = (): readonly LiveJob[] | undefined => useFold(jobsOf);
