import { z } from "zod";
import { incarnationId, instant, mutationResult, observed, reason, requestId, sourceId } from "./common.ts";
import { actorInput, actorsPageInput, actorView } from "./dna.ts";

/** The way a message to a key would take now, over the nodes and edges of `contract/diagram/request-path`. */
export const explainInput = actorInput.extend({
  /** The incarnation at whose node the message arrives; `null` = any healthy one but the owner. */
  entry: incarnationId.nullable().default(null),
});
export const explainOutput = z.object({
  ...observed,
  actor: actorView.nullable(),
  end: z.enum(["deliver", "start", "forward", "claim", "replace", "halt", "crash", "unknown"]),
  sentence: z.string(),
  nodes: z.array(z.string()),
  edges: z.array(z.object({ id: z.string(), note: z.string().nullable() })),
  /** Edges that the last step may take instead, e.g. back to the start when a claim is lost. */
  possible: z.array(z.string()),
  assumptions: z.array(z.string()),
  /** What is wrong at the entry node itself: it goes by another owner than the register's. */
  warning: z.string().nullable(),
  /** The chosen entry node. */
  entry: z
    .object({
      incarnation: z.string(),
      node: z.string().nullable(),
      /** It told of its cache, its peers and its registry. */
      asked: z.boolean(),
      /** Why it was not asked; `null` when it was. */
      missing: z.string().nullable(),
    })
    .nullable(),
});
export type ExplainOutput = z.infer<typeof explainOutput>;

export const liveInput = actorInput;
/** What the owner's node says of the key's instance. */
export const actorLive = z.discriminatedUnion("kind", [
  /** Nobody can be asked: no owner, or no access to the nodes. */
  z.object({
    kind: z.literal("off"),
    reason: z.string(),
    /** It is the access to the nodes that is not configured. */
    noAccess: z.boolean(),
  }),
  z.object({ kind: z.literal("unreachable"), node: z.string(), reason: z.string() }),
  /** The node is another incarnation by now. */
  z.object({ kind: z.literal("other"), node: z.string(), incarnation: z.string() }),
  z.object({ kind: z.literal("absent"), node: z.string(), incarnation: z.string() }),
  z.object({
    kind: z.literal("running"),
    node: z.string(),
    incarnation: z.string(),
    partition: z.number(),
    /** Names this life of the process. */
    ref: z.string(),
    /** `busy` = inside a callback: it answers nobody until that ends. */
    phase: z.enum(["initialising", "idle", "pending_storage", "busy", "not-read"]),
    /** Accepted events not handled yet; `null` = it could not be asked. */
    buffered: z.number().nullable(),
    mailbox: z.number(),
    memoryBytes: z.number(),
    reductions: z.number().nullable(),
    status: z.string().nullable(),
    currentFunction: z.string().nullable(),
  }),
]);
export type ActorLive = z.infer<typeof actorLive>;
export const liveOutput = z.object({
  ...observed,
  /** When the owner was last written, by the database's clock. */
  ownerWrittenAt: instant.nullable(),
  live: actorLive,
  /** Short texts may be evaluated on the nodes. */
  evaluate: z.boolean(),
  /** Set when the key was found running on several nodes. */
  doubled: z
    .object({
      since: instant,
      evidence: z.string(),
      instances: z.array(z.object({ incarnation: z.string().nullable(), node: z.string() })),
    })
    .nullable(),
});
export type LiveOutput = z.infer<typeof liveOutput>;

/** Nodes that are asked about one key at once. */
export const ASKED_NODES_MAX = 64;
export const onNodesInput = actorInput;
export const onNodesOutput = z.object({
  ...observed,
  nodes: z.array(
    z.object({
      incarnation: z.string(),
      node: z.string(),
      owner: z.boolean(),
      /** `null` = it did not tell. */
      runs: z.boolean().nullable(),
      partition: z.number().nullable(),
      cached: z
        .object({
          incarnation: z.string(),
          node: z.string().nullable(),
          ttlMs: z.number().nullable(),
          differs: z.boolean(),
        })
        .nullable(),
      /** Why it did not tell. */
      missing: z.string().nullable(),
    }),
  ),
  /** Living nodes that were not asked, beyond `ASKED_NODES_MAX`. */
  notAsked: z.number(),
});
export type OnNodesOutput = z.infer<typeof onNodesOutput>;

/** Keys of storage are any bytes: base64 on the wire. */
const bytes = z.string().max(90_000);
export const storageInput = actorInput.extend({
  after: bytes.nullable().default(null),
  limit: z.number().int().min(1).max(200).default(50),
});
export const storageRow = z.union([
  z.object({
    /** Base64. */
    key: z.string(),
    /** The key as text, where it is some. */
    text: z.string().nullable(),
    size: z.number().nullable(),
    writtenAt: instant.nullable(),
  }),
  z.object({ unreadable: z.literal(true), key: z.string(), reason: z.string() }),
]);
export type StorageRowView = z.infer<typeof storageRow>;
export const storageOutput = z.object({ ...observed, rows: z.array(storageRow), nextAfter: z.string().nullable() });

/** Bytes of one value that are handed over. */
export const STORAGE_VALUE_MAX_BYTES = 262_144;
export const storageValueInput = actorInput.extend({ key: bytes });
export const storageValueOutput = z.object({
  ...observed,
  /** `null` = there is no such entry, or no value in it. */
  value: z
    .union([
      z.object({
        form: z.enum(["json", "text", "bytes"]),
        bytes: z.number(),
        writtenAt: instant.nullable(),
        /** Of JSON, with what the masks hide replaced. */
        json: z.unknown(),
        /** Of text, likewise. */
        text: z.string().nullable(),
        /** Base64 of the bytes; `null` = withheld. */
        base64: z.string().nullable(),
        /** Why the bytes are not shown. */
        withheld: z.string().nullable(),
      }),
      z.object({ tooLarge: z.literal(true), bytes: z.number(), maxBytes: z.number() }),
    ])
    .nullable(),
});
export type StorageValueOutput = z.infer<typeof storageValueOutput>;

export const stopPreviewInput = actorInput;
export const stopPreviewOutput = z.object({
  ...observed,
  live: actorLive,
  owner: z.object({ incarnation: z.string(), node: z.string().nullable() }).nullable(),
  /** Why it cannot be stopped at all; empty = it can. */
  refusals: z.array(z.string()),
  /** Why it cannot be stopped safely, though by force; empty = it can. */
  safeRefusals: z.array(z.string()),
  /** What a stop by force loses now, in words. */
  loss: z.string(),
});
export type StopPreviewOutput = z.infer<typeof stopPreviewOutput>;

export const stopInput = actorInput.extend({
  /** What the operator saw. */
  expectedOwner: incarnationId,
  expectedRef: z.string().min(1).max(200),
  force: z.boolean(),
  /** What a stop by force was seen to lose; recorded. */
  expectedBuffered: z.number().int().min(0).nullable().default(null),
  expectedMailbox: z.number().int().min(0).nullable().default(null),
  reason,
  requestId,
});
export const stopOutput = mutationResult.extend({ outcome: z.enum(["stopped", "busy", "moved", "unknown"]) });
export type StopOutput = z.infer<typeof stopOutput>;

/** All instances of a partition or a type on one node; neither = all of the node. */
export const stopManyPreviewInput = z.object({
  source: sourceId,
  incarnation: incarnationId,
  partition: z.number().int().min(0).max(1_023).nullable().default(null),
  type: z
    .object({ namespace: actorsPageInput.shape.namespace, moduleId: actorsPageInput.shape.moduleId })
    .nullable()
    .default(null),
});
export const stopManyPreviewOutput = z.object({
  ...observed,
  node: z.string(),
  /** Names the frozen targets for `stopMany`; `null` when nothing can be stopped. */
  token: z.string().nullable(),
  /** Fingerprint of what was listed: the same list has the same, whoever looks. */
  list: z.string().regex(/^[0-9a-f]{64}$/),
  total: z.number(),
  byPartition: z.array(z.object({ partition: z.number(), count: z.number() })),
  byType: z.array(z.object({ namespace: z.string(), moduleId: z.number(), count: z.number() })),
  mailbox: z.number(),
  memoryBytes: z.number(),
  perSecond: z.number(),
  refusals: z.array(z.string()),
  safeRefusals: z.array(z.string()),
});
export type StopManyPreviewOutput = z.infer<typeof stopManyPreviewOutput>;
export const stopManyInput = z.object({
  source: sourceId,
  token: z.string().min(1).max(64),
  expectedTotal: z.number().int().min(1),
  force: z.boolean(),
  reason,
  requestId,
});
export const stopManyOutput = z.object({ journalId: z.string(), jobId: z.string() });
