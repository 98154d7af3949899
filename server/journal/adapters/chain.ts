/**
 * The keyed chain over the journal: the hash of an event is HMAC-SHA256 over the hash before it and the event's bytes
 * exactly as stored. Whoever lacks the key can neither change, drop nor add an event without being found out.
 */
import { createHmac, createSecretKey, type Hmac, type KeyObject, timingSafeEqual } from "node:crypto";

/** Lowercase hex of 32 bytes. */
export type ChainHash = string;

/** The hash that a chain begins with; bound to one journal and one chain of it. */
export const genesisHash = (key: Uint8Array, journalId: string, chain: string): ChainHash =>
  keyed(key).update(`worldline journal ${journalId} ${chain}`).digest("hex");

export const nextHash = (key: Uint8Array, previous: ChainHash, bytes: Uint8Array): ChainHash =>
  keyed(key).update(Buffer.from(previous, "hex")).update(bytes).digest("hex");

/** Seals a record that is not an event (head, end of a segment, snapshot). `purpose` keeps their uses apart. */
export const seal = (key: Uint8Array, purpose: string, content: string | Uint8Array): ChainHash =>
  keyed(key).update(purpose).update("\0").update(content).digest("hex");

/** Keys made ready once: from bare bytes that takes ten times as long as the hash of an event itself. */
const readyKeys = new WeakMap<Uint8Array, KeyObject>();

function keyed(key: Uint8Array): Hmac {
  const ready = readyKeys.get(key) ?? createSecretKey(key);
  readyKeys.set(key, ready);
  return createHmac("sha256", ready);
}

export const sameHash = (a: ChainHash, b: ChainHash): boolean =>
  a.length === b.length && timingSafeEqual(Buffer.from(a), Buffer.from(b));
