import { z } from "zod";
import type { JobFacts } from "#server/contract/event.ts";
import type { JobProgress } from "#server/contract/live.ts";
import { maskable, mutationResult, reason, requestId } from "./common.ts";

export const jobView = z.object({
  id: z.string(),
  facts: z.custom<JobFacts>(),
  progress: z.custom<JobProgress>().nullable(),
});
export const jobsOutput = z.object({ jobs: z.array(jobView) });
export const jobInput = z.object({
  jobId: z.string().max(64),
  /** Outcomes of this kind first; `null` = all. */
  outcome: z.enum(["applied", "moved", "failed", "unknown"]).nullable().default(null),
  after: z.string().max(70_000).nullable().default(null),
  limit: z.number().int().min(1).max(500).default(100),
});
/** What became of one target of a job. */
export const jobTarget = z.object({
  key: z.string(),
  outcome: z.enum(["applied", "moved", "failed", "unknown"]),
  /** Masked for viewers: it may quote an upstream's error. */
  note: maskable(z.string()).nullable(),
  at: z.string(),
});
export const jobOutput = jobView.extend({ targets: z.array(jobTarget), nextAfter: z.string().nullable() });
/** What jobs did to one target: a key (`<module id>/<namespace>|<name>`) or a plan of one source. */
export const jobsOfTargetInput = z.object({
  /** `dna:<source id>` or `dynflow:<source id>`. */
  stream: z.string().min(1).max(100),
  target: z.string().min(1).max(70_000),
});
export const jobsOfTargetOutput = z.object({
  /** Newest first, of the latest 200 jobs of the source. */
  outcomes: z.array(
    z.object({
      jobId: z.string(),
      title: z.string(),
      /** What the job as a whole is about, e.g. the incarnation that it takes the keys from. */
      of: z.string(),
      requestedBy: z.string(),
      /** Id of the `op.requested` event. */
      requestId: z.string(),
      outcome: jobTarget.shape.outcome,
      note: jobTarget.shape.note,
      at: z.string(),
    }),
  ),
  /** There are older jobs that were not asked. */
  more: z.boolean(),
});
export const jobControlInput = z.object({
  jobId: z.string().max(64),
  expectedState: z.string().max(20),
  reason,
  requestId,
});
export const jobControlOutput = mutationResult;
/** A new job of the failed targets of one that has ended. */
export const jobRetryInput = jobControlInput;
export const jobRetryOutput = z.object({
  journalId: z.string(),
  jobId: z.string(),
  /** Targets that had failed and were left out: they stand differently now. */
  leftOut: z.number(),
});
