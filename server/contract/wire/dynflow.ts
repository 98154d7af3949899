import { z } from "zod";
import { instant, maskable, mutationResult, observed, planId, reason, requestId, sourceId } from "./common.ts";

export const sourcesOutput = z.object({
  ...observed,
  sources: z.array(
    z.object({
      id: z.string(),
      title: z.string(),
      health: z.enum(["starting", "up", "down"]),
      since: instant,
      reason: z.string().nullable(),
      dialect: z.string().nullable(),
      schemaVersion: z.number().nullable(),
      act: z.boolean(),
      /** Why no action is possible; `null` = actions are. */
      actRefused: z.string().nullable(),
      /** Our client world, where one is registered. */
      worldId: z.string().nullable(),
      lapMs: z.number().nullable(),
      /** Share of the database's time that our reading took in the last minute, erring upwards; 0.01 = 1 %. */
      databaseShare: z.number().nullable(),
      /** Indexes on the plan table beside Dynflow's own, each by its columns (`state, started_at`): they make lists cheap. */
      indexes: z.array(z.string()),
    }),
  ),
});

const sortKey = z.enum([
  "startedAt",
  "endedAt",
  "label",
  "state",
  "result",
  "realTime",
  "executionTime",
  "rootPlanStepId",
  "class",
  "id",
]);
/** `contains` takes no notice of case. */
const textMatch = z.object({ kind: z.enum(["exact", "prefix", "contains"]), text: z.string().min(1).max(500) });
export const planFilter = z.object({
  states: z.array(z.string().max(50)).max(20).default([]),
  results: z.array(z.string().max(50)).max(20).default([]),
  label: textMatch.nullable().default(null),
  /** Class of the root action: also of plans that were never planned, which have no label. */
  rootClass: textMatch.nullable().default(null),
  /** Part of the label, of the root action's class where there is no label, or of the id (`7be1…1b80`, too). */
  anyText: z.string().trim().min(1).max(200).nullable().default(null),
  /** Beginning of an id. */
  idStart: z
    .string()
    .trim()
    .regex(/^[0-9a-f-]{1,36}$/i, "must be the beginning of a plan id")
    .nullable()
    .default(null),
  /** Sub-plans of this plan. */
  callerPlanId: planId.nullable().default(null),
  /** Only plans that no other planned. */
  topLevel: z.boolean().default(false),
  /** World that holds the plan now, by its lock. */
  heldBy: z.string().max(100).nullable().default(null),
  /** `endedAt` in [from, to), ISO text. */
  endedFrom: z.iso.datetime().nullable().default(null),
  endedTo: z.iso.datetime().nullable().default(null),
  /** Ran at least so long, or runs since at least so long. */
  minDurationSec: z.number().min(0).max(1e9).nullable().default(null),
  /** Whether a delayed start is kept of it. */
  delayed: z.boolean().nullable().default(null),
  /** `startedAt` in [from, to), ISO text. */
  startedFrom: z.iso.datetime().nullable().default(null),
  startedTo: z.iso.datetime().nullable().default(null),
  ids: z.array(planId).max(100).default([]),
});
export type PlanFilterInput = z.input<typeof planFilter>;

export const plansInput = z.object({
  source: sourceId,
  filter: planFilter.prefault({}),
  sort: sortKey.default("startedAt"),
  descending: z.boolean().default(true),
  limit: z.number().int().min(1).max(200).default(50),
  /** Beyond a cursor, after so many rows, or so that it ends with the last row. */
  from: z
    .union([
      z.object({ cursor: z.string().max(2_000), direction: z.enum(["next", "previous"]) }),
      z.object({ offset: z.number().int().min(0).max(100_000_000) }),
      z.object({ last: z.literal(true) }),
    ])
    .nullable()
    .default(null),
  /** What is asked for beside each row, at the cost of a read: who planned it, the error of a plan that is not followed. */
  with: z
    .array(z.enum(["caller", "failure"]))
    .max(2)
    .default([]),
});
export type PlansInput = z.input<typeof plansInput>;

export const failureView = z.object({
  stepId: z.number(),
  actionClass: z.string(),
  exceptionClass: z.string(),
  message: maskable(z.string()),
});
export const planRow = z.object({
  id: z.string(),
  label: z.string().nullable(),
  rootActionClass: z.string().nullable(),
  state: z.string(),
  result: z.string(),
  startedAt: z.string().nullable(),
  endedAt: z.string().nullable(),
  realTimeSec: z.number().nullable(),
  executionTimeSec: z.number().nullable(),
  /** From the fold, for unfinished plans it follows. */
  progress: z.number().nullable(),
  failure: failureView.nullable(),
  locked: z.boolean(),
  /** Asked for, and there is one: the plan that planned it. */
  caller: z.object({ planId: z.string(), actionId: z.number().nullable() }).nullable().optional(),
});
export type PlanRowView = z.infer<typeof planRow>;
export const plansOutput = z.object({
  ...observed,
  rows: z.array(planRow),
  previousCursor: z.string().nullable(),
  nextCursor: z.string().nullable(),
  /** What it cost the database, about: whoever asks again waits a multiple of it. */
  tookMs: z.number().optional(),
});

export const countsInput = z.object({ source: sourceId, filter: planFilter.prefault({}) });
export const countsOutput = z.object({
  ...observed,
  counts: z.array(z.object({ state: z.string(), result: z.string(), count: z.number() })),
  total: z.number(),
  /** It was given up: `counts` and `total` say nothing. */
  tooSlow: z.boolean().optional(),
});

/** A flow as a tree; `unreadable` where the blob did not decode. */
export type FlowView =
  | { readonly kind: "step"; readonly stepId: number }
  | { readonly kind: "sequence"; readonly flows: readonly FlowView[] }
  | { readonly kind: "concurrence"; readonly flows: readonly FlowView[] };
export const flowView: z.ZodType<FlowView> = z.lazy(() =>
  z.union([
    z.object({ kind: z.literal("step"), stepId: z.number() }),
    z.object({ kind: z.literal("sequence"), flows: z.array(flowView) }),
    z.object({ kind: z.literal("concurrence"), flows: z.array(flowView) }),
  ]),
);
const unreadable = z.object({ unreadable: z.string(), bytes: z.number() });

export const planInput = z.object({ source: sourceId, planId });
export const lockView = z.object({
  class: z.string(),
  id: z.string(),
  ownerId: z.string().nullable(),
  planId: z.string().nullable(),
  worldId: z.string().nullable(),
  clientWorldId: z.string().nullable(),
  requestId: z.string().nullable(),
  seenSince: instant,
  unreadable: z.string().nullable(),
  /** The owner world has no record. */
  orphaned: z.boolean(),
});
export type LockView = z.infer<typeof lockView>;

export const planOutput = z.object({
  ...observed,
  id: z.string(),
  label: z.string().nullable(),
  rootActionClass: z.string().nullable(),
  state: z.string(),
  /** Recomputed from the steps as Ruby does; `N/A` when the plan is invalid. */
  result: z.string(),
  /** As stored in the row: it may lag while the plan runs. */
  storedResult: z.string(),
  valid: z.boolean(),
  invalidReason: z.string().nullable(),
  startedAt: z.string().nullable(),
  endedAt: z.string().nullable(),
  realTimeSec: z.number().nullable(),
  executionTimeSec: z.number().nullable(),
  progress: z.number(),
  runFlow: z.union([flowView, unreadable]),
  finalizeFlow: z.union([flowView, unreadable]),
  stepCount: z.number(),
  /**
   * 5,000 steps or more: the flows come by `flows`, the steps by `stepsCompact`, and `steps` answers only the first, the
   * failed and the moving ones.
   */
  large: z.boolean().optional(),
  /** The first failed step in order of the flows: what the page opens on. */
  firstFailedStepId: z.number().nullable(),
  delayed: z
    .object({
      startAt: z.string().nullable(),
      startBefore: z.string().nullable(),
      frozen: z.boolean(),
      serializer: z.string(),
      args: maskable(z.unknown()),
    })
    .nullable(),
  blockedBy: z.array(z.string()),
  blocks: z.array(z.string()),
  subPlanIds: z.array(z.string()),
  caller: z.object({ planId: z.string(), actionId: z.number().nullable() }).nullable(),
  locks: z.array(lockView),
  /** Whether resume is possible now, and if not, why. */
  resume: z.object({ possible: z.boolean(), reasons: z.array(z.string()) }),
});
export type PlanOutput = z.infer<typeof planOutput>;

export const stepView = z.object({
  id: z.number(),
  phase: z.enum(["plan", "run", "finalize", "unknown"]),
  class: z.string(),
  state: z.string(),
  actionId: z.number(),
  actionClass: z.string(),
  queue: z.string().nullable(),
  startedAt: z.string().nullable(),
  endedAt: z.string().nullable(),
  realTimeSec: z.number().nullable(),
  executionTimeSec: z.number().nullable(),
  progressDone: z.number().nullable(),
  progressWeight: z.number().nullable(),
  /** Class of its exception, `null` without error; message and backtrace come with `action`. */
  exceptionClass: z.string().nullable(),
  unreadable: z.string().nullable(),
});
export type StepView = z.infer<typeof stepView>;
export const stepsOutput = z.object({
  ...observed,
  steps: z.array(stepView),
  unlistedStepIds: z.array(z.number()),
  /** These are only the first, the failed and the moving ones: all come by `stepsCompact`. */
  large: z.boolean().optional(),
});

export const historyOutput = z.object({
  ...observed,
  entries: z.array(z.object({ at: instant, name: z.string(), worldId: z.string().nullable() })),
  unreadable: z.string().nullable(),
});

export const actionInput = z.object({ source: sourceId, planId, stepId: z.number().int().min(0) });
const payload = z.union([z.object({ value: z.unknown() }), unreadable]);
export const actionOutput = z.object({
  ...observed,
  step: stepView,
  error: maskable(
    z.object({ exceptionClass: z.string(), message: z.string(), backtrace: z.array(z.string()) }).nullable(),
  ),
  input: maskable(payload),
  output: maskable(payload),
  inputBytes: z.number(),
  outputBytes: z.number(),
  chunks: maskable(
    z.array(z.object({ id: z.number(), kind: z.string().nullable(), timestamp: z.string(), chunk: payload })),
  ),
  chunksCut: z.boolean(),
});
export type ActionOutput = z.infer<typeof actionOutput>;

export const resumeInput = z.object({
  source: sourceId,
  planId,
  /** What the operator saw. */
  expectedState: z.string().max(50),
  expectedFailedStepId: z.number().int().nullable(),
  reason,
  requestId,
});
export const resumeOutput = mutationResult;

const stepIds = z.array(z.number().int().min(0)).max(2_000);
const planTouch = z.object({
  ...observed,
  state: z.string(),
  /** Why it cannot be done now; empty = it can. */
  refusals: z.array(z.string()),
});

export const skipPreviewInput = z.object({
  source: sourceId,
  planId,
  /** Failed steps; empty = all that failed. */
  stepIds: stepIds.default([]),
});
/** What a skip would write, step by step in Dynflow's own order. */
export const skipPreviewOutput = planTouch.extend({
  stepIds: z.array(z.number()),
  changes: z.array(
    z.object({ stepId: z.number(), actionClass: z.string(), from: z.string(), to: z.enum(["skipping", "skipped"]) }),
  ),
});
export type SkipPreview = z.infer<typeof skipPreviewOutput>;
export const skipInput = z.object({
  source: sourceId,
  planId,
  expectedState: z.string().max(50),
  stepIds: stepIds.min(1),
  /** Every step that the preview named. */
  expectedStepIds: stepIds.min(1),
  /** Resumes the plan once the skip is written: an operation of its own, with this id. */
  resumeRequestId: requestId.nullable().default(null),
  reason,
  requestId,
});
export const skipOutput = mutationResult.extend({
  /** What became of the resume; `null` = none was asked for, or the skip was not certain. */
  resume: mutationResult.nullable(),
});

/** What a cancel would be sent to, or that the plan is only scheduled. */
export const cancelPreviewOutput = planTouch.extend({
  steps: z.array(
    z.object({
      stepId: z.number(),
      actionClass: z.string(),
      state: z.string(),
      /** Why its class is taken for cancellable; `null` = nothing says so, and a cancel may destroy it. */
      cancellable: z.enum(["sub-plans", "configured"]).nullable(),
    }),
  ),
  /** The executor that would be told; `null` = any that answers. */
  executorId: z.string().nullable(),
  scheduled: z.boolean(),
});
export type CancelPreview = z.infer<typeof cancelPreviewOutput>;
export const cancelInput = z.object({
  source: sourceId,
  planId,
  expectedState: z.string().max(50),
  /** The steps that the preview named and the cancel goes to; empty for a scheduled plan. */
  expectedStepIds: stepIds,
  /** Sent also to steps whose class nothing says is cancellable. */
  force: z.boolean().default(false),
  reason,
  requestId,
});
export const cancelOutput = mutationResult;

/** Plans of one job at most. */
export const BULK_PLANS_MAX = 10_000;
export const bulkVerb = z.enum(["resume", "skip", "cancel", "abort", "halt"]);
export const bulkPreviewInput = z.object({
  source: sourceId,
  verb: bulkVerb,
  /** These plans, or all that a filter finds. */
  target: z.union([z.object({ ids: z.array(planId).min(1).max(BULK_PLANS_MAX) }), z.object({ filter: planFilter })]),
});
export type BulkPreviewInput = z.input<typeof bulkPreviewInput>;
export const bulkPreviewOutput = z.object({
  ...observed,
  /** Names this preview, which the server keeps for `keptMs`: starting it acts on exactly these plans. */
  token: z.string(),
  keptMs: z.number(),
  /** Plans that would be acted on. */
  total: z.number(),
  /** Most plans whoever asks may act on in one job. */
  limit: z.number(),
  groups: z.array(z.object({ label: z.string().nullable(), state: z.string(), count: z.number() })),
  /** Plans that are left out, by the reason, with a few of their ids. */
  refused: z.array(z.object({ reason: z.string(), count: z.number(), examples: z.array(z.string()) })),
  /** Every plan that would be acted on, and the state it was seen in. */
  seen: z.array(z.tuple([z.string(), z.string()])),
  /** Start of the oldest of them. */
  oldestStartedAt: z.string().nullable(),
  /** Why nothing can be started now; empty = it can. */
  refusals: z.array(z.string()),
  plansPerSecond: z.object({ default: z.number(), min: z.number(), max: z.number() }),
});
export type BulkPreview = z.infer<typeof bulkPreviewOutput>;
export const BULK_RATE = { default: 2, min: 0.1, max: 20 } as const;
export const bulkStartInput = z.object({
  source: sourceId,
  verb: bulkVerb,
  token: z.string().max(64),
  /** How many plans the operator saw that it would touch. */
  expectedTotal: z.number().int().min(1).max(BULK_PLANS_MAX),
  plansPerSecond: z.number().min(BULK_RATE.min).max(BULK_RATE.max).default(BULK_RATE.default),
  reason,
  requestId,
});
export const bulkStartOutput = z.object({ journalId: z.string(), jobId: z.string() });

export const pingInput = z.object({ source: sourceId, worldId: z.string().max(100), reason, requestId });
export const pingOutput = z.object({
  journalId: z.string(),
  answered: z.boolean(),
  roundTripMs: z.number().nullable(),
});

export const locksInput = z.object({ source: sourceId.optional() });
export const locksOutput = z.object({ ...observed, locks: z.array(lockView.extend({ source: z.string() })) });
