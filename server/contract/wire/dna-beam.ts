import { z } from "zod";
import { incarnationId, instant, observed, sourceId } from "./common.ts";

const actorType = {
  namespace: z.string().max(65_535),
  moduleId: z.number().int().min(-2_147_483_648).max(2_147_483_647),
};
const actorKey = { ...actorType, name: z.string().max(65_535) };
const of = { source: sourceId, incarnation: incarnationId };
const partitionIndex = z.number().int().min(0).max(1_023);

/** Most instances of one page of a partition, and of one list of the largest. */
export const INSTANCES_MAX = 5_000;
export const TOP_MAX = 50;

export const beamNodeInput = z.object(of);

export const beamVitals = z.object({
  processes: z.number(),
  processLimit: z.number(),
  atoms: z.number(),
  atomLimit: z.number(),
  runQueue: z.number(),
  schedulersOnline: z.number(),
  memoryBytes: z.object({
    total: z.number(),
    processes: z.number(),
    binary: z.number(),
    ets: z.number(),
    atom: z.number(),
  }),
  uptimeMs: z.number(),
});

export const beamPartition = z.object({
  index: z.number(),
  alive: z.boolean(),
  /** `null` = its registry is not there. */
  running: z.number().nullable(),
});

/** What an incarnation's node tells of itself, each with the instant it was told. Nothing is asked for it but `abilities`. */
export const beamNodeOutput = z.object({
  ...observed,
  node: z.string(),
  /** Whether access to the nodes of this source is configured at all. */
  configured: z.boolean(),
  /** Whether short constant texts may be evaluated on nodes. */
  evaluate: z.boolean(),
  /** `null` = not configured. */
  link: z
    .object({
      state: z.enum(["idle", "connected", "unreachable", "refused"]),
      reason: z.string().nullable(),
      /** How long asking again is refused without trying. */
      retryInMs: z.number().nullable(),
    })
    .nullable(),
  /** Which incarnation answers at the address; `null` = nobody has answered. What follows is of this one. */
  identity: z.string().nullable(),
  identityAt: instant.nullable(),
  /** What the machine proves about the incarnation that was asked for. */
  verdict: z.object({ kind: z.enum(["not-configured", "unknown", "alive", "dead"]), detail: z.string().nullable() }),
  /** Why the last question was not answered; `null` = it was. */
  failure: z.string().nullable(),
  abilities: z
    .object({
      otpRelease: z.string(),
      elixir: z.string().nullable(),
      missing: z.array(z.object({ ability: z.string(), reason: z.string() })),
    })
    .nullable(),
  partitions: z.array(beamPartition).nullable(),
  partitionsAt: instant.nullable(),
  running: z.number().nullable(),
  vitals: beamVitals.nullable(),
  vitalsAt: instant.nullable(),
  /** Since its own last finished refresh; `null` = not told, or it never refreshed. */
  lastRefreshMs: z.number().nullable(),
  refreshAt: instant.nullable(),
});
export type BeamNodeOutput = z.infer<typeof beamNodeOutput>;

export const beamInstance = z.object({
  ...actorKey,
  partition: z.number(),
  /** Good for one life of the process. */
  ref: z.string(),
});

export const beamPartitionInput = z.object({
  ...of,
  partition: partitionIndex,
  type: z.object(actorType).nullable().default(null),
  prefix: z.string().max(1_000).default(""),
  limit: z.number().int().min(1).max(INSTANCES_MAX).default(1_000),
});
export const beamPartitionOutput = z.object({
  ...observed,
  /** In no order that means anything. */
  instances: z.array(
    beamInstance.extend({
      /** `null` = it ended while it was looked at. */
      process: z
        .object({
          memoryBytes: z.number(),
          mailbox: z.number(),
          status: z.string(),
          currentFunction: z.string().nullable(),
        })
        .nullable(),
    }),
  ),
  more: z.boolean(),
});
export type BeamPartitionOutput = z.infer<typeof beamPartitionOutput>;

export const beamTopInput = z.object({
  ...of,
  /** `null` = of the whole node. */
  partition: partitionIndex.nullable().default(null),
  limit: z.number().int().min(1).max(TOP_MAX).default(20),
});
export const beamTopOutput = z.object({
  ...observed,
  entries: z.array(
    beamInstance.extend({
      phase: z.string().nullable(),
      buffered: z.number().nullable(),
      mailbox: z.number(),
      memoryBytes: z.number(),
      /** Buffer and mailbox together; `null` = its buffer could not be read, and the mailbox alone is not the backlog. */
      backlog: z.number().nullable(),
    }),
  ),
  /** How they were found. */
  found: z.enum(["on the node", "largest by mailbox and memory"]),
  /** Instances among which they were found; `null` = all. */
  among: z.number().nullable(),
});
export type BeamTopOutput = z.infer<typeof beamTopOutput>;

export const beamPeersOutput = z.object({
  ...observed,
  lastRefreshMs: z.number().nullable(),
  unreadable: z.number(),
  peers: z.array(
    z.object({
      incarnation: z.string(),
      node: z.string(),
      local: z.boolean(),
      heartbeat: z.string(),
      lastChangeMs: z.number(),
      load: z.number().nullable(),
      /** What a request handled there would make of it now. */
      verdict: z.enum(["alive", "dead"]),
      /** What we make of it; `null` = we never saw it. */
      ours: z.string().nullable(),
      oursSilentMs: z.number().nullable(),
      /** One of us would take its keys over, the other would not. */
      differs: z.boolean(),
    }),
  ),
  /** Incarnations that we know to beat and that its table does not have: it would find them dead, or crash. */
  unlisted: z.array(z.object({ incarnation: z.string(), node: z.string(), state: z.string() })),
});
export type BeamPeersOutput = z.infer<typeof beamPeersOutput>;

export const beamCachedOwnerInput = z.object({ ...of, ...actorKey });
export const beamCachedOwnerOutput = z.object({
  ...observed,
  /** `null` = it has none, and would ask the database. */
  cached: z
    .object({
      incarnation: z.string(),
      node: z.string().nullable(),
      state: z.string().nullable(),
      /** It is itself. */
      self: z.boolean(),
      ttlMs: z.number().nullable(),
    })
    .nullable(),
  /** Its instance there; `null` = none runs. */
  instance: beamInstance.nullable(),
});
export type BeamCachedOwnerOutput = z.infer<typeof beamCachedOwnerOutput>;

export const beamDoublesInput = z.object({ source: sourceId });
/** How doubled actors are looked for, and what the last walk over the registries covered. Those found are in the fold. */
export const beamDoublesOutput = z.object({
  ...observed,
  configured: z.boolean(),
  /** `null` = no walk was finished yet. */
  coverage: z
    .object({
      startedAt: instant,
      finishedAt: instant,
      nodes: z.number(),
      instances: z.number(),
      slices: z.number(),
      missed: z.array(z.object({ node: z.string(), reason: z.string() })),
    })
    .nullable(),
  /** Nodes that are asked at all, and those of them that answered last. */
  nodesAsked: z.number(),
  nodesAnswering: z.number(),
});
export type BeamDoublesOutput = z.infer<typeof beamDoublesOutput>;
