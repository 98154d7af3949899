import { createHash, timingSafeEqual } from "node:crypto";
import type { EpochMs } from "#server/kernel/clock.ts";
import type { Role } from "./permissions.ts";

/** Random bytes of a token. 256 bits: it cannot be guessed, so a fast hash of it is enough at rest. */
export const TOKEN_BYTES = 32;
const PREFIX = "wl_";
const ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
/** 62^43 > 2^256. */
const DIGITS = 43;
const TOKEN = /^wl_[0-9A-Za-z]{43}$/;

/** What is kept of a token: everything but the token. */
export interface TokenRecord {
  readonly id: string;
  /** Whom or what it is for: the user that the journal names. Unique among tokens in force. */
  readonly name: string;
  readonly role: Role;
  /** `null` = all. */
  readonly sources: readonly string[] | null;
  readonly createdAt: EpochMs;
  /** `null` = never. */
  readonly expiresAt: EpochMs | null;
  readonly revokedAt: EpochMs | null;
  /** SHA-256 of the token's text, 64 hex digits. */
  readonly hash: string;
}

/** `wl_` and 43 base-62 digits of 32 random bytes. */
export function formatToken(random: Uint8Array): string {
  if (random.length !== TOKEN_BYTES) throw new RangeError(`a token takes ${TOKEN_BYTES} random bytes`);
  let rest = BigInt(`0x${Buffer.from(random).toString("hex")}`);
  let digits = "";
  for (let index = 0; index < DIGITS; index += 1) {
    digits = ALPHABET.charAt(Number(rest % 62n)) + digits;
    rest /= 62n;
  }
  return PREFIX + digits;
}

/** Whether a text has the shape of a token at all: anything else is not worth hashing. */
export const isTokenText = (text: string): boolean => TOKEN.test(text);

export const hashToken = (token: string): string => createHash("sha256").update(token, "utf8").digest("hex");

/** Whether a token is in force at an instant. */
export const isInForce = (record: TokenRecord, now: EpochMs): boolean =>
  record.revokedAt === null && (record.expiresAt === null || record.expiresAt > now);

/**
 * The record of a token, in a time that depends on the number of records only: each hash is compared in constant
 * time, and none ends the search.
 */
export function findByToken(records: readonly TokenRecord[], token: string): TokenRecord | null {
  if (!isTokenText(token)) return null;
  const wanted = Buffer.from(hashToken(token), "hex");
  let found: TokenRecord | null = null;
  for (const record of records) {
    const kept = Buffer.from(record.hash, "hex");
    if (kept.length === wanted.length && timingSafeEqual(kept, wanted)) found = record;
  }
  return found;
}
