import { z } from "zod";
import { decimalText, incarnationId, instant, observed, sourceId } from "./common.ts";

const actorType = {
  namespace: z.string().max(65_535),
  moduleId: z.number().int().min(-2_147_483_648).max(2_147_483_647),
};
const actorKey = { ...actorType, name: z.string().max(65_535) };

export const clustersInput = z.object({ source: sourceId.optional() });
export const clustersOutput = z.object({
  ...observed,
  clusters: z.array(
    z.object({ source: z.string(), cluster: z.string(), nodes: z.number(), byState: z.record(z.string(), z.number()) }),
  ),
});

export const nodeView = z.object({
  source: z.string(),
  cluster: z.string(),
  incarnation: z.string(),
  node: z.string(),
  createdAt: instant,
  nodeId: decimalText,
  state: z.enum(["observing", "alive", "late", "silent", "gone", "returned"]),
  since: instant,
  evidence: z.string(),
  flags: z.record(z.string(), z.string()),
  silentMs: z.number().nullable(),
  load: z.number().nullable(),
  writeAgeMs: z.number().nullable(),
  /** Keys by type as last counted; `null` = never counted. */
  owned: z
    .object({
      asOf: instant,
      keys: z.number(),
      types: z.array(z.object({ namespace: z.string(), moduleId: z.number(), keys: z.number() })),
    })
    .nullable(),
});
export type NodeView = z.infer<typeof nodeView>;

export const nodesInput = z.object({ source: sourceId.optional(), cluster: z.string().optional() });
export const nodesOutput = z.object({
  ...observed,
  nodes: z.array(nodeView),
  unreadable: z.array(z.object({ source: z.string(), cluster: z.string(), key: z.string(), reason: z.string() })),
});

export const nodeInput = z.object({ source: sourceId, incarnation: incarnationId });

/** One condition of a failover, with its present answer. */
export const releasableReason = z.object({ holds: z.boolean(), text: z.string(), detail: z.string().nullable() });
export const releasable = z.object({
  releasable: z.boolean(),
  /** `presumed` by the database alone; `proven` with evidence from its own machine. */
  certainty: z.enum(["presumed", "proven"]),
  reasons: z.array(releasableReason),
  /** Milliseconds until it would be, when only time is missing; else `null`. */
  readyInMs: z.number().nullable(),
  residualRisk: z.string(),
});
export type ReleasableView = z.infer<typeof releasable>;

export const nodeOutput = z.object({
  ...observed,
  node: nodeView,
  /** Other incarnations under the same node name, newest first. */
  sameName: z.array(z.object({ incarnation: z.string(), state: z.string(), since: instant })),
  releasable,
});

export const typesInput = z.object({ source: sourceId });
export const typesOutput = z.object({
  ...observed,
  types: z.array(z.object({ namespace: z.string(), moduleId: z.number(), module: z.string().nullable() })),
});

export const actorsPageInput = z.object({
  source: sourceId,
  ...actorType,
  prefix: z.string().max(1_000).default(""),
  after: z.string().max(65_535).nullable().default(null),
  limit: z.number().int().min(1).max(200).default(50),
});

export const actorOwner = z.object({
  incarnation: z.string(),
  node: z.string().nullable(),
  /** State of the owner as judged now; `null` = never seen in the `nodes` table. */
  state: z.string().nullable(),
});
export const actorView = z.union([
  z.object({ name: z.string(), owner: actorOwner.nullable(), claimedAt: instant.nullable() }),
  z.object({ unreadable: z.literal(true), key: z.string(), reason: z.string() }),
]);
export type ActorView = z.infer<typeof actorView>;
export const actorsPageOutput = z.object({ ...observed, rows: z.array(actorView), nextAfter: z.string().nullable() });

export const actorInput = z.object({ source: sourceId, ...actorKey });
export const actorOutput = z.object({ ...observed, actor: actorView.nullable() });

export const censusStartInput = z.object({ source: sourceId, incarnation: incarnationId.nullable().default(null) });
export const censusInput = z.object({ source: sourceId, censusId: z.string().max(64) });
export const censusOutput = z.object({
  ...observed,
  censusId: z.string(),
  state: z.enum(["running", "waiting", "paused", "done", "cancelled", "failed"]),
  note: z.string().nullable(),
  startedAt: instant,
  finishedAt: instant.nullable(),
  rows: z.number(),
  unreadableRows: z.number(),
  typesDone: z.number(),
  typesTotal: z.number().nullable(),
  /** Keys of the asked incarnation (or all keys) found so far. */
  keys: z.number(),
  types: z.array(z.object({ namespace: z.string(), moduleId: z.number(), rows: z.number(), keys: z.number() })),
});
export type CensusOutput = z.infer<typeof censusOutput>;
