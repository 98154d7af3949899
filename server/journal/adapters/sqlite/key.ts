import { randomBytes } from "node:crypto";
import { closeSync, existsSync, fsyncSync, openSync, writeSync } from "node:fs";
import { join } from "node:path";
import { type GivenKeySource, readGivenKey } from "#server/journal/adapters/given-key.ts";
import { OpsError } from "#server/kernel/errors.ts";
import { STATE_FILE } from "./state-file.ts";

/** Where the key of the chain comes from: the secret itself, a file that holds it, or one generated beside the journal. */
export type JournalKeySource = GivenKeySource | { readonly from: "generated" };

export interface JournalKey {
  readonly bytes: Uint8Array;
  /** Where it was found, for the log. Never the key. */
  readonly origin: string;
  /** True when this call made it. */
  readonly created: boolean;
}

const GENERATED_KEY_FILE = "journal.key";
const GENERATED_KEY_BYTES = 32;

/**
 * Finds the key. A key generated beside the journal (mode 0600) proves less than one kept elsewhere: whoever can write
 * the journal can then usually read the key too. The caller says so in the log.
 *
 * @throws OpsError `refused` when a journal is there but not the key generated for it, the file cannot be read or the secret is shorter than 32 characters
 */
export function loadJournalKey(directory: string, source: JournalKeySource): JournalKey {
  if (source.from === "secret") return { bytes: readGivenKey(source), origin: "secret", created: false };
  const file = source.from === "file" ? source.file : join(directory, GENERATED_KEY_FILE);
  const created = source.from === "generated" && !existsSync(file);
  if (created && existsSync(join(directory, STATE_FILE))) {
    throw new OpsError("refused", `The journal in ${directory} has lost its key: put ${file} back`);
  }
  if (created) writeKey(file);
  return { bytes: readGivenKey({ from: "file", file }), origin: file, created };
}

function writeKey(file: string): void {
  const descriptor = openSync(file, "wx", 0o600);
  try {
    writeSync(descriptor, `${randomBytes(GENERATED_KEY_BYTES).toString("hex")}\n`);
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}
