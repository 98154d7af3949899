/** The way to the gateway over HTTP: one call, one answer. */
import type { Clock } from "#server/kernel/clock.ts";
import { messageOf } from "#server/kernel/errors.ts";
import type { DataAnswer, GatewayLink, LinkFault, LinkIdentity, Welcome } from "./gateway-link.ts";

const CALL_TIMEOUT_MS = 5_000;
/** Where the gateway says no time. */
const RETRY_AFTER_MS = 1_000;
const RETRY_AFTER_MAX_MS = 60_000;
const ANSWER_CHARS_MAX = 100_000;
const DEFAULTS: Omit<Welcome, "token"> = { pingEveryMs: 3_000, maxBatch: 100 };

type Reply =
  | { readonly kind: "ok"; readonly status: number; readonly body: Readonly<Record<string, unknown>> }
  | (LinkFault & { readonly body?: Readonly<Record<string, unknown>> });

export function createHttpLink(identity: LinkIdentity, clock: Clock): GatewayLink {
  const { agentId, bootId, about, login } = identity;
  const base = identity.url.replace(/\/+$/, "");

  async function call(name: string, authorization: string | null, body: object, signal: AbortSignal): Promise<Reply> {
    try {
      const response = await fetch(`${base}/ingest/v1/${name}`, {
        method: "POST",
        headers: { "content-type": "application/json", ...(authorization === null ? {} : { authorization }) },
        body: JSON.stringify(body),
        redirect: "error",
        signal: AbortSignal.any([signal, AbortSignal.timeout(CALL_TIMEOUT_MS)]),
      });
      return replyOf(response, objectOf((await response.text()).slice(0, ANSWER_CHARS_MAX)));
    } catch (cause) {
      const why = cause instanceof Error && cause.cause !== undefined ? cause.cause : cause;
      return { kind: "unreachable", reason: messageOf(why) };
    }
  }

  return {
    async open(signal) {
      const reply = await call("session", authorizationOf(login), { agent_id: agentId, about }, signal);
      if (reply.kind !== "ok") return reply;
      return welcomeOf(reply.body) ?? { kind: "refused", status: reply.status, reason: "an answer without a token" };
    },
    async data(token, items, signal): Promise<DataAnswer> {
      const body = { agent_id: agentId, boot_id: bootId, items };
      const reply = await call("data", `Bearer ${token}`, body, signal);
      // All of them refused, one by one: they are answered for.
      if (reply.kind === "refused" && Array.isArray(reply.body?.rejected)) return takenOf(reply.body);
      return reply.kind === "ok" ? takenOf(reply.body) : reply;
    },
    async ping(token, lastRoundTripMs, signal) {
      const begun = clock.monotonic();
      const rtt = lastRoundTripMs === null ? {} : { last_rtt_ms: lastRoundTripMs };
      const sent = { agent_id: agentId, boot_id: bootId, sent_at: clock.now(), ...rtt };
      const reply = await call("ping", `Bearer ${token}`, sent, signal);
      if (reply.kind !== "ok") return reply;
      return { kind: "pong", roundTripMs: clock.monotonic() - begun, credit: creditOf(reply.body) };
    },
    async bye(token, reason, signal) {
      await call("bye", `Bearer ${token}`, { agent_id: agentId, boot_id: bootId, reason }, signal);
    },
    close: () => undefined,
  };
}

export function authorizationOf(login: LinkIdentity["login"]): string | null {
  if (login.by === "nobody") return null;
  if (login.by === "token") return `Bearer ${login.token}`;
  return `Basic ${Buffer.from(`${login.user}:${login.password}`, "utf8").toString("base64")}`;
}

export function welcomeOf(
  body: Readonly<Record<string, unknown>>,
): { readonly kind: "open"; readonly welcome: Welcome } | null {
  if (typeof body.token !== "string") return null;
  const amount = (value: unknown, otherwise: number) => (typeof value === "number" && value >= 1 ? value : otherwise);
  return {
    kind: "open",
    welcome: {
      token: body.token,
      pingEveryMs: amount(body.ping_every_ms, DEFAULTS.pingEveryMs),
      maxBatch: amount(body.max_batch, DEFAULTS.maxBatch),
    },
  };
}

export const creditOf = ({ credit }: Readonly<Record<string, unknown>>): number =>
  typeof credit === "number" ? credit : Number.POSITIVE_INFINITY;

export const takenOf = (body: Readonly<Record<string, unknown>>): DataAnswer => ({
  kind: "taken",
  rejected: Array.isArray(body.rejected) ? body.rejected.length : 0,
  credit: creditOf(body),
});

function replyOf(response: Response, body: Readonly<Record<string, unknown>>): Reply {
  const { status } = response;
  const reason = `${status}${typeof body.error === "string" ? ` ${body.error}` : ""}`;
  if (response.ok) return { kind: "ok", status, body };
  if (status === 401) return { kind: "unauthorised" };
  if (status === 429 || status === 503) return { kind: "wait", afterMs: waitOf(response), reason };
  return status >= 500 ? { kind: "unreachable", reason } : { kind: "refused", status, reason, body };
}

function waitOf(response: Response): number {
  const seconds = Number(response.headers.get("retry-after") ?? "");
  return Number.isFinite(seconds) && seconds > 0 ? Math.min(RETRY_AFTER_MAX_MS, seconds * 1_000) : RETRY_AFTER_MS;
}

/** An answer that is none of ours says nothing. */
function objectOf(text: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null && !Array.isArray(value) ? { ...value } : {};
  } catch {
    // Empty, or HTML of something in between.
    return {};
  }
}
