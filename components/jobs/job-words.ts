/** A job in words. Pure. */
import type { JobCounts, JobFacts } from "#server/contract/event.ts";

/** Targets whose outcome is settled or known to be unknown. */
export const handledOf = ({ applied, moved, failed, unknown }: JobCounts): number => applied + moved + failed + unknown;

/** The word of the state language: a job that is done but for some is not simply done. */
export function jobWord(facts: Pick<JobFacts, "state" | "counts">): string {
  return facts.state === "done" && facts.counts.failed + facts.counts.unknown > 0 ? "done, some refused" : facts.state;
}

export const isEnded = ({ state }: Pick<JobFacts, "state">): boolean =>
  state === "done" || state === "failed" || state === "stopped" || state === "cancelled";

/** What can be done with a job in this state, and why the rest cannot. */
export function controlsOf({
  state,
}: Pick<JobFacts, "state">): Readonly<Record<"pause" | "resume" | "cancel", string | null>> {
  const ended = `The job is ${state}: nothing is left to control.`;
  switch (state) {
    case "running":
    case "waiting":
      return { pause: null, resume: "It is not paused.", cancel: null };
    case "paused":
      return { pause: "It is paused already.", resume: null, cancel: null };
    default:
      return { pause: ended, resume: ended, cancel: ended };
  }
}
