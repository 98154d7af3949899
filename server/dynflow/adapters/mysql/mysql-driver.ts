/** kysely over a mysql2 pool, with rules of our own: prepared statements only, and no use of a connection in doubt. */
import { Socket } from "node:net";
import {
  CompiledQuery,
  type DatabaseConnection,
  type Dialect,
  type Driver,
  MysqlAdapter,
  MysqlIntrospector,
  MysqlQueryCompiler,
  type QueryResult,
} from "kysely";
import type { Pool, PoolConnection, ResultSetHeader, RowDataPacket } from "mysql2/promise";
import { breaksConnection } from "./mysql-errors.ts";
import { portWrite, rowsOf } from "./portable-writes.ts";

/** A server that says nothing never confirms a farewell either. */
const FAREWELL_TIMEOUT_MS = 500;

export interface MysqlDriverOptions {
  readonly pool: Pool;
  /** A server that says nothing at all (stopped, cut off) is given up after this, and the connection thrown away. */
  readonly silenceTimeoutMs: number;
  /** What every connection is told before its first statement. */
  settle(run: (sql: string) => Promise<readonly RowDataPacket[]>): Promise<void>;
}

export const mysqlDialect = (options: MysqlDriverOptions): Dialect => ({
  createDriver: () => new MysqlPoolDriver(options),
  createQueryCompiler: () => new MysqlQueryCompiler(),
  createAdapter: () => new MysqlAdapter(),
  createIntrospector: (db) => new MysqlIntrospector(db),
});

class MysqlConnection implements DatabaseConnection {
  readonly #client: PoolConnection;
  readonly #silenceTimeoutMs: number;
  #broken = false;

  constructor(client: PoolConnection, silenceTimeoutMs: number) {
    this.#client = client;
    this.#silenceTimeoutMs = silenceTimeoutMs;
    client.on("error", this.#onError);
  }

  readonly #onError = (): void => {
    this.#broken = true;
  };

  async executeQuery<R>(query: CompiledQuery): Promise<QueryResult<R>> {
    const ported = portWrite(query.sql);
    const answer = await this.run(ported?.sql ?? query.sql, query.parameters.map(toParameter));
    if (Array.isArray(answer)) return { rows: answer as unknown as R[] };
    const rows = ported === null || ported.rows === null ? [] : rowsOf(ported.rows, answer);
    return { rows: rows as unknown as R[], numAffectedRows: BigInt(answer.affectedRows) };
  }

  async run(sql: string, values: MysqlParameter[] = []): Promise<RowDataPacket[] | ResultSetHeader> {
    // The driver's own time-out leaves out the preparing of a statement.
    let timer: NodeJS.Timeout | undefined;
    const silence = new Promise<never>((_resolve, reject) => {
      timer = setTimeout(
        () => reject(new Error(`no answer within ${this.#silenceTimeoutMs} ms`)),
        this.#silenceTimeoutMs,
      );
    });
    try {
      const asked = this.#client.execute<RowDataPacket[] | ResultSetHeader>({ sql, values });
      const [answer] = await Promise.race([asked, silence]);
      return answer;
    } catch (cause) {
      this.#broken ||= breaksConnection(cause);
      throw cause;
    } finally {
      clearTimeout(timer);
    }
  }

  // biome-ignore lint/correctness/useYield: the interface asks for a generator; nothing here streams
  async *streamQuery<R>(): AsyncIterableIterator<QueryResult<R>> {
    throw new Error("no statement of ours streams");
  }

  release(): void {
    this.#client.off("error", this.#onError);
    if (this.#broken) discard(this.#client);
    else this.#client.release();
  }
}

/** A farewell would wait for a server that says nothing, and what it is still being asked for would wait with it. */
function discard(client: PoolConnection): void {
  client.destroy();
  const connection: object = client.connection;
  if ("stream" in connection && connection.stream instanceof Socket) connection.stream.destroy();
}

class MysqlPoolDriver implements Driver {
  readonly #options: MysqlDriverOptions;
  /** Connections that were told what we want of them. */
  readonly #settled = new WeakSet<object>();

  constructor(options: MysqlDriverOptions) {
    this.#options = options;
  }

  async init(): Promise<void> {}

  async acquireConnection(): Promise<MysqlConnection> {
    const { pool, silenceTimeoutMs, settle } = this.#options;
    const client = await pool.getConnection();
    const connection = new MysqlConnection(client, silenceTimeoutMs);
    if (this.#settled.has(client.connection)) return connection;
    try {
      await settle(async (sql) => {
        const answer = await connection.run(sql);
        return Array.isArray(answer) ? answer : [];
      });
    } catch (cause) {
      discard(client);
      throw cause;
    }
    this.#settled.add(client.connection);
    return connection;
  }

  async beginTransaction(connection: DatabaseConnection): Promise<void> {
    await connection.executeQuery(CompiledQuery.raw("start transaction"));
  }

  async commitTransaction(connection: DatabaseConnection): Promise<void> {
    await connection.executeQuery(CompiledQuery.raw("commit"));
  }

  async rollbackTransaction(connection: DatabaseConnection): Promise<void> {
    await connection.executeQuery(CompiledQuery.raw("rollback"));
  }

  async releaseConnection(connection: DatabaseConnection): Promise<void> {
    if (connection instanceof MysqlConnection) connection.release();
  }

  async destroy(): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    const patience = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, FAREWELL_TIMEOUT_MS);
    });
    await Promise.race([this.#options.pool.end(), patience]);
    clearTimeout(timer);
  }
}

type MysqlParameter = string | number | bigint | boolean | Buffer | null;

function toParameter(value: unknown): MysqlParameter {
  if (value === null || value === undefined) return null;
  if (typeof value === "number" || typeof value === "bigint") return value;
  if (typeof value === "string" || typeof value === "boolean") return value;
  if (value instanceof Uint8Array) return Buffer.from(value.buffer, value.byteOffset, value.byteLength);
  throw new TypeError(`no MySQL parameter: ${typeof value}`);
}
