import { messageOf, OpsError, type OpsErrorCode } from "#server/kernel/errors.ts";
import { tlsFault } from "#server/kernel/tls.ts";

/** Error numbers of the server, the same in MySQL and MariaDB but for the time-out of a statement. */
const CODES: ReadonlyMap<number, OpsErrorCode> = new Map<number, OpsErrorCode>([
  [1040, "upstream-unavailable"], // too many connections
  [1044, "upstream-unavailable"], // access to the database denied
  [1045, "upstream-unavailable"], // access denied
  [1049, "upstream-unavailable"], // unknown database
  [1053, "upstream-unavailable"], // shutting down
  [1130, "upstream-unavailable"], // this host may not connect
  [1203, "upstream-unavailable"], // the user has too many connections
  [1205, "upstream-unavailable"], // waited too long for a lock
  [1213, "upstream-unavailable"], // deadlock
  [1226, "upstream-unavailable"], // the user is over a limit
  [1317, "upstream-unavailable"], // interrupted
  [1927, "upstream-unavailable"], // connection killed (MariaDB)
  [1969, "upstream-unavailable"], // longer than max_statement_time (MariaDB)
  [3024, "upstream-unavailable"], // longer than max_execution_time (MySQL)
  [1142, "refused"], // no right to this table
  [1143, "refused"], // no right to this column
  [1227, "refused"], // no such privilege
  [1290, "refused"], // the server is read-only
  [1792, "refused"], // the transaction is read-only
  [1366, "invalid-input"], // text that is no text of the column's character set
]);

interface ServerError {
  readonly errno: number;
  readonly sqlState: string;
}

/** What the server itself answered, as against what happened on the way. */
function answerOf(cause: unknown): ServerError | null {
  if (!(cause instanceof Error) || !("errno" in cause) || !("sqlState" in cause)) return null;
  const { errno, sqlState } = cause;
  return typeof errno === "number" && typeof sqlState === "string" ? { errno, sqlState } : null;
}

/** Translates what mysql2 threw. Anything that is no answer of the server means that nobody answered. */
export function mysqlOpsError(cause: unknown): OpsError {
  const answer = answerOf(cause);
  if (answer === null) {
    const words = tlsFault(cause);
    const text = words === null ? `MySQL did not answer: ${messageOf(cause)}` : `MySQL: ${words}`;
    return new OpsError("upstream-unavailable", text, { cause });
  }
  return new OpsError(
    CODES.get(answer.errno) ?? "upstream-malformed",
    `MySQL answered ${answer.errno}: ${messageOf(cause)}`,
    {
      cause,
      details: { errno: answer.errno, sqlState: answer.sqlState },
    },
  );
}

/** Whether a connection must not be used again: only an answer of the server leaves it in a known state. */
export const breaksConnection = (cause: unknown): boolean =>
  answerOf(cause) === null || (cause instanceof Error && "fatal" in cause && cause.fatal === true);
