import { DatabaseError } from "pg";
import { messageOf, OpsError, type OpsErrorCode } from "#server/kernel/errors.ts";
import { tlsFault } from "#server/kernel/tls.ts";

/** SQLSTATE, by code or by class: messages are in the server's language and are never looked at. */
const CODES: ReadonlyMap<string, OpsErrorCode> = new Map<string, OpsErrorCode>([
  ["08", "upstream-unavailable"],
  ["28", "upstream-unavailable"],
  ["3D", "upstream-unavailable"],
  ["53", "upstream-unavailable"],
  ["55", "upstream-unavailable"],
  ["57", "upstream-unavailable"],
  ["40", "upstream-unavailable"],
  ["25006", "refused"],
  ["42501", "refused"],
  ["22021", "invalid-input"],
]);

/** Translates what pg threw. Anything that is no answer of the server means that nobody answered. */
export function pgOpsError(cause: unknown): OpsError {
  if (!(cause instanceof DatabaseError)) {
    const words = tlsFault(cause);
    const text = words === null ? `PostgreSQL did not answer: ${messageOf(cause)}` : `PostgreSQL: ${words}`;
    return new OpsError("upstream-unavailable", text, { cause });
  }
  const state = cause.code ?? "";
  const code = CODES.get(state) ?? CODES.get(state.slice(0, 2)) ?? "upstream-malformed";
  return new OpsError(code, `PostgreSQL answered ${state}: ${messageOf(cause)}`, {
    cause,
    details: { sqlState: state },
  });
}

/** Whether a connection must not be used again: only an answer of the server leaves it in a known state. */
export const breaksConnection = (cause: unknown): boolean =>
  !(cause instanceof DatabaseError) || cause.severity === "FATAL" || cause.severity === "PANIC";
