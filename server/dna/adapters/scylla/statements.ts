import { quoteKeyspace } from "./identifier.ts";

/** What bounds a page of names, beside its type and its limit. */
export type LowerBound = "none" | "from" | "after";
export type UpperBound = "none" | "below";

/**
 * The statements for one keyspace. Every one is prepared.
 *
 * The shapes of the tables are those of cleaton/dna@9b5aab5 lib/dna/db.ex; `nodes` is read as DNA's own `:node_query`
 * reads it, plus the write time.
 */
export interface DnaStatements {
  /** One scan of a tiny table. */
  readonly clusters: string;
  /** One partition, in clustering order (created_at, id). The age of a beat needs no clock of ours. */
  readonly nodes: string;
  /** One entry a partition; paged by the driver. */
  readonly actorTypes: string;
  /** [5, 6] One slice of one partition, in clustering order: UTF-8 bytes of the name. */
  actorPage(lower: LowerBound, upper: UpperBound): string;
  /** One row. */
  readonly actor: string;
  /** Of the owner's cell: when it was last claimed, by the database. */
  readonly ownerWriteTime: string;
  /** One slice of one partition: keys, sizes and write times, never a value. */
  storagePage(after: boolean): string;
  /** What one value weighs, read before the value is. */
  readonly storageSize: string;
  readonly storageValue: string;
  /** One Paxos round on the partition of the type. Takes part in a batch of one partition. */
  readonly release: string;
  /** The same cost; parameters: owner's two columns, instant of the claim, key, old owner. Takes part in a batch of one partition. */
  readonly claim: string;
  /** Without a condition, so its time must be the database's own. */
  readonly deleteNodeRow: string;
}

const LOWER: Readonly<Record<LowerBound, string>> = { none: "", from: " AND name >= ?", after: " AND name > ?" };
const UPPER: Readonly<Record<UpperBound, string>> = { none: "", below: " AND name < ?" };

export function createStatements(keyspaceName: string): DnaStatements {
  const keyspace = quoteKeyspace(keyspaceName);
  return {
    clusters: `SELECT DISTINCT cluster FROM ${keyspace}.nodes`,
    nodes:
      "SELECT created_at, id, node, heartbeat, load, draining, WRITETIME(heartbeat) AS beat_us, " +
      `toUnixTimestamp(now()) AS database_ms FROM ${keyspace}.nodes WHERE cluster = ?`,
    actorTypes: `SELECT DISTINCT namespace, module_id FROM ${keyspace}.actors`,
    actorPage: (lower, upper) =>
      `SELECT name, node_created, node_id, claimed_at FROM ${keyspace}.actors ` +
      `WHERE namespace = ? AND module_id = ?${LOWER[lower]}${UPPER[upper]} LIMIT ?`,
    actor:
      `SELECT name, node_created, node_id, claimed_at FROM ${keyspace}.actors ` +
      "WHERE namespace = ? AND module_id = ? AND name = ?",
    ownerWriteTime:
      `SELECT node_id, WRITETIME(node_id) AS written_us FROM ${keyspace}.actors ` +
      "WHERE namespace = ? AND module_id = ? AND name = ?",
    storagePage: (after) =>
      `SELECT key, size, WRITETIME(value) AS written_us FROM ${keyspace}.storage_kv ` +
      `WHERE namespace = ? AND module_id = ? AND name = ?${after ? " AND key > ?" : ""} LIMIT ?`,
    storageSize: `SELECT size FROM ${keyspace}.storage_kv WHERE namespace = ? AND module_id = ? AND name = ? AND key = ?`,
    storageValue:
      `SELECT value, WRITETIME(value) AS written_us FROM ${keyspace}.storage_kv ` +
      "WHERE namespace = ? AND module_id = ? AND name = ? AND key = ?",
    release:
      `DELETE FROM ${keyspace}.actors WHERE namespace = ? AND module_id = ? AND name = ? ` +
      "IF node_created = ? AND node_id = ?",
    claim:
      `UPDATE ${keyspace}.actors SET node_created = ?, node_id = ?, claimed_at = ? ` +
      "WHERE namespace = ? AND module_id = ? AND name = ? IF node_created = ? AND node_id = ?",
    deleteNodeRow: `DELETE FROM ${keyspace}.nodes WHERE cluster = ? AND created_at = ? AND id = ?`,
  };
}

/** The host that answers, and what it knows of the others: both have to be asked of the same host. */
export const LOCAL_HOST =
  "SELECT cluster_name, data_center, rack, host_id, release_version, rpc_address FROM system.local";
export const PEER_HOSTS = "SELECT peer, data_center, rack, host_id, release_version, rpc_address FROM system.peers";
/** Has a row on ScyllaDB only, whose `release_version` pretends to be an old Cassandra. */
export const SCYLLA_MARK =
  "SELECT table_name FROM system_schema.tables WHERE keyspace_name = 'system' AND table_name = 'versions'";

/** Names are compared on our side: the tables of the schema cannot be searched by table name. */
export const ALL_TABLES = "SELECT keyspace_name, table_name FROM system_schema.tables";
export const COLUMNS_OF_KEYSPACE =
  "SELECT table_name, column_name, kind, position, type FROM system_schema.columns WHERE keyspace_name = ?";
