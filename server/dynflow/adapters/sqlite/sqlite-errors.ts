import { messageOf, OpsError, type OpsErrorCode } from "#server/kernel/errors.ts";

/** A failure inside the thread, with SQLite's primary result code where it was SQLite's. */
export class SqliteFailure extends Error {
  readonly resultCode: number | null;
  constructor(message: string, resultCode: number | null) {
    super(message);
    this.name = "SqliteFailure";
    this.resultCode = resultCode;
  }
}

/** Source: sqlite.org/rescode.html, primary result codes. */
const CODES: ReadonlyMap<number, OpsErrorCode> = new Map<number, OpsErrorCode>([
  [5, "upstream-unavailable"], // BUSY
  [6, "upstream-unavailable"], // LOCKED
  [8, "refused"], // READONLY
  [10, "upstream-unavailable"], // IOERR
  [13, "upstream-unavailable"], // FULL
  [14, "upstream-unavailable"], // CANTOPEN
]);

/** Translates what the thread told, or why it told nothing. */
export function sqliteOpsError(cause: unknown): OpsError {
  if (!(cause instanceof SqliteFailure) || cause.resultCode === null) {
    return new OpsError("upstream-unavailable", `SQLite did not answer: ${messageOf(cause)}`, { cause });
  }
  const code = CODES.get(cause.resultCode) ?? "upstream-malformed";
  const details = { resultCode: cause.resultCode };
  return new OpsError(code, `SQLite answered ${cause.resultCode}: ${messageOf(cause)}`, { cause, details });
}
