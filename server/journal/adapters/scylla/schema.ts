/** The journal's tables. */

import { OpsError } from "#server/kernel/errors.ts";
import type { Cql } from "./cql.ts";

/** Names of keyspaces, in Cassandra and ScyllaDB: letters, digits and underscores, 48 at most. */
const KEYSPACE_NAME = /^[A-Za-z0-9_]{1,48}$/;
const DATA_CENTER_NAME = /^[A-Za-z0-9_.-]{1,100}$/;

/**
 * The name of a keyspace as CQL takes it, in quotes so that its case is kept.
 *
 * @throws OpsError `invalid-input` for anything that is not such a name
 */
export function quoteKeyspace(name: string): string {
  if (!KEYSPACE_NAME.test(name)) throw new OpsError("invalid-input", `Not the name of a keyspace: ${name}`);
  return `"${name}"`;
}

const TABLES: Readonly<Record<string, string>> = {
  // One row: which journal this is.
  journal: "name text PRIMARY KEY, id text, format int, key_check text",
  // One row: who writes. Only ever changed conditionally.
  lease: "name text PRIMARY KEY, epoch bigint, owner text, holder text, beat bigint",
  // Names of streams, and of the namespaces of small records.
  registry: "kind text, name text, epoch bigint static, digest text static, PRIMARY KEY (kind, name)",
  // The directory of a stream's segments, with the time at which each ended. Derived from the statics of `events`.
  segments: `stream text, segment bigint, start_seq bigint, last_seq bigint, last_observed_at bigint, bytes bigint,
    PRIMARY KEY (stream, segment)`,
  // The events. The statics fence writers: a batch is taken only from the epoch and turn that they name.
  events: `stream text, segment bigint, seq bigint, observed_at bigint, bytes blob, hash text,
    epoch bigint static, turn bigint static, closed boolean static, start_seq bigint static, start_hash text static,
    last_seq bigint static, last_hash text static, first_observed_at bigint static, last_observed_at bigint static,
    size bigint static, PRIMARY KEY ((stream, segment), seq)`,
  // Where a stream's events of a subject, a kind, an id or a term are. Derived from the events, up to the mark "indexed".
  lookup: "stream text, term text, seq bigint, segment bigint, PRIMARY KEY ((stream, term), seq)",
  // Of each stream: "head" (signed, the last event), "kept" (signed, up to where it was dropped), "indexed".
  marks: "stream text, name text, seq bigint, hash text, at bigint, mac text, PRIMARY KEY (stream, name)",
  snapshots: `stream text, fold_version int, seq bigint, chunks int, bytes bigint, mac text,
    PRIMARY KEY ((stream, fold_version), seq)`,
  snapshot_chunks: `stream text, fold_version int, seq bigint, chunk int, data blob,
    PRIMARY KEY ((stream, fold_version, seq, chunk))`,
  state: `namespace text, key text, value text, epoch bigint static, turn bigint static,
    PRIMARY KEY (namespace, key)`,
  // What each process tells the others, unfenced; every row goes by itself.
  notes: "space text, owner text, key text, value text, PRIMARY KEY (space, owner, key)",
};

/** Every table of the journal. */
export const tableNames: readonly string[] = Object.keys(TABLES);
/** Those without which nothing can be read of it: one of an earlier version has no others. */
export const eventTableNames: readonly string[] = tableNames.filter((name) => name !== "notes");

/**
 * What makes the journal's keyspace and tables where they are missing, statement by statement, to be shown or run.
 *
 * @param replication copies by data centre; `null` = the keyspace exists
 * @param withTablets the database has tablets: they are switched off, because conditional writes need it up to ScyllaDB 2025.3
 */
export function schemaStatements(
  keyspaceName: string,
  replication: Readonly<Record<string, number>> | null,
  withTablets = false,
): readonly string[] {
  const keyspace = quoteKeyspace(keyspaceName);
  const tables = Object.entries(TABLES).map(
    ([name, columns]) => `CREATE TABLE IF NOT EXISTS ${keyspace}.${name} (${columns})`,
  );
  if (replication === null) return tables;
  const copies = Object.entries(replication).map(([dataCenter, count]) => {
    if (!DATA_CENTER_NAME.test(dataCenter))
      throw new OpsError("invalid-input", `Not the name of a data centre: ${dataCenter}`);
    return `'${dataCenter}': ${Math.trunc(count)}`;
  });
  const tablets = withTablets ? " AND tablets = {'enabled': false}" : "";
  const map = `{'class': 'NetworkTopologyStrategy', ${copies.join(", ")}}`;
  return [`CREATE KEYSPACE IF NOT EXISTS ${keyspace} WITH replication = ${map}${tablets}`, ...tables];
}

/** Whether these tables of the journal are there. */
export async function hasSchema(cql: Cql, keyspaceName: string, names = tableNames): Promise<boolean> {
  const found = await cql.read({
    query: "SELECT table_name FROM system_schema.tables WHERE keyspace_name = ?",
    params: [keyspaceName],
  });
  const present = new Set(found.map((row) => String(row.table_name)));
  return names.every((name) => present.has(name));
}

/** Makes what is missing; asks for no right to make anything when nothing is. */
export async function makeSchema(
  cql: Cql,
  keyspaceName: string,
  replication: Readonly<Record<string, number>> | null,
): Promise<void> {
  if (await hasSchema(cql, keyspaceName)) return;
  const tablets = await cql.read({
    query: "SELECT table_name FROM system_schema.tables WHERE keyspace_name = 'system' AND table_name = 'tablets'",
    params: [],
  });
  for (const text of schemaStatements(keyspaceName, replication, tablets.length > 0)) await cql.define(text);
}
