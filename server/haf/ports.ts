/**
 * What is read of a HAF stack: its PostgreSQL database, and, where that is configured, its containers. Every read is
 * one statement in a read-only session. Instants are in UTC; 64-bit ids are decimal text.
 *
 * Source of facts: openhive-network/haf@e4fd584f src/hive_fork_manager, haf_api_node@d22ca041.
 */
import type { HafConnection, HafDatabaseFacts, HafIndexBuild, HafRoleState } from "#server/contract/haf.ts";
import type { EpochMs } from "#server/kernel/clock.ts";
import type { DecimalText } from "#server/kernel/json.ts";

/**
 * The answer of a read. `busy` = a lock kept us from reading for longer than we wait: HAF is changing indexes or keys;
 * that is not a failure. Anything else that goes wrong is thrown: `OpsError` `upstream-unavailable`,
 * `upstream-malformed` or `not-permitted`.
 */
export type HafRead<T> =
  | { readonly kind: "read"; readonly value: T }
  | { readonly kind: "busy"; readonly reason: string };

export interface HafStore {
  /** What the database is, asked once a connection: which reads are possible, which rows its role may see. */
  database(signal?: AbortSignal): Promise<HafRead<HafDatabaseFacts>>;
  instance(signal?: AbortSignal): Promise<HafRead<HafInstance>>;
  /** In order of context id. */
  apps(signal?: AbortSignal): Promise<HafRead<readonly HafContext[]>>;
  /** In order of table and name. Releases without `status` delete the row of an index that is back: each is `missing`. */
  indexes(signal?: AbortSignal): Promise<HafRead<readonly HafIndex[]>>;
  /**
   * Rows of the log of apps after this id, oldest first, at most 1,000. Empty where there is no such table. An id is
   * taken before its transaction commits, and an app's takes seconds: a row can appear behind later ones, so whoever
   * follows asks from some hundred ids back and leaves out what it has.
   */
  appLog(after: DecimalText, signal?: AbortSignal): Promise<HafRead<readonly HafLogRow[]>>;
  /** Of these ids (at most 500) those rows that are there, in order. */
  appLogOf?(ids: readonly DecimalText[], signal?: AbortSignal): Promise<HafRead<readonly HafLogRow[]>>;
  /** Forks after this id, oldest first, at most 1,000. */
  forks(after: DecimalText, signal?: AbortSignal): Promise<HafRead<readonly HafForkRow[]>>;
  /** Starts of hived after this id, oldest first, at most 1,000. */
  hivedConnections(after: DecimalText, signal?: AbortSignal): Promise<HafRead<readonly HafHivedRow[]>>;
  vacuum(signal?: AbortSignal): Promise<HafRead<readonly HafVacuum[]>>;
  eventQueue(signal?: AbortSignal): Promise<HafRead<HafEventQueue>>;
  indexBuilds(signal?: AbortSignal): Promise<HafRead<readonly HafIndexBuild[]>>;
  connections(signal?: AbortSignal): Promise<HafRead<readonly HafConnection[]>>;
  databaseBytes(signal?: AbortSignal): Promise<HafRead<DecimalText>>;
  /** Which of these schemas exist: an app whose schema is there and whose context is not is being set up. */
  schemas?(names: readonly string[], signal?: AbortSignal): Promise<HafRead<readonly string[]>>;
  close(): Promise<void>;
}

export interface HafInstance {
  /** As stored: a word of `HAF_SYNC_STATES`, or one of a release we do not know. */
  readonly syncState: string;
  /** The last irreversible block; `null` = none yet. */
  readonly consistentBlock: number | null;
  readonly consistentBlockAt: EpochMs | null;
  readonly dirty: boolean;
  /** 0 = keeps everything. */
  readonly pruning: number;
  readonly irreversibleHead: number | null;
  readonly reversibleHead: number | null;
  /** The queue of events has a row, those that stand for no event included: one half of what HAF calls ready. */
  readonly hasEvents: boolean;
  /** The database's clock. */
  readonly now: EpochMs;
}

export interface HafContext {
  readonly id: number;
  readonly name: string;
  readonly schema: string;
  readonly owner: string;
  readonly currentBlock: number;
  readonly irreversibleBlock: number;
  readonly backFromFork: boolean;
  /** 9223372036854775807 = it was detached; 0 = it never iterated. */
  readonly eventsId: DecimalText | null;
  readonly forkId: DecimalText | null;
  readonly forking: boolean;
  /** Read in the session's zone: the writer's own zone is not told. */
  readonly lastActiveAt: EpochMs;
  /** By the database's clock, which is in `asOf`. */
  readonly asOf: EpochMs;
  /** `null` = no row says so. */
  readonly attached: boolean | null;
  readonly stages: readonly HafStage[];
  readonly loop: HafLoop | null;
  /** When the block it is at was made; `null` = that block is not here. */
  readonly currentBlockAt: EpochMs | null;
}

export interface HafStage {
  readonly name: string;
  readonly minHeadBlockDistance: number;
  readonly blocksLimitInGroup: number;
}

export interface HafLoop {
  readonly stage: string | null;
  readonly endBlockRange: number | null;
  readonly sizeOfBatch: number | null;
  readonly currentBatchEnd: number | null;
}

export interface HafIndex {
  readonly table: string;
  readonly name: string;
  readonly isConstraint: boolean;
  readonly isIndex: boolean;
  readonly isForeignKey: boolean;
  /** Ids of contexts that need it; 0 = HAF itself. */
  readonly contexts: readonly number[];
  readonly status: string;
}

export interface HafLogRow {
  readonly id: DecimalText;
  readonly app: string;
  readonly stage: string | null;
  readonly event: string;
  readonly at: EpochMs;
  readonly block: number | null;
  readonly forkId: DecimalText | null;
  readonly headBlock: number | null;
}

export interface HafForkRow {
  readonly id: DecimalText;
  readonly block: number;
  readonly at: EpochMs;
}

export interface HafHivedRow {
  readonly id: DecimalText;
  readonly block: number;
  readonly gitSha: string | null;
  readonly at: EpochMs;
}

export interface HafVacuum {
  readonly table: string;
  readonly status: string;
}

/** Without the two rows that are none. */
export interface HafEventQueue {
  readonly depth: number;
  readonly minId: DecimalText | null;
  readonly maxId: DecimalText | null;
}

/** The containers of a stack, as a Docker engine tells them. Nothing of it starts or stops anything. */
export interface HafEngine {
  /** All of the project, ended ones included, at most 500. */
  containers(signal?: AbortSignal): Promise<readonly HafContainer[]>;
  /** What happens to them from now on; ends with an `OpsError` when the engine goes away, or with the signal. */
  events(signal: AbortSignal): AsyncIterable<HafContainerEvent>;
  close(): Promise<void>;
}

export interface HafContainer {
  readonly id: string;
  readonly name: string;
  /** Of compose: `com.docker.compose.service`. */
  readonly service: string;
  readonly number: number;
  readonly image: string;
  readonly version: string | null;
  readonly state: HafRoleState;
  readonly exitCode: number | null;
  readonly startedAt: EpochMs | null;
  readonly finishedAt: EpochMs | null;
  /** Name of the engine's host. */
  readonly host: string | null;
  /** Services it waited for. */
  readonly dependsOn: readonly string[];
}

export interface HafContainerEvent {
  readonly containerId: string;
  readonly service: string;
  readonly action: string;
  readonly exitCode: number | null;
  readonly at: EpochMs;
}
