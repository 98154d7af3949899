import type { UpstreamTls } from "#server/kernel/tls.ts";
import type { OVERFLOW_NAMES, RECEIVER_USE_NAMES } from "./ingest-schema.ts";
import type { Secret } from "./secret.ts";

export type OverflowName = (typeof OVERFLOW_NAMES)[number];
export type ReceiverUseName = (typeof RECEIVER_USE_NAMES)[number];

interface QueuedConfiguration {
  readonly id: string;
  readonly queue: number;
  readonly overflow: OverflowName;
  readonly batch: number;
  readonly flushMs: number;
}

export type ReceiverConfiguration = QueuedConfiguration &
  (
    | { readonly use: "live-view" | "event-log" }
    | { readonly use: "scylla-table"; readonly database: PointsDatabaseConfiguration; readonly ttlDays: number }
    | { readonly use: "sqlite-table"; readonly path: string; readonly ttlDays: number }
    | { readonly use: "webhook"; readonly url: string; readonly token: Secret | null; readonly timeoutMs: number }
    | { readonly use: "prometheus"; readonly maxSeries: number }
  );

export interface PointsDatabaseConfiguration {
  readonly contactPoints: readonly string[];
  readonly localDataCenter: string;
  readonly keyspace: string;
  readonly replication: Readonly<Record<string, number>> | null;
  readonly username: string | null;
  readonly password: Secret | null;
  /** `null` = in the clear. */
  readonly tls: UpstreamTls | null;
}

/** The gateway, complete. */
export interface IngestConfiguration {
  readonly id: string;
  readonly title: string;
  readonly listen: {
    readonly host: string;
    readonly port: number;
    readonly allowedHosts: readonly string[];
    readonly trustedProxies: readonly string[];
  };
  readonly users: readonly {
    readonly name: string;
    readonly password: Secret;
    readonly agents: readonly string[];
    readonly types: readonly string[];
  }[];
  readonly bootstrap: readonly {
    readonly name: string;
    readonly token: Secret;
    readonly agents: readonly string[];
    readonly types: readonly string[];
  }[];
  /** Signs session tokens; `null` = one is made beside the journal. */
  readonly key: Secret | null;
  readonly types: readonly {
    readonly type: string;
    readonly kinds: readonly string[];
    readonly schema: string | null;
  }[];
  readonly receivers: readonly ReceiverConfiguration[];
  readonly routes: readonly {
    readonly types: readonly string[];
    readonly kinds: readonly string[];
    readonly to: readonly string[];
  }[];
  readonly inactiveAfterMs: number;
  readonly forgottenAfterHours: number;
  readonly limits: {
    readonly maxBytes: number;
    readonly maxBatch: number;
    readonly callsPerToken: number;
    readonly callsPerAddress: number;
    readonly maxConnections: number;
  };
  /** `null` = closed. */
  readonly poa: {
    readonly admins: readonly { readonly name: string; readonly password: Secret }[];
    readonly tokenSeconds: number;
  } | null;
}
