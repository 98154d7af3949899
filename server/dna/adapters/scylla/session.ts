import { type Client, policies, types } from "cassandra-driver";
import { type CasOutcome, RELEASE_BATCH_KEYS_MAX, type WriteOutcome } from "#server/dna/ports.ts";
import type { Clock } from "#server/kernel/clock.ts";
import { OpsError } from "#server/kernel/errors.ts";
import { readCasAnswer, readCasFailure, readWriteFailure } from "./cas.ts";
import { READ_TIMEOUT_MS } from "./client.ts";
import { OutOfTime, toOpsError } from "./driver-errors.ts";

/** Two hosts asked one after the other, and what is between them. */
const READ_LIMIT_MS = 4_500;
/** Longer than the database's own limits (1 to 2 s), so that its verdict arrives rather than our impatience. */
const CAS_TIMEOUT_MS = 5_000;
const CAS_LIMIT_MS = 6_000;
const CONNECT_LIMIT_MS = 4_500;
const CLOSE_LIMIT_MS = 2_000;
/** Hosts that are asked one by one for what only they know of themselves. */
export const HOSTS_ASKED_MAX = 64;
/** Rows of one page over the wire. */
const PAGE_ROWS = 5_000;

const CONSISTENCY = { quorum: types.consistencies.localQuorum, serial: types.consistencies.localSerial } as const;

export interface ReadRequest {
  readonly statement: string;
  readonly params: readonly unknown[];
  /** A result with more rows is an error, never cut. */
  readonly rowsMax: number;
  /** LOCAL_QUORUM unless said otherwise. */
  readonly consistency?: keyof typeof CONSISTENCY;
  /** Time for each page; 2 s unless said otherwise. */
  readonly pageTimeoutMs?: number;
  /** Rows of one page over the wire; 5,000 unless said otherwise. */
  readonly pageRows?: number;
}

export interface ReadPage {
  readonly rows: readonly types.Row[];
  readonly state: string | null;
}

export interface ConditionalStatement {
  readonly statement: string;
  readonly params: readonly unknown[];
}

/** Statements against one database, each bounded in time and rows, with the errors of the driver translated. */
export interface ScyllaSession {
  read(request: ReadRequest): Promise<readonly types.Row[]>;
  /**
   * One page, and the state to go on with; `null` = it was the last. A page may be short, or empty, with more to come.
   * A state is good for the same statement and parameters, of any host, for as long as the table stays as it is.
   */
  readPage(request: ReadRequest, state: string | null): Promise<ReadPage>;
  /** Every statement is asked of one and the same host. */
  readFromOneHost(requests: readonly ReadRequest[]): Promise<readonly (readonly types.Row[])[]>;
  /**
   * The same of every host of a data centre that is up, at most `HOSTS_ASKED_MAX`; `null` = it did not answer.
   */
  readFromEachHost(request: ReadRequest, dataCenter: string): Promise<readonly (readonly types.Row[] | null)[]>;
  /** One statement, or a batch of one partition: one round, all or nothing. Sent once. */
  conditional(statements: readonly ConditionalStatement[]): Promise<CasOutcome>;
  /** One statement without a condition, at the database's own time. Sent once. */
  write(statement: ConditionalStatement): Promise<WriteOutcome>;
  /** What the driver knows of the host at this address; `null` when it knows no such host. */
  isUp(address: string): boolean | null;
  close(): Promise<void>;
}

/** What a session needs of the driver. */
export type SessionClient = Pick<Client, "connect" | "execute" | "batch" | "shutdown" | "hosts">;

/** Connects with the first call, and again with every call until it succeeds. */
export function createSession(client: SessionClient, clock: Clock): ScyllaSession {
  let connecting: Promise<void> | undefined;
  let connected = false;
  let closing: Promise<void> | undefined;

  async function connect(): Promise<void> {
    if (closing !== undefined) throw new OpsError("upstream-unavailable", "The connection to the database was closed");
    if (connected) return;
    connecting ??= client
      .connect()
      .then(() => {
        connected = true;
      })
      .finally(() => {
        connecting = undefined;
      });
    await connecting;
  }

  /** Throws what the call throws, or `OutOfTime`; what is still on its way then is dropped when it comes. */
  async function within<T>(limitMs: number, call: () => Promise<T>): Promise<T> {
    const timer = new AbortController();
    const limit = clock.sleep(limitMs, timer.signal).then((): never => {
      throw new OutOfTime(`The database did not answer within ${limitMs / 1_000} s`);
    });
    try {
      return await Promise.race([call(), limit]);
    } finally {
      timer.abort();
    }
  }

  async function bounded<T>(limitMs: number, call: () => Promise<T>): Promise<T> {
    return within(limitMs, call).catch((cause: unknown) => {
      throw toOpsError(cause);
    });
  }

  async function page(request: ReadRequest, pageState: string | undefined, host: Host | undefined) {
    return client.execute(request.statement, [...request.params], {
      prepare: true,
      isIdempotent: true,
      consistency: CONSISTENCY[request.consistency ?? "quorum"],
      readTimeout: request.pageTimeoutMs ?? READ_TIMEOUT_MS,
      fetchSize: request.pageRows ?? PAGE_ROWS,
      ...(pageState === undefined ? {} : { pageState }),
      ...(host === undefined ? {} : { host }),
    });
  }

  /** Follows the paging state to its end: an empty page with more to come is normal on ScyllaDB. */
  async function allPages(request: ReadRequest, host?: Host): Promise<{ rows: readonly types.Row[]; from: string }> {
    const rows: types.Row[] = [];
    let state: string | undefined;
    for (;;) {
      const result = await page(request, state, host);
      rows.push(...result.rows);
      if (rows.length > request.rowsMax) {
        throw new OpsError("limit-exceeded", `The answer of the database has more than ${request.rowsMax} rows`);
      }
      state = result.pageState ?? undefined;
      if (state === undefined) return { rows, from: result.info.queriedHost };
    }
  }

  const limitOf = (request: ReadRequest): number => Math.max(READ_LIMIT_MS, 3 * (request.pageTimeoutMs ?? 0));

  return {
    read: (request) =>
      bounded(limitOf(request), async () => {
        await connect();
        return (await allPages(request)).rows;
      }),

    readPage: (request, state) =>
      bounded(limitOf(request), async () => {
        await connect();
        const result = await page(request, state ?? undefined, undefined);
        return { rows: result.rows, state: result.pageState ?? null };
      }),

    readFromOneHost: ([first, ...others]) =>
      bounded(READ_LIMIT_MS, async () => {
        if (first === undefined) return [];
        await connect();
        const { rows, from } = await allPages(first);
        const host = client.hosts.get(from);
        const rest = await Promise.all(others.map((request) => allPages(request, host)));
        return [rows, ...rest.map((result) => result.rows)];
      }),

    readFromEachHost: (request, dataCenter) =>
      bounded(limitOf(request), async () => {
        await connect();
        const hosts = client.hosts
          .values()
          .filter((host) => host.isUp() && host.datacenter === dataCenter)
          .slice(0, HOSTS_ASKED_MAX);
        const answers = await Promise.allSettled(hosts.map((host) => allPages(request, host)));
        return answers.map((answer) => (answer.status === "fulfilled" ? answer.value.rows : null));
      }),

    async conditional(statements) {
      if (statements.length === 0 || statements.length > RELEASE_BATCH_KEYS_MAX) {
        throw new OpsError("invalid-input", `A conditional round has 1 to ${RELEASE_BATCH_KEYS_MAX} statements`);
      }
      await bounded(CONNECT_LIMIT_MS, connect);
      try {
        const result = await within(CAS_LIMIT_MS, () => sendOnce(client, statements));
        return readCasAnswer(result, statements.length);
      } catch (cause) {
        return readCasFailure(cause);
      }
    },

    async write(statement) {
      await bounded(CONNECT_LIMIT_MS, connect);
      try {
        await within(CAS_LIMIT_MS, () => sendOnce(client, [statement]));
        return { kind: "applied" };
      } catch (cause) {
        return { kind: "unknown", reason: readWriteFailure(cause) };
      }
    },

    isUp: (address) => {
      const known = client.hosts?.values().find((host) => host.address.startsWith(`${address}:`));
      return known === undefined ? null : known.isUp();
    },

    close() {
      closing ??= shutDown();
      return closing;
    },
  };

  async function shutDown(): Promise<void> {
    const ended = (connecting ?? Promise.resolve())
      .catch(() => undefined) // it did not connect: there is nothing to close then, and its caller was told
      .then(() => client.shutdown());
    const limit = new AbortController();
    const patience = clock.sleep(CLOSE_LIMIT_MS, limit.signal).catch(() => undefined);
    await Promise.race([ended, patience]);
    limit.abort();
  }
}

type Host = NonNullable<ReturnType<Client["hosts"]["get"]>>;

/**
 * By itself the driver sends on to the next host what found too few replicas, whether or not that may be repeated. Too
 * few may be found while a decided write is committed: sent again it would be refused by its own effect.
 */
const NEVER_AGAIN = new policies.retry.FallthroughRetryPolicy();

/** Never idempotent, and without the driver's own retries, so that nothing sends it twice. */
function sendOnce(client: SessionClient, statements: readonly ConditionalStatement[]): Promise<types.ResultSet> {
  const options = { prepare: true, isIdempotent: false, readTimeout: CAS_TIMEOUT_MS, retry: NEVER_AGAIN };
  const [only] = statements;
  if (statements.length === 1 && only !== undefined) {
    return client.execute(only.statement, [...only.params], options);
  }
  const queries = statements.map(({ statement, params }) => ({ query: statement, params: [...params] }));
  return client.batch(queries, { ...options, logged: false });
}
