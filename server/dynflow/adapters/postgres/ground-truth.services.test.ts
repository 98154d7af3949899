import { afterAll, beforeAll } from "vitest";
import { execute, loadDump, startPostgres, type TestPostgres } from "#scripts/testing/postgres.ts";
import { groundTruthContract, groundTruthTotal, type StoredEnvelope } from "#server/dynflow/ground-truth.contract.ts";
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
  return result.rows.map((row) => ({ id: row.id, receiverId: row.receiver_id, data: Buffer.from(row.data) }));
}

const opened = (name: string) => async () => {
  const url = await server.createDatabase(`ground_truth_${name}`);
  await loadDump(url, `fixtures/dynflow/${name}.pg.sql`);
  const store = createPostgresStore({ url });
  return { store, envelopes: await envelopesOf(url), close: () => store.close() };
};

groundTruthContract("Dynflow 2.0 on PostgreSQL", "fixtures/dynflow/v25.pg.expected.json", opened("v25"));
groundTruthContract("Dynflow 1.5 on PostgreSQL", "fixtures/dynflow/v20.pg.expected.json", opened("v20"));
afterAll(groundTruthTotal);
