/** One code for each different reaction of a caller. */
export const OPS_ERROR_CODES = [
  "invalid-input",
  "not-authenticated",
  "not-permitted",
  "not-found",
  "conflict",
  "refused",
  "limit-exceeded",
  "upstream-unavailable",
  "upstream-malformed",
  "journal-unavailable",
  "cancelled",
] as const;
export type OpsErrorCode = (typeof OPS_ERROR_CODES)[number];

/**
 * The one error class that crosses module boundaries.
 *
 * `message` is for people and may reach the wire; `details` goes to the log only; `reasons` are shown one by one
 * (why a failover is refused, which expectations moved).
 */
export class OpsError extends Error {
  readonly code: OpsErrorCode;
  readonly details: Readonly<Record<string, unknown>>;
  readonly reasons: readonly string[];

  constructor(
    code: OpsErrorCode,
    message: string,
    options: {
      readonly cause?: unknown;
      readonly details?: Readonly<Record<string, unknown>>;
      readonly reasons?: readonly string[];
    } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = "OpsError";
    this.code = code;
    this.details = options.details ?? {};
    this.reasons = options.reasons ?? [];
  }
}

/** For the `default` of an exhaustive switch. */
export function unreachable(value: never): never {
  throw new Error(`unreachable: ${JSON.stringify(value)}`);
}

/** The message of anything thrown, on one line. */
export function messageOf(cause: unknown): string {
  const text = cause instanceof Error ? cause.message || cause.name : String(cause);
  return text.replace(/\s+/g, " ").trim();
}
