import { DatabaseSync } from "node:sqlite";
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

/** What migrations 7 to 17 add on PostgreSQL; the later ones are in the recorded databases. */
const MIGRATIONS: Readonly<Record<number, string>> = {
  7: `create table dynflow_scheduled_plans (execution_plan_uuid char(36), start_at timestamp, start_before timestamp,
    data text, args_serializer text)`,
  8: "alter table dynflow_scheduled_plans rename to dynflow_delayed_plans",
  10: "alter table dynflow_execution_plans add label text",
  12: "alter table dynflow_delayed_plans add serialized_args text",
  13: `alter table dynflow_actions add class text, add input text, add output text, add plan_step_id integer,
    add run_step_id integer, add finalize_step_id integer`,
  14: "alter table dynflow_steps add class text, add error text, add action_class text, add children text",
  15: `alter table dynflow_execution_plans add class text, add run_flow text, add finalize_flow text,
    add execution_history text, add root_plan_step_id integer, add step_ids text`,
  16: "alter table dynflow_steps add queue text",
  17: "alter table dynflow_delayed_plans add frozen boolean",
};

const migrated = (schema: number) => async () => {
  const url = await server.createDatabase(`ground_truth_05_${schema}`);
  await loadDump(url, "fixtures/dynflow/postgres-05.sql");
  const recorded = new DatabaseSync("fixtures/dynflow/v05.sqlite", { readOnly: true });
  await execute(url, async (client) => {
    for (const name of ["execution_plans", "actions", "steps", "coordinator_records", "envelopes"]) {
      for (const row of recorded.prepare(`SELECT * FROM dynflow_${name}`).all()) {
        const places = Object.keys(row).map((_, index) => `$${index + 1}`);
        const columns = Object.keys(row).join(", ");
        await client.query(
          `insert into dynflow_${name} (${columns}) values (${places.join(", ")})`,
          Object.values(row),
        );
      }
    }
    for (const [version, statement] of Object.entries(MIGRATIONS)) {
      if (Number(version) <= schema) await client.query(statement);
    }
    await client.query("update dynflow_schema_info set version = $1", [schema]);
  });
  recorded.close();
  const store = createPostgresStore({ url });
  return { store, envelopes: await envelopesOf(url), close: () => store.close() };
};

for (const schema of [5, 7, 8, 10, 12, 13, 14, 15, 16, 17]) {
  const name = `Dynflow 0.8 on PostgreSQL, in schema ${schema}`;
  groundTruthContract(name, "fixtures/dynflow/v05.sqlite.expected.json", migrated(schema), { schema });
}
afterAll(groundTruthTotal);
