import { createSqlStore } from "#server/dynflow/adapters/sql/sql-store.ts";
import type { DynflowStore } from "#server/dynflow/ports.ts";
import { openPgConnections, type PostgresSource } from "./pg-connections.ts";
import { createPgDifferences, type PgDifferencesOptions } from "./pg-differences.ts";
import { pgOpsError } from "./pg-errors.ts";
import { listenToWorlds } from "./pg-listen.ts";

/** Enough that a slow list holds up no plan, few enough not to be felt by the application. */
const READ_CONNECTIONS_MAX = 4;

/** Reads a Dynflow database on PostgreSQL. Its connections are read-only to the server: they cannot write. */
export function createPostgresStore(source: PostgresSource, options: PgDifferencesOptions = {}): DynflowStore {
  const connections = openPgConnections(source, "read-only", READ_CONNECTIONS_MAX);
  return createSqlStore({
    db: connections.db,
    together: connections.together,
    meter: connections.meter,
    differences: createPgDifferences(options),
    hints: (worldIds, onHint, onLost) => listenToWorlds(connections, worldIds, onHint, onLost),
    toOpsError: pgOpsError,
    close: () => connections.close(),
  });
}
