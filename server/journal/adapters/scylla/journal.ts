/** `Journal` and `StateStore` in ScyllaDB or Cassandra: one process writes, the others follow. */
import { OpsError } from "#server/kernel/errors.ts";
import type { ScyllaJournal, ScyllaJournalOptions } from "./options.ts";

export type { ScyllaJournal, ScyllaJournalOptions } from "./options.ts";

/**
 * Opens the journal: as its writer when nobody holds it, as a follower otherwise.
 *
 * @throws OpsError `journal-unavailable` when the database does not answer, `refused` for another key or a newer format
 */
export async function openScyllaJournal(options: ScyllaJournalOptions): Promise<ScyllaJournal> {
  throw new OpsError("refused", `The journal in keyspace ${options.keyspace} cannot be opened by this version`);
}
