import { createSqlMailbox } from "#server/dynflow/adapters/sql/sql-mailbox.ts";
import type { DynflowMailbox } from "#server/dynflow/ports.ts";
import { openPgConnections, type PostgresSource } from "./pg-connections.ts";
import { createPgDifferences } from "./pg-differences.ts";
import { pgOpsError } from "./pg-errors.ts";
import { listenToWorlds } from "./pg-listen.ts";

const WRITE_CONNECTIONS_MAX = 2;

/** The mailbox of our client world on PostgreSQL. The only connections of ours that can write there. */
export function createPostgresMailbox(source: PostgresSource): DynflowMailbox {
  const connections = openPgConnections(source, "read-write", WRITE_CONNECTIONS_MAX);
  return createSqlMailbox({
    db: connections.db,
    differences: createPgDifferences(),
    listen: (worldId, onNotify, onLost) => listenToWorlds(connections, [worldId], () => onNotify(), onLost),
    toOpsError: pgOpsError,
    close: () => connections.close(),
  });
}
