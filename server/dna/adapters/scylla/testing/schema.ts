import type { Client } from "cassandra-driver";
import { quoteKeyspace } from "#server/dna/adapters/scylla/identifier.ts";

/**
 * DNA's tables as DNA creates them, for tests and demonstrations: the console itself never creates any.
 *
 * Source: cleaton/dna@9b5aab5 lib/dna/db/nodes.ex, lib/dna/db/actors.ex, lib/dna/db/storage/kv.ex.
 */
const TABLES: readonly ((keyspace: string) => string)[] = [
  (keyspace) => `CREATE TABLE IF NOT EXISTS ${keyspace}.nodes (
    cluster text, created_at timestamp, id bigint, node text, heartbeat bigint, load float, draining boolean,
    PRIMARY KEY (cluster, created_at, id)
  ) WITH compaction = {'class': 'LeveledCompactionStrategy'}`,
  (keyspace) => `CREATE TABLE IF NOT EXISTS ${keyspace}.actors (
    namespace text, module_id int, name text, node_created timestamp, node_id bigint, claimed_at timestamp,
    PRIMARY KEY ((namespace, module_id), name)
  ) WITH compaction = {'class': 'LeveledCompactionStrategy'}`,
  (keyspace) => `CREATE TABLE IF NOT EXISTS ${keyspace}.storage_kv (
    namespace text, module_id int, name text, key blob, value blob, size int,
    PRIMARY KEY ((namespace, module_id, name), key)
  ) WITH compaction = {'class': 'LeveledCompactionStrategy'}`,
];

/** A change of the schema takes a busy database far longer than a statement may take a console. */
const SCHEMA_TIMEOUT_MS = 60_000;
const UNHURRIED = { prepare: false, readTimeout: SCHEMA_TIMEOUT_MS } as const;
const DATA_CENTER_NAME = /^[A-Za-z0-9_.-]{1,100}$/;

export interface KeyspacePlan {
  readonly keyspace: string;
  readonly dataCenter: string;
  /** Copies of each row in that data centre. */
  readonly replicas: number;
}

/** Creates the keyspace and DNA's three tables in it, unless they are there. */
export async function createDnaTables(client: Pick<Client, "execute">, plan: KeyspacePlan): Promise<void> {
  const keyspace = quoteKeyspace(plan.keyspace);
  if (!DATA_CENTER_NAME.test(plan.dataCenter)) throw new Error(`Not the name of a data centre: ${plan.dataCenter}`);
  await client.execute(
    `CREATE KEYSPACE IF NOT EXISTS ${keyspace} WITH replication = ` +
      `{'class': 'NetworkTopologyStrategy', '${plan.dataCenter}': ${Math.trunc(plan.replicas)}}`,
    [],
    UNHURRIED,
  );
  for (const table of TABLES) await client.execute(table(keyspace), [], UNHURRIED);
}
