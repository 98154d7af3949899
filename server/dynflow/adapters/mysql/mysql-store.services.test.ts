import { createConnection } from "mysql2/promise";
import { afterAll, beforeAll } from "vitest";
import { executeMariadb, startMariadb, type TestMariadb } from "#scripts/testing/mariadb.ts";
import { createSqlStore } from "#server/dynflow/adapters/sql/sql-store.ts";
import { spiedOn } from "#server/dynflow/adapters/sql/statement-spy.test-kit.ts";
import { dynflowGuardedSendContract } from "#server/dynflow/dynflow-guarded-send.contract.ts";
import { dynflowIndexesContract, type IndexedTables } from "#server/dynflow/dynflow-indexes.contract.ts";
import { dynflowInvalidationContract } from "#server/dynflow/dynflow-invalidation.contract.ts";
import { dynflowLargePlansContract } from "#server/dynflow/dynflow-large-plans.contract.ts";
import { dynflowLinksContract } from "#server/dynflow/dynflow-links.contract.ts";
import { dynflowMailboxContract } from "#server/dynflow/dynflow-mailbox.contract.ts";
import { dynflowRawContract } from "#server/dynflow/dynflow-raw.contract.ts";
import { dynflowSearchContract } from "#server/dynflow/dynflow-search.contract.ts";
import { dynflowStoreContract } from "#server/dynflow/dynflow-store.contract.ts";
import type { OpenedTables } from "#server/dynflow/dynflow-tables.contract.ts";
import { dynflowWorldsContract } from "#server/dynflow/dynflow-worlds.contract.ts";
import { openMysqlConnections } from "./mysql-connections.ts";
import { emptyMysqlDatabase, insertMysqlRow, widen } from "./mysql-database.test-kit.ts";
import { mysqlDifferences } from "./mysql-differences.ts";
import { mysqlOpsError } from "./mysql-errors.ts";
import { createMysqlMailbox, createMysqlStore } from "./mysql-store.ts";

let server: TestMariadb;

beforeAll(async () => {
  server = await startMariadb();
});
afterAll(() => server.remove());

/** One database for all cases, emptied for each; made anew once a case has dropped something. */
let shared: string | null = null;

async function emptiedDatabase(): Promise<string> {
  if (shared === null) {
    shared = await emptyMysqlDatabase(server, "25");
    await widen(shared);
    return shared;
  }
  await executeMariadb(shared, async (connection) => {
    const tables = ["steps", "actions", "output_chunks", "delayed_plans", "execution_plan_dependencies", "envelopes"];
    const all = [...tables, "coordinator_records", "execution_plans", "schema_info"];
    const emptied = all.map((table) => `delete from dynflow_${table}`).join("; ");
    await connection.query(`set foreign_key_checks = 0; ${emptied}; insert into dynflow_schema_info values (25)`);
  });
  return shared;
}

async function openTables(): Promise<OpenedTables> {
  const url = await emptiedDatabase();
  const store = createMysqlStore({ url });
  const mailbox = createMysqlMailbox({ url });
  const direct = await createConnection({ uri: url, charset: "utf8mb4", multipleStatements: true });
  await direct.query("set foreign_key_checks = 0");
  return {
    store,
    mailbox,
    dialect: "mysql",
    insert: (table, row) => insertMysqlRow(direct, table, row),
    run: async (statement) => {
      if (/^\s*(drop|alter|create)\b/i.test(statement)) shared = null;
      await direct.query(statement);
    },
    async close() {
      await Promise.all([direct.end(), store.close(), mailbox.close()]);
    },
  };
}

async function openIndexed(): Promise<IndexedTables> {
  const tables = await openTables();
  const url = shared ?? "";
  return {
    ...tables,
    observed: (onStatement) => {
      const connections = openMysqlConnections({ url }, "read-only", 1);
      return createSqlStore({
        ...connections,
        db: spiedOn(connections.db, onStatement),
        differences: mysqlDifferences,
        hints: async () => async () => undefined,
        toOpsError: mysqlOpsError,
      });
    },
    explain: async (query) => {
      const [rows] = await executeMariadb(url, (connection) =>
        connection.execute(`explain ${query.sql}`, query.parameters.map(String)),
      );
      return JSON.stringify(rows);
    },
    analyse: () => executeMariadb(url, async (c) => void (await c.query("analyze table dynflow_execution_plans"))),
  };
}

dynflowIndexesContract("MariaDB", openIndexed);
dynflowStoreContract("MariaDB", openTables);
dynflowSearchContract("MariaDB", openTables);
dynflowLinksContract("MariaDB", openTables);
dynflowRawContract("MariaDB", openTables);
dynflowLargePlansContract("MariaDB", openTables);
dynflowMailboxContract("MariaDB", openTables);
dynflowGuardedSendContract("MariaDB", openTables);
dynflowInvalidationContract("MariaDB", openTables);
dynflowWorldsContract("MariaDB", openTables);
