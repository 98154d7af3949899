import { readFileSync } from "node:fs";
import { messageOf, OpsError } from "#server/kernel/errors.ts";

/** The key of the chain as it is given from outside: the secret itself, or a file that holds it. */
export type GivenKeySource =
  | { readonly from: "secret"; readonly secret: string }
  | { readonly from: "file"; readonly file: string };

const SECRET_CHARS_MIN = 32;

/** @throws OpsError `refused` when the file cannot be read or the secret is shorter than 32 characters */
export function readGivenKey(source: GivenKeySource): Uint8Array {
  if (source.from === "secret") return checked(source.secret, "the given secret");
  return checked(readKey(source.file), source.file);
}

function readKey(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (cause) {
    throw new OpsError("refused", `The journal's key file ${file} cannot be read: ${messageOf(cause)}`, { cause });
  }
}

function checked(secret: string, where: string): Uint8Array {
  const trimmed = secret.trim();
  if (trimmed.length < SECRET_CHARS_MIN) {
    throw new OpsError("refused", `The journal's key in ${where} is shorter than ${SECRET_CHARS_MIN} characters`);
  }
  return new TextEncoder().encode(trimmed);
}
