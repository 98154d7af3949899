import { afterAll, beforeAll } from "vitest";
import { execute, loadDump, startPostgres, type TestPostgres } from "#scripts/testing/postgres.ts";
import { groundTruthContract, type StoredEnvelope } from "#server/dynflow/ground-truth.contract.ts";
import { createPostgresStore } from "./postgres-store.ts";

let server: TestPostgres;
beforeAll(async () => {
  server = await startPostgres();
});
afterAll(() => server.remove());

async function envelopesOf(url: string): Promise<readonly StoredEnvelope[]> {
  const result = await execute(url, (client) =>
    client.query("SELECT id, receiver_id, data FROM dynflow_envelopes ORDER BY id"),
  );
  return result.rows.map((row) => ({ id: row.id, receiverId: row.receiver_id, data: row.data }));
}

groundTruthContract("Dynflow 2.0 on PostgreSQL", "fixtures/dynflow/v25.pg.expected.json", async () => {
  const url = await server.createDatabase("ground_truth");
  await loadDump(url, "fixtures/dynflow/v25.pg.sql");
  const store = createPostgresStore({ url });
  return { store, envelopes: await envelopesOf(url), close: () => store.close() };
});
