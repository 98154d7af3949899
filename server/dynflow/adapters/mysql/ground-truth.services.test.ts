import { afterAll, beforeAll } from "vitest";
import { startMariadb, type TestMariadb } from "#scripts/testing/mariadb.ts";
import { groundTruthContract, groundTruthTotal } from "#server/dynflow/ground-truth.contract.ts";
import {
  copyFromSqlite,
  emptyMysqlDatabase,
  type MysqlFixture,
  mysqlEnvelopes,
  widen,
} from "./mysql-database.test-kit.ts";
import { createMysqlStore } from "./mysql-store.ts";

let server: TestMariadb;
beforeAll(async () => {
  server = await startMariadb();
});
afterAll(() => server.remove());

const opened = (schema: MysqlFixture) => async () => {
  const url = await emptyMysqlDatabase(server, schema);
  await widen(url);
  await copyFromSqlite(url, `fixtures/dynflow/v${schema}.sqlite`);
  const store = createMysqlStore({ url });
  return { store, envelopes: await mysqlEnvelopes(url), close: () => store.close() };
};

groundTruthContract("Dynflow 2.0 on MariaDB", "fixtures/dynflow/v25.sqlite.expected.json", opened("25"));
groundTruthContract("Dynflow 1.5 on MariaDB", "fixtures/dynflow/v20.sqlite.expected.json", opened("20"));
groundTruthContract("Dynflow 0.8 on MariaDB", "fixtures/dynflow/v05.sqlite.expected.json", opened("05"));
afterAll(groundTruthTotal);
