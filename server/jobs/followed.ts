import type { FoldView } from "#server/live/ports.ts";
import type { JobRecord } from "./ports.ts";
import type { JobRunner } from "./runner.ts";

/**
 * On a console that follows nothing runs: its jobs are those of the writer, as the journal tells of them. Counts are as
 * of the last change of state; outcomes of targets are read from the store as ever.
 */
export function withFollowedJobs(
  runner: JobRunner,
  view: Pick<FoldView, "operator">,
  follows: () => boolean,
): JobRunner {
  const told = (): readonly JobRecord[] =>
    Object.entries(view.operator().jobs).map(([id, { since: _, ...facts }]) => ({
      id,
      facts,
      params: {},
      bookmark: null,
    }));
  return {
    ...runner,
    list: () => (follows() ? told() : runner.list()),
    get: (jobId) => (follows() ? (told().find(({ id }) => id === jobId) ?? null) : runner.get(jobId)),
  };
}
