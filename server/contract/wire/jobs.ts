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
export const jobControlInput = z.object({
  jobId: z.string().max(64),
  expectedState: z.string().max(20),
  reason,
  requestId,
});
export const jobControlOutput = mutationResult;
