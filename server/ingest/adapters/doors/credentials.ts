import type { IngestCredentials } from "#server/ingest/ports.ts";

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
