/** Live messages as server-sent events. */
import type { LiveMessage } from "#server/contract/live.ts";

const RECONNECT_MS = 1_000;

const encoder = new TextEncoder();

/** What a stream begins with: how soon a browser is to come back. */
export const SSE_PREAMBLE: Uint8Array = encoder.encode(`retry: ${RECONNECT_MS}\n\n`);
/** A comment: keeps proxies from closing a quiet stream. */
export const SSE_COMMENT: Uint8Array = encoder.encode(":\n\n");

/** One message; its id is the cursor, so that a browser that reconnects by itself sends it back. JSON has no line break. */
export function toSseFrame(message: LiveMessage): Uint8Array {
  const id = message.type === "ended" ? "" : `id: ${message.cursor}\n`;
  return encoder.encode(`${id}data: ${JSON.stringify(message)}\n\n`);
}
