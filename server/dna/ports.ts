import type { EpochMs } from "#server/kernel/clock.ts";
import type { ActorKey, ActorType, Incarnation } from "./domain/identity.ts";
import type { KeyspaceFacts } from "./domain/keyspace-facts.ts";

/** A row that could not be read as what it should be: it is shown with its reason and costs only itself. */
export interface MalformedRow {
  readonly malformed: true;
  /** What could still be read of its key, as text for people. */
  readonly key: string;
  readonly reason: string;
}

export const isMalformed = <T extends object>(row: T | MalformedRow): row is MalformedRow => "malformed" in row;

/** One row of `nodes`. */
export interface NodeRow {
  readonly incarnation: Incarnation;
  /** BEAM node name, e.g. `dna@10.0.0.5`: an address, never an identity. */
  readonly node: string;
  /** The writer's own monotonic ms: comparable with itself only. */
  readonly heartbeat: bigint;
  /** 1-minute load average of the host; `null` when the cell is empty. */
  readonly load: number | null;
  readonly draining: boolean;
  /** Coordinator's age of the heartbeat cell in ms (`toUnixTimestamp(now()) - WRITETIME`), never below 0; a hint only. */
  readonly writeAgeMs: number | null;
  /** The write time itself, in ms by the clock of the coordinator that took it; left out or `null` = not told. */
  readonly writtenAtMs?: number | null;
}

export interface ActorRow {
  readonly name: string;
  /** `null` when the owner columns are empty (a half-written row). */
  readonly owner: Incarnation | null;
  readonly claimedAt: EpochMs | null;
}

export interface ActorPageQuery {
  readonly type: ActorType;
  /** Names that start with this text, compared as UTF-8 bytes; empty = all. */
  readonly prefix: string;
  /** Exclusive lower bound: the last name of the page before; `null` = from the start. */
  readonly after: string | null;
  /** 1 to 5,000. */
  readonly limit: number;
}

export interface ActorPage {
  readonly rows: readonly (ActorRow | MalformedRow)[];
  /** Name to continue after; `null` when this was the last page. */
  readonly nextAfter: string | null;
}

export interface CensusPageQuery {
  readonly type: ActorType;
  /** Exclusive lower bound: the last name of the page before; `null` = from the start. */
  readonly after: string | null;
  /** 1 to 5,000. */
  readonly limit: number;
}

/** What one slice of a type holds, counted where it was read: no row of it outlives the page. */
export interface CensusPage {
  readonly rows: number;
  /** Rows whose owner could not be read. */
  readonly unreadable: number;
  /** Rows without an owner: half-written. */
  readonly ownerless: number;
  /** Each owner once. */
  readonly owners: readonly { readonly owner: Incarnation; readonly keys: number }[];
  /** Name to continue after; `null` when this was the last page. A page that was just full is followed by an empty one. */
  readonly nextAfter: string | null;
}

/** How large the register is by what the database keeps of it for itself: estimates, of what has reached its disks. */
export interface RegisterSize {
  /** Every row, where that is known; `null` = only bytes are. */
  readonly rows: number | null;
  /** Bytes of all rows, once, before compression; `null` = not told. */
  readonly bytes: number | null;
  /** The largest partition found, in bytes; `null` = not told. */
  readonly largestPartitionBytes: number | null;
  readonly hostsAsked: number;
  readonly hostsAnswered: number;
}

/** One entry of the storage of an actor; its value is read on request only. */
export interface StorageRow {
  /** Chosen by the application: any bytes. */
  readonly key: Uint8Array;
  /** Bytes of the value as its writer counted them; `null` = the cell is empty. */
  readonly size: number | null;
  /** Write time of the value, by the clock of the coordinator that took it; `null` = there is no value. */
  readonly writtenAt: EpochMs | null;
}

export interface StoragePage {
  readonly rows: readonly (StorageRow | MalformedRow)[];
  /** Key to continue after; `null` when this was the last page. */
  readonly nextAfter: Uint8Array | null;
}

/** A value, or that it is too large to be handed over. */
export type StorageValue =
  | { readonly kind: "value"; readonly bytes: Uint8Array; readonly writtenAt: EpochMs | null }
  | { readonly kind: "too-large"; readonly size: number }
  /** The entry is there without a value. */
  | { readonly kind: "empty" };

export interface DatabaseHost {
  readonly address: string;
  readonly dataCenter: string;
  readonly rack: string;
  readonly hostId: string;
  readonly version: string;
  /** The driver's own view of the host; `null` when it has none. */
  readonly up: boolean | null;
}

export interface DatabaseCluster {
  readonly name: string;
  readonly product: "cassandra" | "scylla" | "simulator";
  readonly hosts: readonly DatabaseHost[];
}

/** Whom one key of a type is given to. */
export interface ActorClaim {
  readonly name: string;
  readonly to: Incarnation;
}

/**
 * What became of one conditional round. `unknown` = the round may or may not have been applied (time-out, connection
 * lost, answer without `[applied]`): only a re-read at LOCAL_SERIAL settles it.
 */
export type CasOutcome =
  | { readonly kind: "applied" }
  | { readonly kind: "rejected"; readonly owner: Incarnation | null | "not-told" }
  | { readonly kind: "unknown"; readonly reason: string };

/** What became of one unconditional write. `unknown` = it may or may not have been carried out: only a read settles it. */
export type WriteOutcome = { readonly kind: "applied" } | { readonly kind: "unknown"; readonly reason: string };

/**
 * The DNA tables of one keyspace, as far as the console needs them (`nodes`, `actors`, `storage_kv`). Every call is bounded in time
 * and rows and throws `OpsError` `upstream-unavailable` or `upstream-malformed` (`limit-exceeded` rather than a cut
 * answer, `invalid-input` for a limit, batch or name that cannot be); writes never throw for an outcome that
 * may have been applied: they answer `unknown`. When one throws, nothing was sent or it was refused as such.
 */
export interface DnaStore {
  /** Values of `cluster` found in the `nodes` table, sorted. */
  clusters(): Promise<readonly string[]>;
  /** All rows of one cluster, by (created_at, id) ascending. */
  nodes(cluster: string): Promise<readonly (NodeRow | MalformedRow)[]>;
  /** Every (namespace, module_id) pair that has a row, sorted by namespace, then number. */
  actorTypes(): Promise<readonly ActorType[]>;
  /** One page of the names of a type, ascending by UTF-8 bytes. */
  actorPage(query: ActorPageQuery): Promise<ActorPage>;
  /** One row, `null` when there is none. `serial` reads at LOCAL_SERIAL: for decisions. */
  actor(key: ActorKey, consistency: "quorum" | "serial"): Promise<ActorRow | MalformedRow | null>;
  /**
   * When the owner of a key was last written, by the clock of the database; `null` = there is no such row, or no owner in it.
   */
  ownerWrittenAt(key: ActorKey): Promise<EpochMs | null>;
  /** One page of the storage of an actor, ascending by the bytes of the key, 1 to 1,000 rows; never a value. */
  storageRows(key: ActorKey, after: Uint8Array | null, limit: number): Promise<StoragePage>;
  /** One value, `null` when there is no such entry. One that says it is larger than `maxBytes` is not read at all. */
  storageValue(key: ActorKey, storageKey: Uint8Array, maxBytes: number): Promise<StorageValue | null>;
  /** Conditional delete of one row if its owner is still `owner`. */
  release(key: ActorKey, owner: Incarnation): Promise<CasOutcome>;
  /** Conditional delete of up to 50 rows of one type in one round: all or nothing. */
  releaseBatch(type: ActorType, names: readonly string[], owner: Incarnation): Promise<CasOutcome>;
  /**
   * Conditional change of the owner of one row from `from` to `to`, if it is still `from`. A row that is gone stays gone.
   *
   * @param claimedAt what is written as the instant of the claim
   */
  claim(key: ActorKey, from: Incarnation, to: Incarnation, claimedAt: EpochMs): Promise<CasOutcome>;
  /** The same for up to 50 rows of one type in one round, each to its own new owner: all or nothing. */
  claimBatch(
    type: ActorType,
    claims: readonly ActorClaim[],
    from: Incarnation,
    claimedAt: EpochMs,
  ): Promise<CasOutcome>;
  /**
   * Deletes one row of `nodes`, at the database's own time: the one write without a condition. A beat that is written
   * later brings the row back. Deleting what is not there does nothing.
   */
  deleteNodeRow(cluster: string, incarnation: Incarnation): Promise<WriteOutcome>;
  databaseCluster(): Promise<DatabaseCluster>;
  /** One slice of a census, ascending by UTF-8 bytes. On ScyllaDB it passes the cache by. */
  censusPage(query: CensusPageQuery): Promise<CensusPage>;
  /** What the keyspace is; the product is detected once and kept. */
  keyspaceFacts(): Promise<KeyspaceFacts>;
  /** Asks every host of the data centre that is up for what it keeps of the size of `actors`. */
  registerSize(): Promise<RegisterSize>;
  close(): Promise<void>;
}

/** Largest number of names of one `releaseBatch` or `claimBatch`. */
export const RELEASE_BATCH_KEYS_MAX = 50;
