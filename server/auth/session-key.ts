import { chmodSync, closeSync, fsyncSync, openSync, readFileSync, statSync, writeSync } from "node:fs";
import path from "node:path";
import { OpsError } from "#server/kernel/errors.ts";

export const SESSION_KEY_FILE = "session.key";
const KEY_BYTES = 32;
/** What such a file holds. */
export const SESSION_KEY_TEXT = /^[0-9A-Za-z_-]{43}$/;
const OTHERS = 0o077;

/**
 * The password that seals cookies, made once and kept beside the journal for its owner alone. Whoever removes the
 * file logs everybody out.
 *
 * @throws OpsError `refused` when the file is not a key: it is never overwritten
 */
export function readSessionKey(folder: string, random: (bytes: number) => Uint8Array): string {
  const file = path.join(folder, SESSION_KEY_FILE);
  return readOrMakeKey(file, random, "is not a session key: remove it, and everybody has to log in again");
}

/**
 * A key in a file of its own, made once for its owner alone.
 *
 * @param refusal what is said of a file that is no key
 * @throws OpsError `refused`
 */
export function readOrMakeKey(file: string, random: (bytes: number) => Uint8Array, refusal: string): string {
  createOnce(file, Buffer.from(random(KEY_BYTES)).toString("base64url"));
  if ((statSync(file).mode & OTHERS) !== 0) chmodSync(file, 0o600);
  const key = readFileSync(file, "utf8").trim();
  if (SESSION_KEY_TEXT.test(key)) return key;
  throw new OpsError("refused", `${file} ${refusal}`);
}

function createOnce(file: string, text: string): void {
  let handle: number;
  try {
    handle = openSync(file, "wx", 0o600);
  } catch (cause) {
    if (cause instanceof Error && "code" in cause && cause.code === "EEXIST") return;
    throw cause;
  }
  try {
    writeSync(handle, text);
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}
