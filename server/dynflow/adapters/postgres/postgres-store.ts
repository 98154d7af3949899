import { createSqlStore } from "#server/dynflow/adapters/sql/sql-store.ts";
import type { DynflowStore } from "#server/dynflow/ports.ts";
import { openPgConnections, type PostgresSource } from "./pg-connections.ts";
import { createPgDifferences, type PgDifferencesOptions } from "./pg-differences.ts";
import { pgOpsError } from "./pg-errors.ts";
import { listenToWorlds } from "./pg-listen.ts";

/** Enough that a slow list holds up no plan, few enough not to be felt by the application. */
const READ_CONNECTIONS_MAX = 3;
/**
 * One more for what is asked for again and again while nobody looks: known plans, records, slices of the lap. On a table
 * that has become small the server would rather read it whole than look two hundred keys up.
 */
const FOLLOW_CONNECTIONS_MAX = 1;

/** Reads a Dynflow database on PostgreSQL. Its connections are read-only to the server: they cannot write. */
export function createPostgresStore(source: PostgresSource, options: PgDifferencesOptions = {}): DynflowStore {
  const connections = openPgConnections(source, "read-only", READ_CONNECTIONS_MAX);
  const { meter } = connections;
  const following = openPgConnections(source, "read-only", FOLLOW_CONNECTIONS_MAX, { byIndex: true, meter });
  return createSqlStore({
    db: connections.db,
    followDb: following.db,
    together: connections.together,
    meter,
    differences: createPgDifferences(options),
    hints: (worldIds, onHint, onLost) => listenToWorlds(connections, worldIds, onHint, onLost),
    toOpsError: pgOpsError,
    close: async () => {
      await Promise.all([connections.close(), following.close()]);
    },
  });
}
