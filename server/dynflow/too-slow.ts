import { OpsError } from "#server/kernel/errors.ts";

/** As our adapters tell of a statement that was given up: PostgreSQL, MariaDB and MySQL, the thread of SQLite. */
const GIVEN_UP = /answered (57014|1969|3024)\b|no answer within/;

/** Whether a read failed because it took longer than a statement may, rather than because nobody is there. */
export const isTooSlow = (cause: unknown): boolean =>
  cause instanceof OpsError && cause.code === "upstream-unavailable" && GIVEN_UP.test(cause.message);

/** The same read, told as a bound that was met instead of a database that is away. */
export async function boundedRead<T>(what: string, read: () => Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (cause) {
    if (!isTooSlow(cause)) throw cause;
    throw new OpsError("limit-exceeded", `${what} takes longer than a statement may: narrow it`, { cause });
  }
}
