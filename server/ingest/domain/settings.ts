/** What the gateway is told by the configuration, complete: defaults are filled in, names are checked, secrets are read. */
import type { ReceiverOverflow } from "#server/contract/agents.ts";
import type { UpstreamTls } from "#server/kernel/tls.ts";

/** One type of data that agents may send. */
export interface TypeSettings {
  readonly type: string;
  readonly kinds: readonly string[];
  /** Name of the shape that bodies are checked against, such as `system_metrics.v1`; `null` = any object. */
  readonly schema: string | null;
}

/** A secret of the configuration: its text is asked for where a connection is made, and nowhere shown. */
export interface HiddenText {
  reveal(): string;
}

interface QueuedReceiver {
  /** Its name in routes. */
  readonly id: string;
  /** Items that may wait for it. */
  readonly queue: number;
  readonly overflow: ReceiverOverflow;
  /** Items handed over at once, at most. */
  readonly batch: number;
  /** For how long items are gathered for a batch. */
  readonly flushMs: number;
}

export interface LiveViewSettings extends QueuedReceiver {
  readonly use: "live-view";
}

/** Puts items into the console's own journal. */
export interface EventLogSettings extends QueuedReceiver {
  readonly use: "event-log";
}

/** Where a table in ScyllaDB or Cassandra is. */
export interface PointsDatabase {
  /** `host:port` each. */
  readonly contactPoints: readonly string[];
  readonly localDataCenter: string;
  readonly keyspace: string;
  /** Replicas by data centre, with which a missing keyspace is made; `null` = it has to exist. */
  readonly replication: Readonly<Record<string, number>> | null;
  readonly username: string | null;
  readonly password: HiddenText | null;
  /** `null` = in the clear. */
  readonly tls: UpstreamTls | null;
}

export interface ScyllaTableSettings extends QueuedReceiver {
  readonly use: "scylla-table";
  readonly database: PointsDatabase;
  readonly ttlDays: number;
}

export interface SqliteTableSettings extends QueuedReceiver {
  readonly use: "sqlite-table";
  /** Absolute path of the file. */
  readonly path: string;
  readonly ttlDays: number;
}

export interface WebhookSettings extends QueuedReceiver {
  readonly use: "webhook";
  readonly url: string;
  /** Sent as `Authorization: Bearer`; `null` = nothing is sent. */
  readonly token: HiddenText | null;
  readonly timeoutMs: number;
}

/** Figures of items' bodies on `/metrics`. */
export interface PrometheusSettings extends QueuedReceiver {
  readonly use: "prometheus";
  /** Series kept at most; beyond it new ones are dropped and counted. */
  readonly maxSeries: number;
}

export type ReceiverSettings =
  | LiveViewSettings
  | EventLogSettings
  | ScyllaTableSettings
  | SqliteTableSettings
  | WebhookSettings
  | PrometheusSettings;

/** From types and kinds to receivers. */
export interface RouteSettings {
  /** Names of types, or `*` alone for all of them. */
  readonly types: readonly string[];
  /**
   * Empty = every kind of these types. States of agents (`active`, `late`, `inactive`, `left`) stand for the change into
   * them, which no agent sends.
   */
  readonly kinds: readonly string[];
  /** Ids of receivers. */
  readonly to: readonly string[];
}

/** What can change while the gateway runs. */
export interface PipelineSettings {
  readonly types: readonly TypeSettings[];
  readonly receivers: readonly ReceiverSettings[];
  readonly routes: readonly RouteSettings[];
}

export interface IngestLimits {
  /** Of one body or frame, after it was inflated. */
  readonly maxBytes: number;
  /** Items of one call. */
  readonly maxBatch: number;
  /** Calls and frames a second of one token. */
  readonly callsPerToken: number;
  /** Calls and frames a second from one address; an IPv6 /64 counts as one. */
  readonly callsPerAddress: number;
  readonly maxConnections: number;
}

/** Somebody who may open sessions for agents. */
export interface IngestUserSettings {
  readonly name: string;
  readonly password: HiddenText;
  /** Whole agent ids, or beginnings that end in `*`. */
  readonly agents: readonly string[];
  /** Types; empty = all. */
  readonly types: readonly string[];
}

/** A long-lived token by which agents open sessions. */
export interface BootstrapSettings {
  readonly name: string;
  readonly token: HiddenText;
  readonly agents: readonly string[];
  readonly types: readonly string[];
}

export interface IngestSettings extends PipelineSettings {
  /** Of the source; its stream is `ingest:<id>`. */
  readonly id: string;
  readonly title: string;
  readonly listen: {
    readonly host: string;
    /** 0 = any free port. */
    readonly port: number;
    readonly allowedHosts: readonly string[];
    readonly trustedProxies: readonly string[];
  };
  readonly users: readonly IngestUserSettings[];
  readonly bootstrap: readonly BootstrapSettings[];
  /** Key of tokens; `null` = one is made beside the data. */
  readonly key: HiddenText | null;
  readonly inactiveAfterMs: number;
  readonly forgottenAfterHours: number;
  readonly limits: IngestLimits;
  /** `null` = the doors of the older protocol are closed. */
  readonly poa: {
    readonly admins: readonly { readonly name: string; readonly password: HiddenText }[];
    /** Seconds that its tokens live. */
    readonly tokenSeconds: number;
  } | null;
}
