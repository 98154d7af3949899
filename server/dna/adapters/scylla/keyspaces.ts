import type { types } from "cassandra-driver";
import type { Clock } from "#server/kernel/clock.ts";
import { createClient } from "./client.ts";
import type { ScyllaOptions } from "./options.ts";
import { createSession } from "./session.ts";
import { ALL_TABLES, COLUMNS_OF_KEYSPACE } from "./statements.ts";

const TABLES_MAX = 20_000;
const COLUMNS_MAX = 20_000;

/**
 * Columns of the tables the console reads, as `kind position type`; position -1 is that of a column of no key.
 *
 * Source: cleaton/dna@9b5aab5 lib/dna/db/nodes.ex and lib/dna/db/actors.ex, the statements that create the tables.
 */
const EXPECTED: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  nodes: {
    cluster: "partition_key 0 text",
    created_at: "clustering 0 timestamp",
    id: "clustering 1 bigint",
    node: "regular -1 text",
    heartbeat: "regular -1 bigint",
    load: "regular -1 float",
    draining: "regular -1 boolean",
  },
  actors: {
    namespace: "partition_key 0 text",
    module_id: "partition_key 1 int",
    name: "clustering 0 text",
    node_created: "regular -1 timestamp",
    node_id: "regular -1 bigint",
    claimed_at: "regular -1 timestamp",
  },
};

/** A keyspace with tables named as DNA's. Without faults they can be read. */
export interface DnaKeyspace {
  readonly keyspace: string;
  /** What is missing or of another type, one sentence each. */
  readonly faults: readonly string[];
}

/**
 * Looks for DNA's tables in every keyspace of a database, sorted by name. Changes nothing.
 *
 * @throws OpsError as the store does
 */
export async function findDnaKeyspaces(
  options: Omit<ScyllaOptions, "keyspace">,
  clock: Clock,
): Promise<readonly DnaKeyspace[]> {
  const session = createSession(createClient(options), clock);
  try {
    const tables = await session.read({ statement: ALL_TABLES, params: [], rowsMax: TABLES_MAX });
    const found: DnaKeyspace[] = [];
    for (const keyspace of candidates(tables)) {
      const columns = await session.read({ statement: COLUMNS_OF_KEYSPACE, params: [keyspace], rowsMax: COLUMNS_MAX });
      found.push({ keyspace, faults: faultsOf(columns) });
    }
    return found;
  } finally {
    await session.close();
  }
}

/** Keyspaces that have all the tables, by name. */
function candidates(rows: readonly types.Row[]): readonly string[] {
  const tablesOf = new Map<string, Set<string>>();
  for (const row of rows) {
    const [keyspace, table] = [String(row.keyspace_name), String(row.table_name)];
    tablesOf.set(keyspace, (tablesOf.get(keyspace) ?? new Set()).add(table));
  }
  return [...tablesOf.entries()]
    .filter(([, tables]) => Object.keys(EXPECTED).every((table) => tables.has(table)))
    .map(([keyspace]) => keyspace)
    .sort();
}

function faultsOf(rows: readonly types.Row[]): readonly string[] {
  const found = new Map(
    rows.map((row) => [`${row.table_name}.${row.column_name}`, `${row.kind} ${row.position} ${row.type}`]),
  );
  return Object.entries(EXPECTED).flatMap(([table, columns]) =>
    Object.entries(columns).flatMap(([column, expected]) => {
      const actual = found.get(`${table}.${column}`);
      if (actual === expected) return [];
      return [`${table}.${column} is ${actual === undefined ? "missing" : `"${actual}"`}, DNA's is "${expected}"`];
    }),
  );
}
