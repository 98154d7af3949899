import type { UpstreamTls } from "#server/kernel/tls.ts";
import type { IngestConfiguration } from "./ingest-model.ts";
import type { Secret } from "./secret.ts";

/** The configuration as the rest of the console sees it: parsed, complete, frozen; secrets only behind `Secret`. */
export interface Configuration {
  /** Absolute path of the file; `null` = none was given, everything is default. */
  readonly file: string | null;
  readonly listen: ListenConfiguration;
  readonly journal: JournalConfiguration;
  readonly auth: { readonly mode: "none" | "tokens" };
  /** Nothing is ever sent, and nobody can lift that. */
  readonly readOnly: boolean;
  readonly approvals: {
    /** Whether a whole-node action takes a second person. */
    readonly wholeNode: boolean;
    readonly minutes: number;
  };
  readonly limits: LimitsConfiguration;
  /** Values of keys that contain one of these, in any case, are masked until they are revealed. */
  readonly masks: readonly string[];
  readonly links: readonly LinkConfiguration[];
  readonly loadBalancer: { readonly title: string; readonly regions: readonly string[] };
  /** Every region that a source names, in the order of the file. */
  readonly regions: readonly RegionConfiguration[];
  readonly dna: readonly DnaSourceConfiguration[];
  readonly dynflow: readonly DynflowSourceConfiguration[];
  readonly haf: readonly HafSourceConfiguration[];
  /** The gateway that agents send to; `null` = closed (in the demo it is opened all the same). */
  readonly ingest: IngestConfiguration | null;
  /** Whom findings are told. */
  readonly alerts: readonly AlertSinkConfiguration[];
  /** Set exactly when there is no real source: the embedded demo runs then. */
  readonly demo: { readonly speed: number } | null;
}

export interface AlertSinkConfiguration {
  readonly id: string;
  readonly title: string;
  /** It may hold a token. */
  readonly url: Secret;
  readonly key: Secret | null;
  /** Empty = all. */
  readonly kinds: readonly string[];
  readonly least: "attention" | "failed";
  readonly sources: readonly string[];
  readonly settleMs: number;
  /** `null` = no sign of life is sent. */
  readonly aliveEveryMs: number | null;
}

export interface ListenConfiguration {
  readonly host: string;
  /** 0 = any free port. */
  readonly port: number;
  /** Scheme, host and port under which browsers reach the console, without a slash at the end. */
  readonly publicOrigin: string | null;
  /** Host names without port that requests may be addressed to, besides the loopback names. */
  readonly allowedHosts: readonly string[];
  /** Addresses of proxies whose `X-Forwarded-For` is believed. */
  readonly trustedProxies: readonly string[];
}

export interface JournalConfiguration {
  readonly store: "sqlite" | "scylla";
  /** Absolute path of the folder that holds what this console keeps for itself, and the journal when it is SQLite's. */
  readonly path: string;
  /** Where the journal is, exactly when `store` is `scylla`. */
  readonly scylla: ScyllaJournalConfiguration | null;
  readonly keepDays: number;
  readonly keepOperatorDays: number;
  readonly maxBytes: number;
  /** Events kept of what was seen; `null` = no bound. */
  readonly keepEvents: number | null;
  /** Key of the audit chain; `null` = one is made beside the journal, which is never so with `scylla`. */
  readonly key: Secret | null;
}

export interface ScyllaJournalConfiguration {
  readonly contactPoints: readonly string[];
  readonly localDataCenter: string;
  readonly keyspace: string;
  /** Replicas by data centre for a keyspace that has to be made; `null` = it has to exist. */
  readonly replication: Readonly<Record<string, number>> | null;
  readonly username: string | null;
  readonly password: Secret | null;
  /** `null` = in the clear. */
  readonly tls: UpstreamTls | null;
}

export interface LimitsConfiguration {
  /** Minutes for which a plan of an action class (with `*`) may wait suspended before it needs a person. */
  readonly suspendedMinutes: Readonly<Record<string, number>>;
  /** Targets that an operator may act on at once; above it takes an admin. */
  readonly bulkOperator: number;
  /** Rows of the register that a census reads in a second at most. */
  readonly census: { readonly rowsPerSecond: number };
  readonly failover: {
    readonly roundsPerSecond: number;
    readonly keysPerRound: number;
    /** Conditional rounds in flight at once in one partition of the register. */
    readonly inFlightPerPartition: number;
  };
}

export interface LinkConfiguration {
  readonly title: string;
  readonly on: LinkTarget;
  /** http(s) address with `{planId}` and the like, each encoded where it stands. */
  readonly url: string;
}
export const LINK_TARGETS = ["dynflow.plan", "dynflow.step", "dynflow.world", "dna.node", "dna.actor"] as const;
export type LinkTarget = (typeof LINK_TARGETS)[number];

export interface RegionConfiguration {
  readonly id: string;
  readonly title: string;
}

export interface DnaSourceConfiguration {
  readonly id: string;
  readonly region: string;
  readonly title: string;
  /** Value of `nodes.cluster`; `null` = every value found in the table. */
  readonly cluster: string | null;
  readonly scylla: {
    readonly contactPoints: readonly string[];
    readonly localDataCenter: string;
    readonly keyspace: string;
    readonly username: string | null;
    readonly password: Secret | null;
    /** `null` = in the clear. */
    readonly tls: UpstreamTls | null;
  };
  /** Names of actor modules by `module_id`. */
  readonly modules: Readonly<Record<string, string>>;
  readonly act: boolean;
  /** `null` = the nodes themselves are not asked. */
  readonly beam: BeamConfiguration | null;
}

/** Access to the nodes of a DNA cluster. */
export interface BeamConfiguration {
  readonly name: string;
  readonly cookie: Secret;
  /** Whether texts may be evaluated on nodes. */
  readonly evaluate: boolean;
  readonly reach:
    | { readonly kind: "epmd"; readonly port: number }
    /** No port mapper: every node listens on this port. */
    | { readonly kind: "fixed"; readonly port: number };
  /** PEM texts; `null` = plain TCP. */
  readonly tls: {
    readonly ca: Secret;
    readonly certificate: Secret | null;
    readonly key: Secret | null;
    readonly checkHost: boolean;
  } | null;
}

export interface DynflowSourceConfiguration {
  readonly id: string;
  readonly region: string;
  readonly title: string;
  readonly database:
    | {
        readonly kind: "postgres" | "mysql";
        readonly url: string;
        readonly password: Secret | null;
        /** `null` = in the clear. */
        readonly tls: UpstreamTls | null;
      }
    | { readonly kind: "sqlite"; readonly path: string };
  /** Release of Dynflow as the operator states it; the schema's version is read from the database all the same. */
  readonly release: string | null;
  readonly act: boolean;
  /** Action classes, with `*`, that are known to support cancel. */
  readonly cancellable: readonly string[];
}

export interface HafSourceConfiguration {
  readonly id: string;
  readonly region: string;
  readonly title: string;
  readonly url: string;
  readonly password: Secret | null;
  /** Of the database; `null` = in the clear. */
  readonly tls: UpstreamTls | null;
  /** In the order in which they are meant to be set up; empty = as they are found. */
  readonly apps: readonly string[];
  /** `null` = its containers are not looked at. */
  readonly docker: HafDockerConfiguration | null;
}

export interface HafDockerConfiguration {
  readonly engine:
    | { readonly kind: "socket"; readonly path: string }
    | { readonly kind: "tcp"; readonly url: string; readonly tls: UpstreamTls | null };
  /** Value of the label `com.docker.compose.project`. */
  readonly project: string;
}
