import { afterAll } from "vitest";
import { groundTruthContract, groundTruthTotal } from "#server/dynflow/ground-truth.contract.ts";
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
afterAll(groundTruthTotal);
