/** A keyspace of the run's shared Cassandra for tests of the journal. */
import { Client } from "cassandra-driver";
import { type SharedCassandra, sharedCassandra, uniqueKeyspace } from "#scripts/testing/shared-cassandra.ts";
import { silentLogger } from "#server/kernel/logger.ts";
import { createSystemClock } from "#server/runtime/clock.ts";
import { openScyllaJournal } from "./journal.ts";
import type { ScyllaJournal, ScyllaJournalOptions } from "./options.ts";
import { tableNames } from "./schema.ts";

export const SECRET = "a secret of at least thirty-two characters";

export interface Place {
  readonly keyspace: string;
  readonly shared: SharedCassandra;
  /** Reads and writes behind the journal's back. */
  readonly admin: Client;
  /** As `open` takes them. */
  options(given: Partial<ScyllaJournalOptions>): ScyllaJournalOptions;
  open(options?: Partial<ScyllaJournalOptions>): Promise<ScyllaJournal>;
  /** Takes away what the journal holds. */
  empty(): Promise<void>;
  drop(): Promise<void>;
}

/** Upper and lower case on purpose: the name must reach the database as it is. */
export async function createPlace(): Promise<Place> {
  const shared = await sharedCassandra();
  const keyspace = uniqueKeyspace("Journal");
  const admin = new Client({
    contactPoints: [...shared.contactPoints],
    localDataCenter: shared.localDataCenter,
    encoding: { useBigIntAsLong: true },
    isMetadataSyncEnabled: false,
    socketOptions: { readTimeout: 60_000 },
  });
  const options = (given: Partial<ScyllaJournalOptions>): ScyllaJournalOptions => ({
    ...shared,
    keyspace,
    key: { from: "secret", secret: SECRET },
    replication: { [shared.localDataCenter]: 1 },
    clock: createSystemClock(),
    log: silentLogger,
    holder: `test:${process.pid}`,
    ...given,
  });
  return {
    keyspace,
    shared,
    admin,
    options,
    open: (given = {}) => openScyllaJournal(options(given)),
    async empty() {
      const found = await admin.execute(
        "SELECT table_name FROM system_schema.tables WHERE keyspace_name = ?",
        [keyspace],
        {
          prepare: true,
        },
      );
      if (found.rowLength < tableNames.length) return;
      for (const table of tableNames) await admin.execute(`TRUNCATE "${keyspace}".${table}`);
    },
    async drop() {
      await admin.execute(`DROP KEYSPACE IF EXISTS "${keyspace}"`);
      await admin.shutdown();
    },
  };
}
