/** Connections to one Dynflow database on MySQL or MariaDB. */
import { connect, isIP, type Socket } from "node:net";
import { Kysely } from "kysely";
import { createPool, type PoolOptions } from "mysql2/promise";
import type { Database, Together } from "#server/dynflow/adapters/sql/differences.ts";
import { oneByOne } from "#server/dynflow/adapters/sql/one-by-one.ts";
import { createStatementMeter, meteredBy, type StatementMeter } from "#server/dynflow/adapters/sql/statement-meter.ts";
import { mysqlDialect } from "./mysql-driver.ts";

/** No statement runs longer on the server. */
export const STATEMENT_TIMEOUT_MS = 2_000;
/** A server that says nothing at all (stopped, cut off) is given up after this, and the connection thrown away. */
const SILENCE_TIMEOUT_MS = 2_300;
const CONNECT_TIMEOUT_MS = 2_000;
const KEEP_ALIVE_DELAY_MS = 10_000;
const DEFAULT_PORT = 3_306;
/** Statements that a connection keeps prepared: the server has room for some thousands, for all who use it. */
const PREPARED_STATEMENTS_MAX = 200;

export interface MysqlTls {
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
  readonly minVersion?: "TLSv1.2";
}

export interface MysqlSource {
  /** `mysql://user@host:port/database`, or `mariadb://`. */
  readonly url: string;
  /** Beside the url, so that it can come from elsewhere. */
  readonly password?: string;
  /** PEM texts; in the clear when left out. The certificate is always checked. */
  readonly tls?: MysqlTls;
  /** Name that the certificate has to be for; the host of the url when left out. */
  readonly serverName?: string;
}

export type Access = "read-only" | "read-write";

export interface MysqlConnections {
  readonly db: Database;
  readonly together: Together;
  readonly meter: StatementMeter;
  close(): Promise<void>;
}

export function openMysqlConnections(source: MysqlSource, access: Access, max: number): MysqlConnections {
  const pool = createPool({ ...poolOptions(source), connectionLimit: max, maxIdle: max });
  const meter = createStatementMeter();
  const settle = async (run: Settling): Promise<void> => {
    const [row] = await run("select version() as version");
    for (const statement of settings(String(row?.version ?? ""), access)) await run(statement);
  };
  const db: Database = new Kysely<Record<string, never>>({
    dialect: mysqlDialect({ pool, silenceTimeoutMs: SILENCE_TIMEOUT_MS, settle }),
    log: meteredBy(meter),
  });
  return { db, meter, together: oneByOne(db), close: () => db.destroy() };
}

type Settling = (sql: string) => Promise<readonly Readonly<Record<string, unknown>>[]>;

export const isMariadb = (version: string): boolean => /mariadb/i.test(version);

/** How the server is told to give up a statement of this session; MySQL does so for SELECT alone. */
export const statementTimeout = (version: string, ms: number): string =>
  isMariadb(version) ? `set session max_statement_time = ${ms / 1_000}` : `set session max_execution_time = ${ms}`;

/**
 * What every connection of ours is told at its start: UTC (though no column of Dynflow's moves with the zone), how text
 * and errors are taken, and that the reading one must not write whatever anybody sends through it.
 */
const settings = (version: string, access: Access): readonly string[] => [
  "set session time_zone = '+00:00', session sql_mode = 'STRICT_TRANS_TABLES,NO_ENGINE_SUBSTITUTION'",
  statementTimeout(version, STATEMENT_TIMEOUT_MS),
  `set session innodb_lock_wait_timeout = ${Math.ceil(STATEMENT_TIMEOUT_MS / 1_000)}`,
  `set session transaction ${access === "read-only" ? "read only" : "read write"}`,
];

function poolOptions(source: MysqlSource): PoolOptions {
  const url = new URL(source.url);
  const password = source.password ?? decodeURIComponent(url.password);
  const host = url.hostname.replace(/^\[|\]$/g, "");
  const port = url.port === "" ? DEFAULT_PORT : Number(url.port);
  return {
    host,
    port,
    user: decodeURIComponent(url.username),
    password,
    database: decodeURIComponent(url.pathname.slice(1)),
    charset: "utf8mb4_bin",
    // Instants stay text: mysql2 would read them as local time, but Dynflow's hold UTC.
    dateStrings: true,
    // JSON stays text too: it is decoded where every other cell is, with all its digits.
    jsonStrings: true,
    supportBigNumbers: true,
    bigNumberStrings: false,
    decimalNumbers: true,
    multipleStatements: false,
    connectTimeout: CONNECT_TIMEOUT_MS,
    enableKeepAlive: true,
    keepAliveInitialDelay: KEEP_ALIVE_DELAY_MS,
    maxPreparedStatements: PREPARED_STATEMENTS_MAX,
    ...(source.tls === undefined ? {} : tlsOf(source.tls, { host, port, name: source.serverName ?? host })),
  };
}

/**
 * The driver sends, and checks, what it takes to be the host. So that is the expected name, and the way to the host itself
 * is a socket of ours. An address is no name to it: Node then goes by the name that the socket was opened with.
 */
function tlsOf(
  { ca, cert, key, minVersion }: MysqlTls,
  { host, port, name }: { readonly host: string; readonly port: number; readonly name: string },
): PoolOptions {
  const stream = (): Socket => {
    const socket = connect({ host, port, noDelay: true, keepAlive: true, keepAliveInitialDelay: KEEP_ALIVE_DELAY_MS });
    return isIP(name) === 0 ? socket : Object.assign(socket, { _host: name });
  };
  const ssl = {
    rejectUnauthorized: true,
    verifyIdentity: true,
    ...(minVersion === undefined ? {} : { minVersion }),
    ...(ca === undefined ? {} : { ca }),
    ...(cert === undefined ? {} : { cert }),
    ...(key === undefined ? {} : { key }),
  };
  return { host: name, stream, ssl };
}
