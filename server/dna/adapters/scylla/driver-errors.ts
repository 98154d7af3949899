import { errors, types } from "cassandra-driver";
import { messageOf, OpsError } from "#server/kernel/errors.ts";
import { tlsFault } from "#server/kernel/tls.ts";

const { responseErrorCodes: codes } = types;

/** Our own limit of a call was reached before the driver's. */
export class OutOfTime extends Error {}

/** Codes of the 2000s (hexadecimal) say that the statement as such was refused, before anything was done. */
const isRefusal = (code: number): boolean => code >= codes.syntaxError && code < 0x3000;
const HOSTS_IN_MESSAGE_MAX = 3;

/**
 * What the driver threw, for the rest of the program: `upstream-malformed` when the database is not what we take it for
 * (no such table, wrong column), `upstream-unavailable` for everything else it may answer or leave unanswered. What is
 * no error of the driver is a bug and comes back as it is.
 */
export function toOpsError(cause: unknown): unknown {
  if (cause instanceof OpsError) return cause;
  if (cause instanceof errors.NoHostAvailableError) {
    return new OpsError("upstream-unavailable", `No host of the database answers${hostsOf(cause)}`, { cause });
  }
  if (cause instanceof errors.ResponseError && isRefusal(cause.code) && cause.code !== codes.unauthorized) {
    return new OpsError("upstream-malformed", `The database refused the statement: ${messageOf(cause)}`, { cause });
  }
  if (cause instanceof OutOfTime) return new OpsError("upstream-unavailable", cause.message, { cause });
  if (isFromDriver(cause)) {
    return new OpsError("upstream-unavailable", `The database did not answer: ${messageOf(cause)}`, { cause });
  }
  return cause;
}

/**
 * Whether a conditional statement that ended so was certainly not applied: it reached no host, or a host refused the
 * statement as such. Every other error of a host may come after other replicas accepted the write, also "unavailable"
 * and "overloaded", which Cassandra may throw while it commits what was already decided.
 */
export function isCertainlyNotApplied(cause: unknown): boolean {
  if (cause instanceof errors.NoHostAvailableError || cause instanceof errors.BusyConnectionError) return true;
  if (cause instanceof errors.ResponseError) {
    return isRefusal(cause.code) || cause.code === codes.badCredentials;
  }
  return !(cause instanceof OutOfTime || isFromDriver(cause));
}

/** Errors of sockets are thrown as they came, with a mark. */
function isFromDriver(cause: unknown): boolean {
  if (cause instanceof errors.DriverError) return true;
  return cause instanceof Error && ("isSocketError" in cause || "syscall" in cause);
}

function hostsOf(cause: errors.NoHostAvailableError): string {
  const tried: unknown = cause.innerErrors;
  if (tried === null || typeof tried !== "object" || Object.keys(tried).length === 0) return "";
  const told = Object.entries(tried).map(
    ([host, why]) => `${host}: ${why === null ? "no answer" : (tlsFault(why) ?? messageOf(why))}`,
  );
  return ` (${told.slice(0, HOSTS_IN_MESSAGE_MAX).join("; ")})`;
}
