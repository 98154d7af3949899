import { randomBytes, type ScryptOptions, scrypt, timingSafeEqual } from "node:crypto";
import type { PasswordHasher } from "#server/ingest/ports.ts";
import { OpsError } from "#server/kernel/errors.ts";

/** 16 MiB and some 50 ms each: RFC 7914 with N as of today's advice for logins. */
const COST: ScryptOptions = { N: 16_384, r: 8, p: 1 };
const KEY_BYTES = 32;
const SALT_BYTES = 16;
const FORM = /^scrypt\$([A-Za-z0-9_-]{22})\$([A-Za-z0-9_-]{43})$/;
export interface HashingLimits {
  /** More of them at once would take memory by the gigabyte. */
  readonly atOnce: number;
  readonly waiting: number;
}
const LIMITS: HashingLimits = { atOnce: 4, waiting: 64 };

/** Passwords by scrypt, a few at a time, and only so many that wait. */
export function createPasswordHasher({ atOnce, waiting: waitingMax }: HashingLimits = LIMITS): PasswordHasher {
  const waiting: (() => void)[] = [];
  let running = 0;

  async function limited<T>(work: () => Promise<T>): Promise<T> {
    if (running >= atOnce) await new Promise<void>((resolve) => waiting.push(resolve));
    running += 1;
    try {
      return await work();
    } finally {
      running -= 1;
      waiting.shift()?.();
    }
  }

  return {
    async hash(password) {
      const salt = randomBytes(SALT_BYTES);
      const key = await limited(() => derive(password, salt));
      return `scrypt$${salt.toString("base64url")}$${key.toString("base64url")}`;
    },
    async matches(password, hash) {
      const [, salt, wanted] = FORM.exec(hash) ?? [];
      if (salt === undefined || wanted === undefined) return false;
      // Nothing is known of the password then: it is neither right nor wrong.
      if (waiting.length >= waitingMax) throw new OpsError("limit-exceeded", "Too many log in at the same time");
      const key = await limited(() => derive(password, Buffer.from(salt, "base64url")));
      return timingSafeEqual(key, Buffer.from(wanted, "base64url"));
    },
  };
}

function derive(password: string, salt: Buffer): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    scrypt(password, salt, KEY_BYTES, COST, (cause, key) => (cause === null ? resolve(key) : reject(cause)));
  });
}
