/** Statements against one database, each bounded in time and rows, with the errors of the driver translated. */
import { type Client, errors, policies, types } from "cassandra-driver";
import { messageOf, OpsError } from "#server/kernel/errors.ts";
import { tlsFault } from "#server/kernel/tls.ts";
import { CALL_TIMEOUT_MS } from "./client.ts";

/** Two hosts asked one after the other, and connecting before. */
const CALL_LIMIT_MS = 12_000;
const DEFINE_LIMIT_MS = 60_000;
const CLOSE_LIMIT_MS = 2_000;
/** Rows of one page over the wire. */
const PAGE_ROWS = 1_000;
const READ_ROWS_MAX = 110_000;
const { responseErrorCodes: codes } = types;

export interface Statement {
  readonly query: string;
  readonly params: readonly unknown[];
}

/** What became of a conditional write. `unknown`: it may have been applied, or may yet be. */
export type Outcome =
  | { readonly kind: "applied" }
  | { readonly kind: "rejected" }
  | { readonly kind: "unknown"; readonly cause: unknown };

export interface ReadOptions {
  /** Sees every conditional write that was answered, and settles those under way. */
  readonly serial?: boolean;
}

/** Every call throws `OpsError` `journal-unavailable` when the database does not do it. */
export interface Cql {
  read(statement: Statement, options?: ReadOptions): Promise<readonly types.Row[]>;
  /** One statement, or a batch of one partition: one round, all or nothing. Sent once. Throws when certainly not applied. */
  conditional(statements: readonly Statement[]): Promise<Outcome>;
  /** Unconditional and repeatable; several must be of one partition. */
  write(statements: readonly Statement[]): Promise<void>;
  /** Makes a keyspace or a table. */
  define(text: string): Promise<void>;
  close(): Promise<void>;
}

/** Connects with the first call, and again with every call until it succeeds. */
export function createCql(client: Pick<Client, "connect" | "execute" | "batch" | "shutdown">): Cql {
  let connecting: Promise<void> | null = null;
  let isConnected = false;
  let closing: Promise<void> | null = null;

  async function connect(): Promise<void> {
    if (closing !== null) throw new OpsError("journal-unavailable", "The journal is closed");
    if (isConnected) return;
    connecting ??= client
      .connect()
      .then(() => {
        isConnected = true;
      })
      .finally(() => {
        connecting = null;
      });
    await connecting;
  }

  async function call<T>(limitMs: number, work: () => Promise<T>): Promise<T> {
    try {
      return await within(limitMs, async () => {
        await connect();
        return work();
      });
    } catch (cause) {
      throw unavailable(cause);
    }
  }

  return {
    read: ({ query, params }, { serial = false } = {}) =>
      call(CALL_LIMIT_MS, async () => {
        const rows: types.Row[] = [];
        let pageState: string | undefined;
        do {
          const result: types.ResultSet = await client.execute(query, [...params], {
            isIdempotent: true,
            fetchSize: PAGE_ROWS,
            ...(serial ? { consistency: types.consistencies.localSerial } : {}),
            ...(pageState === undefined ? {} : { pageState }),
          });
          for (const row of result.rows) rows.push(row);
          if (rows.length > READ_ROWS_MAX) throw new OpsError("limit-exceeded", "Too many rows at once");
          pageState = result.pageState ?? undefined;
        } while (pageState !== undefined);
        return rows;
      }),

    async conditional(statements) {
      await call(CALL_LIMIT_MS, async () => undefined);
      try {
        return outcomeOf(await within(CALL_TIMEOUT_MS + 1_000, () => sendOnce(client, statements)));
      } catch (cause) {
        if (isCertainlyNotApplied(cause)) throw unavailable(cause);
        return { kind: "unknown", cause };
      }
    },

    write: (statements) =>
      call(CALL_LIMIT_MS, async () => {
        const [only] = statements;
        if (only === undefined) return;
        if (statements.length === 1) await client.execute(only.query, [...only.params], { isIdempotent: true });
        else await client.batch(queriesOf(statements), { prepare: true, logged: false, isIdempotent: true });
      }),

    define: (text) =>
      call(DEFINE_LIMIT_MS, async () => {
        await client.execute(text, [], { prepare: false, readTimeout: DEFINE_LIMIT_MS });
      }),

    close() {
      closing ??= within(CLOSE_LIMIT_MS, () => client.shutdown()).catch((cause: unknown) => {
        // Its sockets end with the process.
        if (!(cause instanceof OutOfTime)) throw unavailable(cause);
      });
      return closing;
    },
  };
}

/** Our own limit of a call was reached before the driver's. */
class OutOfTime extends Error {}

async function within<T>(limitMs: number, work: () => Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const limit = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new OutOfTime(`no answer within ${limitMs / 1_000} s`)), limitMs);
  });
  try {
    return await Promise.race([work(), limit]);
  } finally {
    clearTimeout(timer);
  }
}

const queriesOf = (statements: readonly Statement[]) =>
  statements.map(({ query, params }) => ({ query, params: [...params] }));

/** The driver goes on to the next host by itself when too few replicas are found, whether or not that may be repeated. */
const NEVER_AGAIN = new policies.retry.FallthroughRetryPolicy();

/** Never idempotent and never retried, so that no policy of the driver sends it twice. */
function sendOnce(
  client: Pick<Client, "execute" | "batch">,
  statements: readonly Statement[],
): Promise<types.ResultSet> {
  const [only] = statements;
  if (statements.length === 1 && only !== undefined)
    return client.execute(only.query, [...only.params], { isIdempotent: false, retry: NEVER_AGAIN });
  return client.batch(queriesOf(statements), {
    prepare: true,
    logged: false,
    isIdempotent: false,
    retry: NEVER_AGAIN,
  });
}

/** The column itself is read: the driver's `wasApplied()` answers true for an answer without it. */
function outcomeOf(result: types.ResultSet): Outcome {
  const row: types.Row | null = result.first();
  const applied: unknown = row?.["[applied]"];
  if (applied === true) return { kind: "applied" };
  if (applied === false) return { kind: "rejected" };
  return { kind: "unknown", cause: new Error("the answer does not say whether it was applied") };
}

/** Codes of the 2000s (hexadecimal) say that the statement as such was refused, before anything was done. */
const isRefusal = (code: number): boolean => code >= codes.syntaxError && code < 0x3000;

/** Every other error of a host may come after replicas accepted the write. */
function isCertainlyNotApplied(cause: unknown): boolean {
  if (cause instanceof errors.NoHostAvailableError || cause instanceof errors.BusyConnectionError) return true;
  if (cause instanceof errors.ResponseError) return isRefusal(cause.code) || cause.code === codes.badCredentials;
  return cause instanceof TypeError;
}

function unavailable(cause: unknown): OpsError {
  if (cause instanceof OpsError) return cause;
  return new OpsError(
    "journal-unavailable",
    `The journal's database did not do it: ${tlsFault(cause) ?? messageOf(cause)}`,
    { cause },
  );
}
