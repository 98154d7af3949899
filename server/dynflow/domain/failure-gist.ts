/** Tells kinds of failures apart by their messages, without what differs from plan to plan. */
const GIST_MAX_CHARS = 400;
const FNV_OFFSET = 0xcbf29ce484222325n;
const FNV_PRIME = 0x100000001b3n;
const U64 = 0xffffffffffffffffn;

/** The first line without ids, long hex and numbers. */
export const withoutParticulars = (message: string): string =>
  (message.split("\n", 1)[0] ?? "")
    .slice(0, GIST_MAX_CHARS)
    .replaceAll(/[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/gi, "…")
    .replaceAll(/\b(?:0x)?[0-9a-f]{12,}\b/gi, "…")
    .replaceAll(/\d+/g, "#");

/**
 * Sixteen hexadecimal digits (FNV-1a, 64 bit) of what is common to messages of one kind: viewers, who may not read the
 * message, see by it which failures are alike and no more.
 */
export function gistOf(message: string): string {
  let hash = FNV_OFFSET;
  for (const byte of new TextEncoder().encode(withoutParticulars(message))) {
    hash = ((hash ^ BigInt(byte)) * FNV_PRIME) & U64;
  }
  return hash.toString(16).padStart(16, "0");
}
