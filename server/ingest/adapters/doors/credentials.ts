import type { IngestCredentials, OpenedSession, SessionDesk } from "#server/ingest/ports.ts";
import { OpsError } from "#server/kernel/errors.ts";
import { Refusal } from "./refusal.ts";

/** A password takes less; a token of ours some 400. */
const HEADER_MAX = 4_096;

/** `Authorization` of a request; what cannot be read is nobody's. */
export function credentialsOf(header: string | undefined): IngestCredentials {
  if (header === undefined) return { kind: "none" };
  const [, scheme = "", value = ""] = /^([A-Za-z]+) +([^\s]+)$/.exec(header.slice(0, HEADER_MAX)) ?? [];
  switch (scheme.toLowerCase()) {
    case "bearer":
      return { kind: "bearer", token: value };
    case "basic": {
      const text = Buffer.from(value, "base64").toString("utf8");
      const colon = text.indexOf(":");
      return colon < 1
        ? { kind: "bearer", token: "" }
        : { kind: "basic", user: text.slice(0, colon), password: text.slice(colon + 1) };
    }
    default:
      return { kind: "bearer", token: "" };
  }
}

/** Where many come at once, as after a restart of the gateway, some have to come again: that is no failed login. */
const CROWD_RETRY_MS = 2_000;

/** @throws Refusal 429 when too many log in at the same time */
export async function openSession(
  desk: SessionDesk,
  credentials: IngestCredentials,
  agentId: string | null,
): Promise<OpenedSession> {
  try {
    return await desk.open(credentials, agentId);
  } catch (cause) {
    if (!(cause instanceof OpsError) || cause.code !== "limit-exceeded") throw cause;
    throw new Refusal(429, { error: "too-many-logins" }, { retryAfterMs: CROWD_RETRY_MS, cause });
  }
}
