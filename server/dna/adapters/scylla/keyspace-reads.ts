import type { types } from "cassandra-driver";
import {
  type DatabaseCapabilities,
  type KeyspaceFacts,
  PLAIN_CQL,
  parseReplication,
  SCYLLA_CQL,
  type Tablets,
} from "#server/dna/domain/keyspace-facts.ts";
import type { DnaStore, RegisterSize } from "#server/dna/ports.ts";
import { OpsError } from "#server/kernel/errors.ts";
import type { ScyllaOptions } from "./options.ts";
import type { ReadRequest, ScyllaSession } from "./session.ts";
import { SCYLLA_MARK } from "./statements.ts";

/** Ranges of one host: vnodes times what it holds of them. */
const RANGES_MAX = 100_000;
const LARGE_PARTITIONS_MAX = 10_000;

/** What only one of the products answers; a refusal of it means that it is not there. */
const KEYSPACE = "SELECT replication FROM system_schema.keyspaces WHERE keyspace_name = ?";
const TABLE = "SELECT gc_grace_seconds FROM system_schema.tables WHERE keyspace_name = ? AND table_name = 'actors'";
const CASSANDRA_VERSION = "SELECT release_version AS version FROM system.local";
const SCYLLA_VERSION = "SELECT version FROM system.versions WHERE key = 'local'";
const SCYLLA_TABLETS = "SELECT * FROM system_schema.scylla_keyspaces WHERE keyspace_name = ?";
const SIZE_ESTIMATES =
  "SELECT mean_partition_size, partitions_count FROM system.size_estimates " +
  "WHERE keyspace_name = ? AND table_name = 'actors'";
const CASSANDRA_LARGEST =
  "SELECT mebibytes FROM system_views.max_partition_size WHERE keyspace_name = ? AND table_name = 'actors'";
const SCYLLA_LARGEST =
  "SELECT partition_size FROM system.large_partitions WHERE keyspace_name = ? AND table_name = 'actors'";
const BYTES_PER_MEBIBYTE = 1_048_576;

type Product = "cassandra" | "scylla";
const CAPABILITIES: Readonly<Record<Product, DatabaseCapabilities>> = { cassandra: PLAIN_CQL, scylla: SCYLLA_CQL };

export interface KeyspaceReads extends Pick<DnaStore, "keyspaceFacts" | "registerSize"> {
  /** What this product takes beside plain CQL; asked once. */
  capabilities(): Promise<DatabaseCapabilities>;
}

/**
 * What the keyspace is and how large the register in it. The product is detected with the first good answer and kept as
 * the capability record of this store. Only Apache Cassandra can be run in the tests: the questions to ScyllaDB follow
 * its documentation, and their texts and answers are tested as such.
 */
export function createKeyspaceReads(
  session: Pick<ScyllaSession, "read" | "readFromEachHost">,
  { keyspace, localDataCenter }: Pick<ScyllaOptions, "keyspace" | "localDataCenter">,
): KeyspaceReads {
  let detected: Product | null = null;
  const ask = (statement: string, params: readonly unknown[] = [keyspace]): ReadRequest => ({
    statement,
    params,
    rowsMax: RANGES_MAX,
  });

  async function product(): Promise<Product> {
    if (detected !== null) return detected;
    const marks = await session.read(ask(SCYLLA_MARK, []));
    detected = marks.length > 0 ? "scylla" : "cassandra";
    return detected;
  }

  async function tablets(): Promise<Tablets> {
    const rows = await unlessRefused(session.read(ask(SCYLLA_TABLETS)));
    return rows === null ? "off" : tabletsOf(rows[0]);
  }

  async function keyspaceFacts(): Promise<KeyspaceFacts> {
    const scylla = (await product()) === "scylla";
    const [[schema], [table], [local]] = await Promise.all([
      session.read(ask(KEYSPACE)),
      session.read(ask(TABLE)),
      session.read(ask(scylla ? SCYLLA_VERSION : CASSANDRA_VERSION, [])),
    ]);
    if (schema === undefined) throw new OpsError("upstream-malformed", `The database has no keyspace ${keyspace}`);
    const gcGrace: unknown = table?.gc_grace_seconds;
    return {
      keyspace,
      product: scylla ? "scylla" : "cassandra",
      version: typeof local?.version === "string" ? local.version : null,
      capabilities: CAPABILITIES[scylla ? "scylla" : "cassandra"],
      tablets: scylla ? await tablets() : "none",
      replication: parseReplication(textMap(schema.replication)),
      gcGraceSec: typeof gcGrace === "number" ? gcGrace : null,
    };
  }

  return {
    keyspaceFacts,
    capabilities: async () => CAPABILITIES[await product()],

    async registerSize() {
      const scylla = (await product()) === "scylla";
      const [estimates, largest] = await Promise.all([
        session.readFromEachHost(ask(SIZE_ESTIMATES), localDataCenter),
        session.readFromEachHost(
          { ...ask(scylla ? SCYLLA_LARGEST : CASSANDRA_LARGEST), rowsMax: LARGE_PARTITIONS_MAX },
          localDataCenter,
        ),
      ]);
      return registerSizeOf(estimates, largest);
    },
  };
}

type HostAnswers = readonly (readonly types.Row[] | null)[];

/** Each host tells the ranges that are first its own; together they are the table once. */
export function registerSizeOf(estimates: HostAnswers, largest: HostAnswers): RegisterSize {
  const ranges = estimates.flatMap((rows) => rows ?? []);
  const bytes = ranges.reduce(
    (sum, row) => sum + toNumber(row.mean_partition_size) * toNumber(row.partitions_count),
    0,
  );
  const sizes = largest
    .flatMap((rows) => rows ?? [])
    .map((row) => toNumber(row.partition_size) || toNumber(row.mebibytes) * BYTES_PER_MEBIBYTE);
  return {
    rows: null,
    bytes: ranges.length === 0 ? null : bytes,
    largestPartitionBytes: sizes.length === 0 ? null : Math.max(...sizes),
    hostsAsked: estimates.length,
    hostsAnswered: estimates.filter((rows) => rows !== null).length,
  };
}

/** A row with a number of tablets = the keyspace is made of them; none, or an empty cell = it is not. */
export function tabletsOf(row: types.Row | undefined): Tablets {
  if (row === undefined) return "off";
  if (row.initial_tablets === undefined) return "not-told";
  return row.initial_tablets === null ? "off" : "on";
}

function toNumber(value: unknown): number {
  const found = typeof value === "bigint" ? Number(value) : value;
  return typeof found === "number" && Number.isFinite(found) && found > 0 ? found : 0;
}

function textMap(value: unknown): Readonly<Record<string, string>> {
  if (typeof value !== "object" || value === null) return {};
  return Object.fromEntries(Object.entries(value).map(([name, option]) => [name, String(option)]));
}

/** `null` when the database refuses the statement: it has no such table. A database that does not answer is an error. */
async function unlessRefused(rows: Promise<readonly types.Row[]>): Promise<readonly types.Row[] | null> {
  try {
    return await rows;
  } catch (cause) {
    if (cause instanceof OpsError && cause.code === "upstream-malformed") return null;
    throw cause;
  }
}
