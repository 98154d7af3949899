/** Connections to one Dynflow database: a pool for statements, single clients for LISTEN. */
import type { ConnectionOptions } from "node:tls";
import { Kysely } from "kysely";
import { Client, type ClientConfig, Pool, types } from "pg";
import type { Database, Together } from "#server/dynflow/adapters/sql/differences.ts";
import { createStatementMeter, meteredBy, type StatementMeter } from "#server/dynflow/adapters/sql/statement-meter.ts";
import { pgDialect } from "./pg-driver.ts";
import { createPgTogether } from "./pg-together.ts";

/** No statement runs longer on the server. */
const STATEMENT_TIMEOUT_MS = 2_000;
/** A server that says nothing at all (stopped, cut off) is given up after this, and the connection thrown away. */
const SILENCE_TIMEOUT_MS = 2_300;
const CONNECT_TIMEOUT_MS = 2_000;
const KEEP_ALIVE_DELAY_MS = 10_000;

export interface PostgresSource {
  /** `postgres://user@host:port/database?options=-csearch_path%3Ddynflow`; the schema is that of the search_path. */
  readonly url: string;
  /** Beside the url, so that it can come from elsewhere. */
  readonly password?: string;
  /** In full, as Node's TLS takes it; what the url says of TLS counts for nothing then. */
  readonly tls?: ConnectionOptions;
}

export type Access = "read-only" | "read-write";

export interface PgConnections {
  readonly db: Database;
  /** For reading only: statements behind one that failed run all the same. */
  readonly together: Together;
  /** Of all statements through `db` and `together`. */
  readonly meter: StatementMeter;
  /** A connected client of its own, for LISTEN. The caller ends it. */
  connect(): Promise<Client>;
  close(): Promise<void>;
}

const TIMESTAMP_OID = 1114;
const TIMESTAMPTZ_OID = 1184;
const INT8_OID = 20;
const JSON_OID = 114;
const JSONB_OID = 3802;
const PARSERS: ReadonlyMap<number, (text: string) => unknown> = new Map<number, (text: string) => unknown>([
  // Stays text: pg would read it as local time, but Dynflow's hold UTC.
  [TIMESTAMP_OID, (text) => text],
  // In a database where somebody made the columns so; it names its zone.
  [TIMESTAMPTZ_OID, (text) => text],
  [INT8_OID, BigInt],
  // Only columns that are none of Dynflow's are of these types: they are shown as they stand.
  [JSON_OID, (text) => text],
  [JSONB_OID, (text) => text],
]);

export interface PgConnectionsOptions {
  /** Never read a table whole where an index can serve: for questions that are asked again and again. */
  readonly byIndex?: boolean;
  /** Shared by several sets of connections to one database; one of their own when left out. */
  readonly meter?: StatementMeter;
}

export function openPgConnections(
  source: PostgresSource,
  access: Access,
  max: number,
  { byIndex = false, meter = createStatementMeter() }: PgConnectionsOptions = {},
): PgConnections {
  const config = clientConfig(source, access, byIndex ? ["-c enable_seqscan=off"] : []);
  const pool = new Pool({ ...config, max, pipeline: access === "read-only" });
  // A pooled connection that dies while idle is replaced at its next use, and the statement then tells what is wrong.
  pool.on("error", () => undefined);
  const db: Database = new Kysely<Record<string, never>>({ dialect: pgDialect(pool), log: meteredBy(meter) });
  return {
    db,
    together: createPgTogether(pool, meter),
    meter,
    async connect() {
      const client = new Client(config);
      await client.connect();
      return client;
    },
    close: () => db.destroy(),
  };
}

/**
 * What every connection of ours is told at its start, before any statement can run: the form of instants, and that
 * the reading one must not write whatever anybody sends through it.
 */
function clientConfig(source: PostgresSource, access: Access, more: readonly string[]): ClientConfig {
  const url = new URL(source.url);
  if (source.password !== undefined) url.password = encodeURIComponent(source.password);
  const own = url.searchParams.get("options");
  url.searchParams.delete("options");
  if (source.tls !== undefined) url.searchParams.delete("sslmode");
  const readOnly = access === "read-only" ? "on" : "off";
  const settings = ["-c DateStyle=ISO", "-c TimeZone=UTC", `-c default_transaction_read_only=${readOnly}`, ...more];
  return {
    connectionString: url.href,
    ...(source.tls === undefined ? {} : { ssl: { ...source.tls } }),
    options: [...(own === null ? [] : [own]), ...settings].join(" "),
    statement_timeout: STATEMENT_TIMEOUT_MS,
    query_timeout: SILENCE_TIMEOUT_MS,
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    keepAlive: true,
    keepAliveInitialDelayMillis: KEEP_ALIVE_DELAY_MS,
    application_name: "worldline",
    types: { getTypeParser: (oid: number, format?: "text" | "binary") => parserOf(oid, format) },
  };
}

const parserOf = (oid: number, format: "text" | "binary" = "text"): ((text: string) => unknown) =>
  PARSERS.get(oid) ?? types.getTypeParser(oid, format);
