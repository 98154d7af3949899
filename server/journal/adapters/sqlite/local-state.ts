/** Small records that one console keeps for itself, whoever writes the journal it looks at. */
import { mkdirSync } from "node:fs";
import type { StateStore } from "#server/journal/ports.ts";
import { openStateFile } from "./state-file.ts";

const LIST_MAX = 100_000;
/** No secret: the file seals the heads of a journal with its key, and this one belongs to none. */
const NO_JOURNAL_KEY = new TextEncoder().encode("records of one console, of no journal");

export interface LocalState extends Pick<StateStore, "list" | "putAll"> {
  close(): void;
}

/** Opens the records in a folder, which is made when it is missing. Each write is fsynced before it is answered. */
export function openLocalState(directory: string): LocalState {
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  const file = openStateFile(directory, NO_JOURNAL_KEY);
  return {
    list: async (namespace) => file.page(namespace, null, LIST_MAX),
    putAll: async (namespace, entries) => file.putAll(namespace, entries),
    close: () => file.close(),
  };
}
