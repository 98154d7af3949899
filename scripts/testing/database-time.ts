import { createConnection, type RowDataPacket } from "mysql2/promise";
import { Client } from "pg";

const CONNECT_TIMEOUT_MS = 5_000;

/** What a PostgreSQL server itself says of the load on one of its databases. For tests and benchmarks. */
export interface DatabaseTime {
  /**
   * Milliseconds that sessions of this database have spent executing statements since ever (`pg_stat_database`, from
   * PostgreSQL 14 on). Sessions report at most once a second, so it lags by that much.
   */
  activeMs(): Promise<number>;
  /** How often the table was read from its first block to its last, since ever. */
  wholeScans(table: string): Promise<number>;
  close(): Promise<void>;
}

/** `url` is that of the database. It is watched from another one, so that watching is no load on it. */
export async function watchDatabaseTime(url: string): Promise<DatabaseTime> {
  const elsewhere = new URL(url);
  const database = decodeURIComponent(elsewhere.pathname.slice(1));
  elsewhere.pathname = "/postgres";
  const client = new Client({ connectionString: elsewhere.href, connectionTimeoutMillis: CONNECT_TIMEOUT_MS });
  const inside = new Client({ connectionString: url, connectionTimeoutMillis: CONNECT_TIMEOUT_MS });
  await client.connect();
  await inside.connect();
  return {
    async activeMs() {
      const { rows } = await client.query("select active_time from pg_stat_database where datname = $1", [database]);
      return Number(rows[0]?.active_time);
    },
    async wholeScans(table) {
      const { rows } = await inside.query("select seq_scan from pg_stat_user_tables where relname = $1", [table]);
      return Number(rows[0]?.seq_scan);
    },
    async close() {
      await Promise.all([client.end(), inside.end()]);
    },
  };
}

/**
 * The same on MariaDB, for one user (`information_schema.user_statistics`; switches `userstat` on). Rows that were read of a
 * table stand for whole scans of it, which MariaDB does not count by table.
 */
export async function watchMariadbTime(rootUrl: string, user: string): Promise<Omit<DatabaseTime, "wholeScans">> {
  const connection = await createConnection({ uri: rootUrl, connectTimeout: CONNECT_TIMEOUT_MS });
  await connection.query("set global userstat = 1");
  return {
    async activeMs() {
      const [rows] = await connection.query<RowDataPacket[]>(
        "select busy_time as busy from information_schema.user_statistics where user = ?",
        [user],
      );
      return Number(rows[0]?.busy ?? 0) * 1_000;
    },
    close: () => connection.end(),
  };
}

/** The share of the database's time that goes into statements while `work` lasts: 0.01 = 1 % of one processor's time. */
export async function shareDuring(time: Pick<DatabaseTime, "activeMs">, work: () => Promise<void>): Promise<number> {
  const [before, start] = [await time.activeMs(), performance.now()];
  await work();
  return ((await time.activeMs()) - before) / (performance.now() - start);
}
