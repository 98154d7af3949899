/** kysely over the thread that owns a SQLite file: one connection, lent to one caller at a time. */
import {
  CompiledQuery,
  type DatabaseConnection,
  type Dialect,
  type Driver,
  type QueryResult,
  SqliteAdapter,
  SqliteIntrospector,
  SqliteQueryCompiler,
} from "kysely";
import type { SqliteClient } from "./sqlite-client.ts";
import type { SqliteParameter } from "./sqlite-protocol.ts";

export const sqliteDialect = (client: SqliteClient): Dialect => ({
  createDriver: () => new SqliteThreadDriver(client),
  createQueryCompiler: () => new SqliteQueryCompiler(),
  createAdapter: () => new SqliteAdapter(),
  createIntrospector: (db) => new SqliteIntrospector(db),
});

class SqliteThreadConnection implements DatabaseConnection {
  readonly #client: SqliteClient;

  constructor(client: SqliteClient) {
    this.#client = client;
  }

  async executeQuery<R>(query: CompiledQuery): Promise<QueryResult<R>> {
    const rows = await this.#client.all(query.sql, query.parameters.map(toParameter));
    // Rows are parsed cell by cell by whoever asked.
    return { rows: rows as unknown as R[] };
  }

  // biome-ignore lint/correctness/useYield: the interface asks for a generator; nothing here streams
  async *streamQuery<R>(): AsyncIterableIterator<QueryResult<R>> {
    throw new Error("no statement of ours streams");
  }
}

class SqliteThreadDriver implements Driver {
  readonly #client: SqliteClient;
  readonly #connection: SqliteThreadConnection;
  #turn: Promise<void> = Promise.resolve();
  #release: () => void = () => undefined;

  constructor(client: SqliteClient) {
    this.#client = client;
    this.#connection = new SqliteThreadConnection(client);
  }

  async init(): Promise<void> {}

  /** Waits until whoever has the connection gives it back: a transaction must not mix with other statements. */
  async acquireConnection(): Promise<DatabaseConnection> {
    const before = this.#turn;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#turn = before.then(() => promise);
    await before;
    this.#release = resolve;
    return this.#connection;
  }

  /** At once the writer, so that it cannot fail half-way for want of the lock. */
  async beginTransaction(connection: DatabaseConnection): Promise<void> {
    await connection.executeQuery(CompiledQuery.raw("begin immediate"));
  }

  async commitTransaction(connection: DatabaseConnection): Promise<void> {
    await connection.executeQuery(CompiledQuery.raw("commit"));
  }

  async rollbackTransaction(connection: DatabaseConnection): Promise<void> {
    await connection.executeQuery(CompiledQuery.raw("rollback"));
  }

  async releaseConnection(): Promise<void> {
    this.#release();
  }

  async destroy(): Promise<void> {
    await this.#client.close();
  }
}

function toParameter(value: unknown): SqliteParameter {
  if (value === null || value === undefined) return null;
  if (typeof value === "number" || typeof value === "bigint" || typeof value === "string") return value;
  if (typeof value === "boolean") return value ? 1 : 0;
  if (value instanceof Uint8Array) return value;
  throw new TypeError(`no SQLite parameter: ${typeof value}`);
}
