/** PostgreSQL under a stand-in world: a small pool for its statements and a connection of its own that listens. */
import { Kysely, PostgresDialect } from "kysely";
import { Client, Pool } from "pg";
import type { SqlDatabase } from "./sql-database.ts";

const POOL_SIZE = 4;
const CONNECT_TIMEOUT_MS = 5_000;

export interface PostgresDatabase extends SqlDatabase {
  /** `LISTEN "world:<id>"`; answers the way to end it. */
  listen(worldId: string, onNotify: () => void): Promise<() => Promise<void>>;
  close(): Promise<void>;
}

export function openPostgresDatabase(url: string): PostgresDatabase {
  const connection = { connectionString: url, connectionTimeoutMillis: CONNECT_TIMEOUT_MS };
  const pool = new Pool({ ...connection, max: POOL_SIZE });
  pool.on("error", () => undefined); // told again by whatever is asked next
  const db = new Kysely<Record<string, never>>({ dialect: new PostgresDialect({ pool }) });
  return {
    db,
    dialect: "postgres",
    async listen(worldId, onNotify) {
      const client = new Client(connection);
      client.on("error", () => undefined); // a world that is deaf still polls
      client.on("notification", onNotify);
      await client.connect();
      await client.query(`LISTEN ${client.escapeIdentifier(`world:${worldId}`)}`);
      return () => client.end();
    },
    close: () => db.destroy(),
  };
}
