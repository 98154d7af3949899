/** Sends lists of items to an address, signed; the address alone decides where they go. */
import { createHash, createHmac } from "node:crypto";
import type { AgentChange, Envelope, Receiver } from "#server/ingest/ports.ts";
import type { Clock } from "#server/kernel/clock.ts";
import { toIso } from "#server/kernel/clock.ts";
import { messageOf, OpsError } from "#server/kernel/errors.ts";

export interface WebhookOptions {
  readonly url: string;
  /** Sent as bearer token, and key of the signature; `null` = neither. */
  readonly token: string | null;
  readonly timeoutMs: number;
  readonly clock: Clock;
}

/** Answers by which the same list may be taken later. */
const AWAY_STATUS: ReadonlySet<number> = new Set([408, 425, 429]);

/**
 * A `POST` with `{"items": […]}`, or `{"change": {…}}` for a change of an agent. `x-worldline-signature` is `sha256=` and
 * the HMAC of `<x-worldline-timestamp>.<body>` by the token; `idempotency-key` is the same for the same list. Redirects
 * are not followed.
 */
export function createWebhook({ url, token, timeoutMs, clock }: WebhookOptions): Receiver {
  async function send(content: object, signal: AbortSignal | null): Promise<void> {
    const body = JSON.stringify(content);
    const timestamp = toIso(clock.now());
    const limit = AbortSignal.timeout(timeoutMs);
    const answer = await post(body, timestamp, signal === null ? limit : AbortSignal.any([limit, signal]));
    // Nothing of it is read: an answer without end is not to be taken in.
    await answer.body?.cancel();
    if (answer.ok) return;
    const isAway = answer.status >= 500 || AWAY_STATUS.has(answer.status);
    throw new OpsError(isAway ? "upstream-unavailable" : "refused", `It answered ${answer.status}`);
  }

  async function post(body: string, timestamp: string, signal: AbortSignal): Promise<Response> {
    const signature = token === null ? null : createHmac("sha256", token).update(`${timestamp}.${body}`).digest("hex");
    try {
      return await fetch(url, {
        method: "POST",
        redirect: "manual",
        signal,
        body,
        headers: {
          "content-type": "application/json",
          "x-worldline-timestamp": timestamp,
          "idempotency-key": createHash("sha256").update(body).digest("hex"),
          ...(signature === null ? {} : { "x-worldline-signature": `sha256=${signature}` }),
          ...(token === null ? {} : { authorization: `Bearer ${token}` }),
        },
      });
    } catch (cause) {
      throw new OpsError("upstream-unavailable", `It does not answer: ${reasonOf(cause)}`, { cause });
    }
  }

  return {
    receive: (batch: readonly Envelope[], signal) => send({ items: batch }, signal),
    agentChanged: (change: AgentChange) => send({ change }, null),
    flush: async () => undefined,
    close: async () => undefined,
  };
}

/** `fetch` hides what happened behind "fetch failed". */
const reasonOf = (cause: unknown): string =>
  cause instanceof Error && cause.cause !== undefined ? messageOf(cause.cause) : messageOf(cause);
