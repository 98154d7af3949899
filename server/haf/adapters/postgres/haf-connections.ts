/** Connections to one HAF database. No session of theirs can write, wait for a lock, or take long. */
import type { ConnectionOptions } from "node:tls";
import { Pool, type PoolClient, type PoolConfig } from "pg";
import { z } from "zod";
import { OpsError } from "#server/kernel/errors.ts";
import { breaksConnection } from "./haf-errors.ts";

/** At most so many at once: HAF's own processes need the rest. */
const CONNECTIONS_MAX = 2;
/** No statement runs longer on the server: long ones would keep the rows that HAF updates at each iteration. */
const STATEMENT_TIMEOUT_MS = 2_000;
/** While indexes or keys change, tables are locked for long: a read gives up soon, and says so. */
const LOCK_TIMEOUT_MS = 200;
/** A server that says nothing at all (stopped, cut off) is given up after this, and the connection thrown away. */
const SILENCE_TIMEOUT_MS = 2_300;
const CONNECT_TIMEOUT_MS = 2_000;
const KEEP_ALIVE_DELAY_MS = 10_000;
const IDLE_TIMEOUT_MS = 60_000;
const FAREWELL_TIMEOUT_MS = 500;

export interface HafSource {
  /** `postgres://user@host:port/haf_block_log`. */
  readonly url: string;
  /** Beside the url, so that it can come from elsewhere. */
  readonly password?: string;
  /** In full, as Node's TLS takes it; what the url says of TLS counts for nothing then. */
  readonly tls?: ConnectionOptions;
}

export interface HafConnections {
  /**
   * One statement in a transaction of its own, each row as `row` has it.
   * @throws what pg threw; `OpsError` `upstream-malformed` for a row that is different
   */
  ask<T>(statement: string, row: z.ZodType<T>, parameters?: readonly string[]): Promise<readonly T[]>;
  /** Grows with each new connection: what was found out before may hold no longer. */
  generation(): number;
  /** Zone that sessions of this role begin in, hence most likely that of who writes. */
  startZone(): string;
  close(): Promise<void>;
}

export function openHafConnections(source: HafSource, max = CONNECTIONS_MAX): HafConnections {
  const pool = new Pool({ ...configOf(source), max });
  let generation = 0;
  let zone = "";
  // A pooled connection that dies while idle is replaced at its next use, and the statement then tells what is wrong.
  pool.on("error", () => undefined);
  const begun = new WeakSet<PoolClient>();
  async function begin(client: PoolClient): Promise<void> {
    if (begun.has(client)) return;
    const { rows } = await client.query("SHOW TimeZone");
    await client.query("SET TimeZone TO 'UTC'");
    zone = String(rows[0]?.TimeZone ?? "");
    generation += 1;
    begun.add(client);
  }
  return {
    async ask(statement, row, parameters = []) {
      const client = await pool.connect();
      const rows = await released(client, async () => {
        await begin(client);
        return (await client.query({ text: statement, values: [...parameters] })).rows;
      });
      const parsed = z.array(row).safeParse(rows);
      if (parsed.success) return parsed.data;
      const [issue] = parsed.error.issues;
      const where = `${issue?.path.slice(1).join(".") ?? ""}: ${issue?.message ?? ""}`;
      throw new OpsError("upstream-malformed", `HAF's tables hold what is not understood: ${where}`, {
        cause: parsed.error,
      });
    },
    generation: () => generation,
    startZone: () => zone,
    close: () => endOf(pool),
  };
}

/** Gives the client back after the work, or throws it away when its state is not known. */
async function released<T>(client: PoolClient, work: () => Promise<T>): Promise<T> {
  let broken = false;
  const onError = (): void => {
    broken = true;
  };
  client.on("error", onError);
  try {
    return await work();
  } catch (cause) {
    broken ||= breaksConnection(cause);
    throw cause;
  } finally {
    client.off("error", onError);
    client.release(broken);
  }
}

/** What every connection is told at its start, before any statement can run. */
function configOf(source: HafSource): PoolConfig {
  const url = new URL(source.url);
  if (source.password !== undefined) url.password = encodeURIComponent(source.password);
  const own = url.searchParams.get("options");
  url.searchParams.delete("options");
  if (source.tls !== undefined) url.searchParams.delete("sslmode");
  const settings = [
    "-c DateStyle=ISO",
    "-c search_path=pg_catalog",
    "-c default_transaction_read_only=on",
    `-c lock_timeout=${LOCK_TIMEOUT_MS}`,
  ];
  return {
    connectionString: url.href,
    ...(source.tls === undefined ? {} : { ssl: { ...source.tls } }),
    options: [...(own === null ? [] : [own]), ...settings].join(" "),
    statement_timeout: STATEMENT_TIMEOUT_MS,
    query_timeout: SILENCE_TIMEOUT_MS,
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    idleTimeoutMillis: IDLE_TIMEOUT_MS,
    keepAlive: true,
    keepAliveInitialDelayMillis: KEEP_ALIVE_DELAY_MS,
    application_name: "worldline",
  };
}

/** A server that says nothing never confirms a farewell either. */
async function endOf(pool: Pool): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const patience = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, FAREWELL_TIMEOUT_MS);
  });
  await Promise.race([pool.end(), patience]);
  clearTimeout(timer);
}
