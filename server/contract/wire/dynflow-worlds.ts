import { z } from "zod";
import { instant, maskable, observed, planId, reason, requestId, sourceId } from "./common.ts";

const worldId = z.string().trim().min(1).max(100);

export const queueStatus = z.object({
  queue: z.string(),
  poolSize: z.number(),
  freeWorkers: z.number(),
  queueSize: z.number(),
});
export type QueueStatusView = z.infer<typeof queueStatus>;

/** What an executor last said of its queues, and when. */
const lastStatus = z.object({ at: instant, planId: z.string().nullable(), queues: z.array(queueStatus) });

export const worldView = z.object({
  source: z.string(),
  id: z.string(),
  class: z.string(),
  executor: z.boolean(),
  active: z.boolean().nullable(),
  hostname: z.string().nullable(),
  pid: z.number().nullable(),
  queues: z.record(z.string(), z.number()),
  lastSeenText: z.string().nullable(),
  /** How old that is, where the writer's zone is known: a hint, never a proof of life. */
  lastSeen: z
    .object({
      ageMs: z.number().nullable(),
      /** `watched` = we saw it change; `like-others` = the other worlds of this source write in one known zone. */
      zone: z.enum(["watched", "like-others", "unknown"]),
    })
    .nullable(),
  seenSince: instant,
  /** Our own last ping: what validity is judged by. */
  ping: z.object({ at: instant, roundTripMs: z.number().nullable() }).nullable(),
  unreadable: z.string().nullable(),
  locks: z.number(),
  ours: z.boolean(),
  /** Plans it holds by its locks, at most 100, and how many there are. */
  plans: z.array(z.object({ planId: z.string(), kind: z.enum(["execution", "planning"]) })),
  planCount: z.number(),
  /** What it does besides running plans, by the locks it holds. */
  roles: z.array(z.enum(["delayed-executor", "plan-cleaner", "auto-execute"])),
  /** World that is invalidating it now; `null` = nobody. */
  invalidatedBy: z.string().nullable(),
  status: lastStatus.nullable(),
  /** Everything else its record says; `null` = not read. */
  meta: z.record(z.string(), z.unknown()).nullable(),
});
export type WorldView = z.infer<typeof worldView>;
export const worldsInput = z.object({ source: sourceId.optional() });
export const worldsOutput = z.object({ ...observed, worlds: z.array(worldView) });

export const statusInput = z.object({
  source: sourceId,
  worldId,
  /** Only items of this plan are counted as queued. */
  planId: planId.nullable().default(null),
  reason,
  requestId,
});
export const statusOutput = z.object({
  journalId: z.string(),
  /** `null` = no answer within 5 s. */
  queues: z.array(queueStatus).nullable(),
  at: instant,
});

/** Rows of one answer. */
export const ENVELOPES_MAX = 100;
export const envelopesInput = z.object({ source: sourceId, receiverId: worldId.nullable().default(null) });
export const envelopeView = z.object({
  rowId: z.number(),
  receiverId: z.string(),
  /** Since when this console has seen the row: it has no time of its own. */
  seenSince: instant,
  bytes: z.number(),
  /** What it says; `null` = it cannot be decoded, and `undecodable` says why. */
  said: z
    .object({
      requestId: z.string(),
      senderId: z.string(),
      type: z.string(),
      planId: z.string().nullable(),
      stepId: z.number().nullable(),
      detail: maskable(z.string().nullable()),
      deviations: z.array(z.string()),
    })
    .nullable(),
  undecodable: z.object({ reason: z.string(), head: maskable(z.string()) }).nullable(),
});
export type EnvelopeView = z.infer<typeof envelopeView>;
export const envelopesOutput = z.object({
  ...observed,
  /** When this console first looked: nothing is seen for longer than that. */
  lookedSince: instant,
  receivers: z.array(
    z.object({
      receiverId: z.string(),
      count: z.number(),
      /** It has a coordinator record. */
      registered: z.boolean(),
      ours: z.boolean(),
      hostname: z.string().nullable(),
      /** Why they wait, or that nobody will take them. */
      note: z.string().nullable(),
    }),
  ),
  countedAll: z.boolean(),
  envelopes: z.array(envelopeView),
  /** Envelopes that came for this console and could not be decoded: taken from the table, and kept here. */
  kept: z.array(
    z.object({
      sha256: z.string(),
      firstAt: instant,
      lastAt: instant,
      times: z.number(),
      reason: z.string(),
      bytes: z.number(),
      head: maskable(z.string()),
    }),
  ),
});
export type EnvelopesOutput = z.infer<typeof envelopesOutput>;

export const orphansInput = z.object({ source: sourceId });
/** Locks that are left over: whose, why, and what removes them when. */
export const orphansOutput = z.object({
  ...observed,
  orphans: z.array(
    z.object({
      class: z.string(),
      id: z.string(),
      ownerId: z.string().nullable(),
      worldId: z.string().nullable(),
      planId: z.string().nullable(),
      seenSince: instant,
      reason: z.string(),
      remedy: z.string(),
    }),
  ),
});
export type OrphansOutput = z.infer<typeof orphansOutput>;

const fate = z.enum([
  "paused-with-error",
  "taken-over",
  "waits-for-executor",
  "planned-and-executed",
  "planned-and-waits",
  "stopped",
  "only-unlocked",
]);
export type PlanFateWord = z.infer<typeof fate>;

/** Two pings, without cache and 30 s each, a while apart. */
export const probeView = z.object({
  state: z.enum(["pinging", "waiting", "silent", "answered", "failed"]),
  startedAt: instant,
  /** Of each ping that has ended; `roundTripMs` null = no answer. */
  pings: z.array(z.object({ at: instant, waitedMs: z.number(), roundTripMs: z.number().nullable() })),
  /** When the ping that is under way, or the pause before the next, is over. */
  nextAt: instant.nullable(),
  /** Until when two silent pings count. */
  goodUntil: instant.nullable(),
  note: z.string().nullable(),
});
export type ProbeView = z.infer<typeof probeView>;
export const probeInput = z.object({ source: sourceId, worldId, reason, requestId });
export const probeOutput = z.object({ journalId: z.string(), probe: probeView });

export const invalidatePreviewInput = z.object({ source: sourceId, worldId });
export const invalidatePreviewOutput = z.object({
  ...observed,
  worldId: z.string(),
  executor: z.boolean(),
  hostname: z.string().nullable(),
  probe: probeView.nullable(),
  /** Why it cannot be invalidated now; empty = it can. */
  refusals: z.array(z.string()),
  /** What becomes of each plan it holds, at most 100 of them. */
  plans: z.array(
    z.object({
      planId: z.string(),
      lock: z.enum(["execution", "planning"]),
      label: z.string().nullable(),
      state: z.string().nullable(),
      fate,
      words: z.string(),
      /** Steps that are marked as failed. */
      failedStepIds: z.array(z.number()),
      reason: z.string().nullable(),
    }),
  ),
  planCount: z.number(),
  fates: z.record(z.string(), z.number()),
  /** Active executors that could go on with plans, as their records say. */
  executors: z.array(z.object({ id: z.string(), hostname: z.string().nullable() })),
  otherLocks: z.number(),
  envelopes: z.number(),
  warnings: z.array(z.string()),
});
export type InvalidatePreview = z.infer<typeof invalidatePreviewOutput>;

/** Locks of one world that one job takes up. */
const HELD_MAX = 10_000;
export const invalidateInput = z.object({
  source: sourceId,
  worldId,
  /** How many plans the operator saw that it holds. */
  expectedPlans: z.number().int().min(0).max(HELD_MAX),
  reason,
  requestId,
});
export const invalidateOutput = z.object({ journalId: z.string(), jobId: z.string() });
