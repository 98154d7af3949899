/** How the way from a door to the receivers is configured, already checked (`poa-netstats.md` 3.2). */
import type { ReceiverOverflow } from "#server/contract/agents.ts";

/** What a type of data may hold. */
export interface TypeSettings {
  readonly type: string;
  /** Empty = any. */
  readonly kinds: readonly string[];
  /** Name of a built-in schema (`domain/body-schemas.ts`); `null` = any object. */
  readonly schema: string | null;
}

interface ReceiverQueue {
  readonly id: string;
  /** Items that may wait. */
  readonly queue: number;
  readonly overflow: ReceiverOverflow;
  /** Items handed over at once, at most. */
  readonly batch: number;
  /** How long fewer than `batch` items wait for more. */
  readonly flushMs: number;
  /** A call that takes longer has failed. */
  readonly timeoutMs: number;
  /** Attempts before a list that the receiver refuses goes to the dead letters. */
  readonly tries: number;
}

export interface ScyllaTableSettings {
  readonly contactPoints: readonly string[];
  readonly localDataCenter: string;
  readonly keyspace: string;
  readonly credentials: { readonly username: string; readonly password: string } | null;
  /** Copies by data centre for a keyspace that has to be made; `null` = it has to exist. */
  readonly replication: Readonly<Record<string, number>> | null;
  readonly ttlDays: number;
}

export interface WebhookSettings {
  readonly url: string;
  /** Key of the signature; `null` = unsigned. */
  readonly secret: string | null;
}

export type ReceiverSettings = ReceiverQueue &
  (
    | { readonly use: "live-view" }
    | { readonly use: "event-log" }
    | { readonly use: "prometheus" }
    | { readonly use: "sqlite-table"; readonly ttlDays: number }
    | { readonly use: "scylla-table"; readonly scylla: ScyllaTableSettings }
    | { readonly use: "webhook"; readonly webhook: WebhookSettings }
  );

export interface RouteSettings {
  /** `*` = every type. */
  readonly types: readonly string[];
  /** Empty = every kind; `inactive` and `active` are changes of agents. */
  readonly kinds: readonly string[];
  /** Ids of receivers. */
  readonly to: readonly string[];
}

export interface PipelineSettings {
  readonly types: readonly TypeSettings[];
  readonly receivers: readonly ReceiverSettings[];
  readonly routes: readonly RouteSettings[];
  readonly inactiveAfterMs: number;
  /** The doors of older agents are open. */
  readonly poa: boolean;
  readonly spool: {
    /** Bytes that may wait on disk, of all receivers together. */
    readonly maxBytes: number;
  };
}

/** What holds where the configuration says nothing. */
export const RECEIVER_DEFAULTS = {
  queue: 20_000,
  batch: 100,
  flushMs: 500,
  timeoutMs: 15_000,
  tries: 5,
  ttlDays: 30,
} as const;

export const SPOOL_MAX_BYTES = 512 * 1024 * 1024;

/** Types and kinds that agents of 2018 send, and this host's own. */
export const DEFAULT_TYPES: readonly TypeSettings[] = [
  { type: "system_metrics", kinds: ["statistics"], schema: "system_metrics.v1" },
  { type: "networking_metrics", kinds: ["latency"], schema: "networking_metrics.v1" },
  {
    type: "ethereum_metrics",
    kinds: ["information", "block", "history", "pending", "statistics"],
    schema: "ethereum_metrics.v1",
  },
];

const queueOf = (id: string): Omit<ReceiverQueue, "overflow"> => ({
  id,
  queue: RECEIVER_DEFAULTS.queue,
  batch: RECEIVER_DEFAULTS.batch,
  flushMs: RECEIVER_DEFAULTS.flushMs,
  timeoutMs: RECEIVER_DEFAULTS.timeoutMs,
  tries: RECEIVER_DEFAULTS.tries,
});

/** A gateway of which nothing is configured: shown live and kept on this machine. */
export const DEFAULT_PIPELINE: PipelineSettings = {
  types: DEFAULT_TYPES,
  receivers: [
    { ...queueOf("live"), use: "live-view", overflow: "keep-latest", queue: 1_000, flushMs: 0 },
    { ...queueOf("store"), use: "sqlite-table", overflow: "block", ttlDays: RECEIVER_DEFAULTS.ttlDays },
    { ...queueOf("log"), use: "event-log", overflow: "block", queue: 5_000 },
  ],
  routes: [
    { types: ["*"], kinds: [], to: ["live"] },
    { types: ["*"], kinds: ["inactive", "active"], to: ["live", "log"] },
    { types: ["system_metrics", "networking_metrics"], kinds: [], to: ["store"] },
  ],
  inactiveAfterMs: 7_000,
  poa: false,
  spool: { maxBytes: SPOOL_MAX_BYTES },
};
