/** Alerts by HTTP: one POST of JSON, signed, tried again with back-off; it follows nobody elsewhere. */
import { createHmac } from "node:crypto";
import pRetry, { AbortError } from "p-retry";
import { type AlertMessage, type AlertSink, NOT_TAKEN } from "#server/alerts/ports.ts";
import type { Clock } from "#server/kernel/clock.ts";
import { messageOf, OpsError } from "#server/kernel/errors.ts";

const TIMEOUT_MS = 5_000;
const RETRIES = 3;
const RETRY_FIRST_MS = 500;
const RETRY_MAX_MS = 5_000;
/** Answers that may be different the next time. */
const PASSING: ReadonlySet<number> = new Set([408, 425, 429, 500, 502, 503, 504]);

/** Nobody was connected to. */
const NOBODY_REACHED: ReadonlySet<string> = new Set([
  "ECONNREFUSED",
  "EAI_AGAIN",
  "EHOSTUNREACH",
  "ENETUNREACH",
  "ENOTFOUND",
  "UND_ERR_CONNECT_TIMEOUT",
]);

export interface WebhookSettings {
  readonly url: string;
  /** Signs each message; `null` = unsigned. */
  readonly key: string | null;
  /** How this console is called there. */
  readonly origin: string;
}

/**
 * The signature is `sha256=<hex>` over `<timestamp>.<body>`, the timestamp in `x-worldline-timestamp`: whoever checks
 * both takes no message of another, and none that is sent again later.
 */
export function createWebhookSink(
  { url, key, origin }: WebhookSettings,
  clock: Clock,
  retryFirstMs = RETRY_FIRST_MS,
): AlertSink {
  async function post(body: string, signal: AbortSignal | undefined): Promise<void> {
    const response = await fetch(url, {
      method: "POST",
      redirect: "error",
      headers: { "content-type": "application/json", "user-agent": "worldline", ...signatureOf(body) },
      body,
      signal: AbortSignal.any([AbortSignal.timeout(TIMEOUT_MS), ...(signal === undefined ? [] : [signal])]),
    });
    await response.body?.cancel();
    if (response.ok) return;
    const passing = PASSING.has(response.status);
    // What stands between may have lost the answer of one that took it.
    const refusal = new OpsError("refused", `it answered ${response.status}`, { details: { passing } });
    throw passing ? refusal : new AbortError(refusal);
  }

  function signatureOf(body: string): Readonly<Record<string, string>> {
    const timestamp = String(clock.now());
    if (key === null) return { "x-worldline-timestamp": timestamp };
    const digest = createHmac("sha256", key).update(`${timestamp}.${body}`).digest("hex");
    return { "x-worldline-timestamp": timestamp, "x-worldline-signature": `sha256=${digest}` };
  }

  return {
    async tell(message: AlertMessage, signal) {
      const body = JSON.stringify({ ...message, origin });
      let certain = true;
      const attempt = async (): Promise<void> => {
        try {
          await post(body, signal);
        } catch (cause) {
          certain &&= isCertain(cause);
          throw cause;
        }
      };
      try {
        await pRetry(attempt, {
          retries: RETRIES,
          minTimeout: retryFirstMs,
          maxTimeout: RETRY_MAX_MS,
          randomize: true,
          ...(signal === undefined ? {} : { signal }),
        });
      } catch (cause) {
        signal?.throwIfAborted();
        const details = certain ? NOT_TAKEN : {};
        if (cause instanceof OpsError) throw new OpsError(cause.code, cause.message, { cause, details });
        throw new OpsError("upstream-unavailable", reasonOf(cause), { cause, details });
      }
    },
  };
}

/** Of what `fetch` throws the reason is in its cause. The address is not told: it may hold a secret. */
function reasonOf(cause: unknown): string {
  if (cause instanceof Error && cause.name === "TimeoutError") return `no answer for ${TIMEOUT_MS / 1_000} s`;
  const inner = cause instanceof Error && cause.cause instanceof Error ? cause.cause : cause;
  if (inner instanceof Error && "code" in inner && typeof inner.code === "string") return inner.code;
  return messageOf(inner);
}

/** Whether it is certain that an attempt that failed so was not taken: it was refused, or nobody heard it. */
function isCertain(cause: unknown): boolean {
  const error = cause instanceof AbortError ? cause.originalError : cause;
  if (error instanceof OpsError) return error.details.passing !== true;
  const inner = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  return inner instanceof Error && "code" in inner && NOBODY_REACHED.has(String(inner.code));
}
