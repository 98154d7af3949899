import { createSqlMailbox } from "#server/dynflow/adapters/sql/sql-mailbox.ts";
import { createSqlStore } from "#server/dynflow/adapters/sql/sql-store.ts";
import type { DynflowMailbox, DynflowStore } from "#server/dynflow/ports.ts";
import { type MysqlSource, openMysqlConnections } from "./mysql-connections.ts";
import { mysqlDifferences } from "./mysql-differences.ts";
import { mysqlOpsError } from "./mysql-errors.ts";

/** Enough that a slow list holds up no plan, few enough not to be felt by the application. */
const READ_CONNECTIONS_MAX = 4;
const WRITE_CONNECTIONS_MAX = 2;

/** Nothing is sent between worlds but rows: who waits must look. */
const noNotifications = async (): Promise<() => Promise<void>> => async () => undefined;

/** Reads a Dynflow database on MySQL or MariaDB. Its sessions are read-only to the server: they cannot write. */
export function createMysqlStore(source: MysqlSource): DynflowStore {
  const connections = openMysqlConnections(source, "read-only", READ_CONNECTIONS_MAX);
  return createSqlStore({
    db: connections.db,
    meter: connections.meter,
    differences: mysqlDifferences,
    together: connections.together,
    hints: noNotifications,
    toOpsError: mysqlOpsError,
    close: () => connections.close(),
  });
}

/** The mailbox of our client world on MySQL or MariaDB. The only connections of ours that can write there. */
export function createMysqlMailbox(source: MysqlSource): DynflowMailbox {
  const connections = openMysqlConnections(source, "read-write", WRITE_CONNECTIONS_MAX);
  return createSqlMailbox({
    db: connections.db,
    differences: mysqlDifferences,
    listen: noNotifications,
    toOpsError: mysqlOpsError,
    close: () => connections.close(),
  });
}
