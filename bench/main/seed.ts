import { readFile } from "node:fs/promises";
import { Client } from "pg";
import type { TestPostgres } from "#scripts/testing/postgres.ts";

export const PLANS = 100_000;
export const STEPS_OF_LARGE_PLAN = 100;
/** Many of them: a plan that was read a moment ago is not read again, so each round looks at another. */
const LARGE_PLANS = 400;
const LARGE_PLAN_IDS = Array.from(
  { length: LARGE_PLANS },
  (_, index) => `00000000-0000-4000-9000-${String(index + 1).padStart(12, "0")}`,
);
export const largePlanId = (round: number): string => LARGE_PLAN_IDS[round % LARGE_PLANS] ?? "";
const FIXTURE = "fixtures/dynflow/v25.pg.sql";

/** A Dynflow database of so many plans, made from the rows that real worlds wrote; answers its URL. */
export async function seedPlans(server: TestPostgres, plans: number = PLANS): Promise<string> {
  const url = await server.createDatabase(`bench_plans_${plans}`);
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    await client.query(await readFile(FIXTURE, "utf8"));
    await client.query("SET search_path TO public");
    await client.query(COPY_PLANS, [plans]);
    await client.query(COPY_LARGE_PLANS, [LARGE_PLAN_IDS]);
    await client.query(COPY_LARGE_ACTIONS, [LARGE_PLAN_IDS, STEPS_OF_LARGE_PLAN]);
    await client.query(COPY_LARGE_STEPS, [LARGE_PLAN_IDS, STEPS_OF_LARGE_PLAN]);
    await client.query("ANALYZE");
  } finally {
    await client.end();
  }
  return url;
}

/** Stopped plans of the fixture, over and over, each a minute earlier than the one before. */
const COPY_PLANS = `
INSERT INTO dynflow_execution_plans (uuid, label, state, result, started_at, ended_at, real_time, execution_time, class,
  root_plan_step_id, run_flow, finalize_flow, execution_history, step_ids)
SELECT ('00000000-0000-4000-8000-' || lpad(to_hex(n), 12, '0'))::uuid, p.label, p.state, p.result,
  p.started_at - n * interval '1 minute', p.ended_at - n * interval '1 minute', p.real_time, p.execution_time, p.class,
  p.root_plan_step_id, p.run_flow, p.finalize_flow, p.execution_history, p.step_ids
FROM generate_series(1, $1::int) AS n
JOIN (SELECT *, row_number() OVER (ORDER BY uuid) - 1 AS k, count(*) OVER () AS total
      FROM dynflow_execution_plans WHERE state = 'stopped' AND started_at IS NOT NULL) AS p ON p.k = n % p.total`;

const SAMPLE_STEP = `(SELECT s.* FROM dynflow_steps s WHERE s.state = 'success' AND s.class LIKE '%RunStep'
  ORDER BY s.execution_plan_uuid, s.id LIMIT 1)`;
const SAMPLE_ACTION = `(SELECT a.* FROM dynflow_actions a JOIN ${SAMPLE_STEP} s
  ON s.execution_plan_uuid = a.execution_plan_uuid AND s.action_id = a.id)`;

/** step_ids as msgpack: array16 of 1 … 100, each a positive fixint. */
const STEP_IDS = Buffer.from([
  0xdc,
  0x00,
  STEPS_OF_LARGE_PLAN,
  ...Array.from({ length: STEPS_OF_LARGE_PLAN }, (_, index) => index + 1),
]);
const COPY_LARGE_PLANS = `
INSERT INTO dynflow_execution_plans (uuid, label, state, result, started_at, ended_at, real_time, execution_time, class,
  root_plan_step_id, run_flow, finalize_flow, execution_history, step_ids)
SELECT made.uuid, label, state, result, started_at, ended_at, real_time, execution_time, class, 1,
  '\\x${flow().toString("hex")}'::bytea, '\\x91a153'::bytea, execution_history, '\\x${STEP_IDS.toString("hex")}'::bytea
FROM unnest($1::uuid[]) AS made(uuid),
  (SELECT * FROM dynflow_execution_plans WHERE state = 'stopped' AND result = 'success' ORDER BY uuid LIMIT 1) AS p`;

/** ["S", 1, 2, … 100] as msgpack. */
function flow(): Buffer {
  const steps = Array.from({ length: STEPS_OF_LARGE_PLAN }, (_, index) => index + 1);
  return Buffer.from([0xdc, 0x00, STEPS_OF_LARGE_PLAN + 1, 0xa1, 0x53, ...steps]);
}

const COPY_LARGE_ACTIONS = `
INSERT INTO dynflow_actions (execution_plan_uuid, id, class, plan_step_id, run_step_id, input, output)
SELECT made.uuid, n, a.class, NULL, n, a.input, a.output
FROM unnest($1::uuid[]) AS made(uuid), generate_series(1, $2::int) AS n, ${SAMPLE_ACTION} AS a`;

const COPY_LARGE_STEPS = `
INSERT INTO dynflow_steps (execution_plan_uuid, id, action_id, state, class, action_class, queue, started_at, ended_at,
  real_time, execution_time, progress_done, progress_weight, error, children)
SELECT made.uuid, n, n, s.state, s.class, s.action_class, s.queue, s.started_at, s.ended_at, s.real_time,
  s.execution_time, s.progress_done, s.progress_weight, s.error, s.children
FROM unnest($1::uuid[]) AS made(uuid), generate_series(1, $2::int) AS n, ${SAMPLE_STEP} AS s`;
