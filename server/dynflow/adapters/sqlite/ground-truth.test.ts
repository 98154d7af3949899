import { afterAll, expect } from "vitest";
import { groundTruthContract, groundTruthTotal } from "#server/dynflow/ground-truth.contract.ts";
import { mergePlans, migrate, writeHashFlows } from "./migrated-database.test-kit.ts";
import { copyOf, sqliteEnvelopes } from "./recorded-database.test-kit.ts";
import { createSqliteStore } from "./sqlite-store.ts";

/** A recorded database, changed by `prepare` where that is given. */
const opened =
  (name: string, prepare: (path: string) => void = () => undefined) =>
  async () => {
    const file = copyOf(`fixtures/dynflow/${name}.sqlite`);
    prepare(file.path);
    const store = createSqliteStore({ path: file.path });
    return {
      store,
      envelopes: sqliteEnvelopes(file.path),
      async close() {
        await store.close();
        file.remove();
      },
    };
  };

groundTruthContract("Dynflow 2.0 on SQLite", "fixtures/dynflow/v25.sqlite.expected.json", opened("v25"));
groundTruthContract("Dynflow 1.5 on SQLite", "fixtures/dynflow/v20.sqlite.expected.json", opened("v20"));
groundTruthContract("Dynflow 0.8 on SQLite", "fixtures/dynflow/v05.sqlite.expected.json", opened("v05"));

const expectedOf = (name: string) => `fixtures/dynflow/${name}.sqlite.expected.json`;

// Every schema that was ever current, by what its rows can be: those of 0.8 in `data`, those of 1.5 in columns.
for (const schema of [6, 7, 8, 9, 10, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25]) {
  const name = `Dynflow 0.8, migrated to schema ${schema}`;
  groundTruthContract(
    name,
    expectedOf("v05"),
    opened("v05", (path) => migrate(path, schema)),
    { schema },
  );
}
for (const schema of [21, 22, 23, 24, 25]) {
  const name = `Dynflow 1.5, migrated to schema ${schema}`;
  groundTruthContract(
    name,
    expectedOf("v20"),
    opened("v20", (path) => migrate(path, schema)),
    { schema },
  );
}

const hashFlows = (path: string): void => expect(writeHashFlows(path)).toBeGreaterThan(50);
groundTruthContract("hash flows in JSON columns, as 1.4 writes them", expectedOf("v20"), opened("v20", hashFlows));
groundTruthContract(
  "hash flows in msgpack columns, as a migration leaves those of 1.4",
  expectedOf("v20"),
  opened("v20", (path) => {
    hashFlows(path);
    migrate(path, 25);
  }),
  { schema: 25 },
);

/** Plans of two releases in the tables of a third, as a database looks that was migrated all the way. */
const merged = (name: string, other: string, schema: number) =>
  opened(name, (path) => {
    const file = copyOf(`fixtures/dynflow/${other}.sqlite`);
    migrate(path, schema);
    migrate(file.path, schema);
    mergePlans(path, file.path);
    file.remove();
  });
for (const [name, other, schema] of [
  ["v05", "v20", 20],
  ["v20", "v05", 22],
  ["v05", "v25", 25],
  ["v20", "v25", 25],
  ["v25", "v05", 25],
] as const) {
  const title = `${name} and ${other} in one database of schema ${schema}, as to ${name}`;
  groundTruthContract(title, expectedOf(name), merged(name, other, schema), { schema, alone: false });
}
afterAll(groundTruthTotal);
