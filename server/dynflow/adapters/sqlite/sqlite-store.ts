import { Kysely } from "kysely";
import type { Database } from "#server/dynflow/adapters/sql/differences.ts";
import { oneByOne } from "#server/dynflow/adapters/sql/one-by-one.ts";
import { createSqlMailbox } from "#server/dynflow/adapters/sql/sql-mailbox.ts";
import { createSqlStore } from "#server/dynflow/adapters/sql/sql-store.ts";
import { createStatementMeter, meteredBy, type StatementMeter } from "#server/dynflow/adapters/sql/statement-meter.ts";
import type { DynflowMailbox, DynflowStore } from "#server/dynflow/ports.ts";
import { openSqliteClient } from "./sqlite-client.ts";
import { sqliteDialect } from "./sqlite-dialect.ts";
import { sqliteDifferences } from "./sqlite-differences.ts";
import { sqliteOpsError } from "./sqlite-errors.ts";

/** Statements on a SQLite file, run in a thread of its own. For the demo's executor; the console reads by the store. */
export const openSqliteDatabase = (
  file: { readonly path: string; readonly readOnly: boolean },
  meter: StatementMeter = createStatementMeter(),
): Database =>
  new Kysely<Record<string, never>>({ dialect: sqliteDialect(openSqliteClient(file)), log: meteredBy(meter) });

/** Nothing is sent between worlds but rows: who waits must look. */
const noNotifications = async (): Promise<() => Promise<void>> => async () => undefined;

/** Reads a Dynflow database in a SQLite file. The file is opened read-only: it cannot be written through here. */
export function createSqliteStore(source: { readonly path: string }): DynflowStore {
  const meter = createStatementMeter();
  const db = openSqliteDatabase({ path: source.path, readOnly: true }, meter);
  return createSqlStore({
    db,
    meter,
    differences: sqliteDifferences,
    together: oneByOne(db),
    hints: noNotifications,
    toOpsError: sqliteOpsError,
    close: () => db.destroy(),
  });
}

/**
 * The mailbox of our client world in a SQLite file. For the demo only: on a file that real worlds share, another
 * writer makes theirs fail with "database is locked" now and then (seen).
 */
export function createSqliteMailbox(source: { readonly path: string }): DynflowMailbox {
  const db = openSqliteDatabase({ path: source.path, readOnly: false });
  return createSqlMailbox({
    db,
    differences: sqliteDifferences,
    listen: noNotifications,
    toOpsError: sqliteOpsError,
    close: () => db.destroy(),
  });
}
