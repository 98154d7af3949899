/**
 * What is said of a HAF stack: facts for events and fold. JSON-safe; block numbers are safe integers, ids of 64 bit are
 * decimal text. Source of facts: openhive-network/haf@e4fd584f src/hive_fork_manager, haf_api_node@d22ca041.
 */
import type { Maskable } from "#server/contract/event.ts";
import type { EpochMs } from "#server/kernel/clock.ts";
import type { DecimalText } from "#server/kernel/json.ts";

/** `hafd.sync_state`. */
export const HAF_SYNC_STATES = ["START", "WAIT", "REINDEX_WAIT", "REINDEX", "P2P", "LIVE"] as const;
export type HafSyncState = (typeof HAF_SYNC_STATES)[number];

/** Phases of a stack, in the order of the process as it is meant. From `app_sync` on several hold at once. */
export const HAF_PHASES = [
  "not_started",
  "index_building",
  "haf_starting",
  "replay",
  "live_trigger_fired",
  "app_setup",
  "app_sync",
  "app_live_wait",
  "api_serving",
] as const;
export type HafPhase = (typeof HAF_PHASES)[number];

export const HAF_APP_STATES = [
  "missing",
  "installing",
  "installed",
  "indexes_pending",
  "waiting_for_haf",
  "massive",
  "live",
  "lagging",
  "detached",
  "removed",
] as const;
export type HafAppState = (typeof HAF_APP_STATES)[number];

/** Roles of the process: what a container instance is there for. */
export const HAF_ROLES = ["mib", "haf", "live_trigger", "setup", "sync", "detector", "api"] as const;
export type HafRole = (typeof HAF_ROLES)[number];

export const HAF_ROLE_STATES = ["planned", "starting", "alive", "sick", "done", "failed", "destroyed"] as const;
export type HafRoleState = (typeof HAF_ROLE_STATES)[number];

/** One life of one role: `generation` counts from 1 for the same role and app; `app` is `null` for roles of the stack. */
export interface HafRoleRef {
  readonly role: HafRole;
  readonly app: string | null;
  readonly generation: number;
}

/** What the database is and which reads it allows. */
export interface HafDatabaseFacts {
  /** HAF's own version: the git sha of the extension; `null` = not told. */
  readonly version: string | null;
  /** `server_version_num`, e.g. 170004. */
  readonly postgres: number;
  readonly timeZone: string;
  /** Columns and tables that older releases lack. */
  readonly has: { readonly indexStatus: boolean; readonly appLog: boolean; readonly pruning: boolean };
  /** `false` = row-level security hides every app from our role: no app is seen, though there are some. */
  readonly seesApps: boolean;
  /** Keeps only recent blocks. */
  readonly pruned: boolean;
}

/** Indexes and keys of HAF's own tables and those that apps have registered, by status. */
export interface HafIndexFacts {
  readonly missing: number;
  readonly creating: number;
  readonly created: number;
  readonly invalid: number;
  /** Context id to how many of its indexes are not created yet. `0` is HAF itself. */
  readonly pending: Readonly<Record<string, number>>;
  /** `<table>.<index>` that say `creating` while nothing builds them, at most 20. */
  readonly stuck: readonly string[];
}

/** What is known of an app that changes rarely; its block is a sample, and is in here as of the change. */
export interface HafAppFacts {
  readonly contextId: number | null;
  readonly state: HafAppState;
  /** Name of the stage; `null` = none, or not iterated yet. */
  readonly stage: string | null;
  readonly attached: boolean;
  readonly inSync: boolean;
  readonly block: number | null;
  readonly forkId: DecimalText | null;
  readonly forking: boolean;
  readonly owner: string | null;
}

/** Events of `hafd.contexts_log`. */
export const HAF_LOG_EVENTS = [
  "CREATED",
  "ATTACHED",
  "DETACHED",
  "REMOVED",
  "STATE_CHANGED",
  "SLOW_PROCESSING",
] as const;

/** A row of the log of apps. It has names and no ids, and outlives the app. */
export interface HafLogFacts {
  readonly logId: DecimalText;
  readonly app: string;
  /** One of `HAF_LOG_EVENTS`, or a word of a release we do not know. */
  readonly event: string;
  readonly stage: string | null;
  readonly block: number | null;
  readonly forkId: DecimalText | null;
  readonly headBlock: number | null;
}

/** How far a replay and the apps are: journalled when something moved by a hundredth of the way or a state changed. */
export interface HafProgressFacts {
  readonly block: number;
  /** Estimated; `null` = cannot be told. */
  readonly head: number | null;
  readonly apps: Readonly<Record<string, number>>;
}

/** A container of the stack. */
export interface HafContainerFacts extends HafRoleRef {
  readonly name: string;
  readonly service: string;
  readonly image: string;
  readonly state: HafRoleState;
  readonly exitCode: number | null;
  readonly host: string | null;
}

/** How the console stands with the Docker engine of a stack. `none`: it is not configured. */
export const HAF_DOCKER_STATES = ["none", "starting", "up", "down"] as const;
export type HafDockerState = (typeof HAF_DOCKER_STATES)[number];

/** What a stack is watched for; the words of each are in `contract/view/haf-checks.ts`. */
export const HAF_CHECKS = [
  "stale",
  "busy",
  "sees-no-apps",
  "odd-transition",
  "block-went-down",
  "fork",
  "index-stuck",
  "app-silent",
  "app-auto-detach",
  "app-lagging",
  "app-slow",
  "app-detached",
  "container-failed",
  "clock-zone",
  "hived-restarted",
] as const;
export type HafCheck = (typeof HAF_CHECKS)[number];

/** Bodies of the events of a HAF stack's stream. The subject is the source id, the app, or what `hafRoleKey` says. */
export interface HafEventBodies {
  "haf.database.changed": HafDatabaseFacts;
  "haf.stack.state_changed": {
    readonly from: readonly HafPhase[];
    readonly to: readonly HafPhase[];
    readonly evidence: string;
  };
  /** `expected` = hived goes from the one to the other by itself. */
  "haf.sync_state.changed": { readonly from: string | null; readonly to: string; readonly expected: boolean };
  "haf.ready.changed": { readonly ready: boolean; readonly evidence: string };
  "haf.indexes.changed": HafIndexFacts;
  "haf.progress": HafProgressFacts;
  /** The last irreversible block went down. */
  "haf.block.rewound": { readonly from: number; readonly to: number };
  "haf.fork.switched": { readonly forkId: DecimalText; readonly block: number };
  /** hived started, or started again. */
  "haf.hived.connected": {
    readonly connectionId: DecimalText;
    readonly gitSha: string | null;
    readonly block: number;
    readonly again: boolean;
  };
  "haf.app.state_changed": { readonly from: HafAppState | null; readonly app: HafAppFacts; readonly evidence: string };
  "haf.app.changed": HafAppFacts;
  "haf.app.logged": HafLogFacts;
  /** One life of one role has begun, goes on, or is over. `inferred` = from the database alone. */
  "haf.role.changed": HafRoleRef & {
    readonly from: HafRoleState | null;
    readonly to: HafRoleState;
    readonly inferred: boolean;
    /** By what it was created or ended. */
    readonly cause: HafRoleRef | null;
    readonly exitCode: number | null;
    readonly evidence: string;
    readonly container: { readonly name: string; readonly image: string; readonly host: string | null } | null;
  };
  "haf.docker.changed": { readonly state: HafDockerState; readonly reason: Maskable<string> | null };
  /** The subject is the check. */
  "haf.check.changed": {
    readonly from: "critical" | "warning" | "not-known" | "ok" | null;
    readonly to: "critical" | "warning" | "not-known" | "ok";
    readonly evidence: string;
    /** Apps, indexes, containers it is about, sorted, at most 50. */
    readonly about: readonly string[];
  };
}

/** The subject of a role's events. */
export const hafRoleKey = ({ role, app, generation }: HafRoleRef): string =>
  app === null ? `${role}/${generation}` : `${role}/${app}/${generation}`;

/** High-rate values of a stack: whole in each sample. */
export interface HafSample {
  /** Last irreversible block, and how old it is by its own time. */
  readonly block: number | null;
  readonly blockAgeMs: number | null;
  readonly head: number | null;
  readonly reversibleHead: number | null;
  readonly blocksPerSecond: number | null;
  /** Until the head is reached at this pace; `null` = cannot be told. */
  readonly leftMs: number | null;
  /** Set while locks keep us from reading: HAF changes indexes. */
  readonly busy: string | null;
  readonly apps: Readonly<Record<string, HafAppSample>>;
  readonly building: readonly HafIndexBuild[];
  readonly eventQueue: number | null;
  readonly connections: readonly HafConnection[];
  readonly databaseBytes: DecimalText | null;
  readonly vacuum: readonly { readonly table: string; readonly status: string }[];
}

export interface HafAppSample {
  readonly block: number;
  /** Behind the last irreversible block; below 0 for an app that is ahead on reversible ones. */
  readonly lagBlocks: number | null;
  /** Age of the block it is at. */
  readonly blockAgeMs: number | null;
  /** Since it last did anything. */
  readonly silentMs: number | null;
  readonly blocksPerSecond: number | null;
  readonly leftMs: number | null;
}

export interface HafIndexBuild {
  readonly table: string;
  readonly phase: string;
  /** 0..1; `null` = not told. */
  readonly share: number | null;
}

export interface HafConnection {
  readonly application: string;
  readonly user: string;
  readonly state: string;
  readonly count: number;
}

/** One line of what happened to a stack, newest last, for the diagram of what was observed. */
export interface HafLifecycleFact {
  /** By the source's clock. */
  readonly at: EpochMs;
  readonly kind: "role" | "phase" | "log" | "note";
  /** The role it is of; of a row of the log and of a change of an app's state the app's `sync`; else `null`. */
  readonly ref: HafRoleRef | null;
  /**
   * Of a role its state; of a phase all that hold from then on, with commas between; of a row of the log its event; of a
   * note the app's state, or `sync-state`, `rewound`, `fork`, `hived`.
   */
  readonly to: string;
  readonly cause: HafRoleRef | null;
  readonly inferred: boolean;
  readonly note: string | null;
}
