import { Client } from "pg";

/**
 * So many plans under way among the others: copies of one that a real world left paused, with all their rows, as running
 * plans with a lock.
 */
export async function seedUnfinished(url: string, count: number): Promise<void> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    await client.query("SET search_path TO public");
    for (const statement of [PLANS, ACTIONS, STEPS, LOCKS]) await client.query(statement, [count]);
    await client.query("ANALYZE");
  } finally {
    await client.end();
  }
}

const MADE = "('00000000-0000-4000-a000-' || lpad(to_hex(n), 12, '0'))";
const SAMPLE = `(SELECT uuid FROM dynflow_execution_plans WHERE state = 'paused' AND result = 'error'
  AND uuid::text NOT LIKE '00000000-0000-4000-%' ORDER BY uuid LIMIT 1)`;

const PLANS = `
INSERT INTO dynflow_execution_plans (uuid, label, state, result, started_at, ended_at, real_time, execution_time, class,
  root_plan_step_id, run_flow, finalize_flow, execution_history, step_ids)
SELECT ${MADE}::uuid, label, 'running', 'pending', started_at, NULL, real_time, execution_time, class, root_plan_step_id,
  run_flow, finalize_flow, execution_history, step_ids
FROM generate_series(1, $1::int) AS n, dynflow_execution_plans WHERE uuid = ${SAMPLE}`;
const ACTIONS = `
INSERT INTO dynflow_actions (execution_plan_uuid, id, class, plan_step_id, run_step_id, finalize_step_id, input, output)
SELECT ${MADE}::uuid, id, class, plan_step_id, run_step_id, finalize_step_id, input, output
FROM generate_series(1, $1::int) AS n, dynflow_actions WHERE execution_plan_uuid = ${SAMPLE}`;
const STEPS = `
INSERT INTO dynflow_steps (execution_plan_uuid, id, action_id, state, class, action_class, queue, started_at, ended_at,
  real_time, execution_time, progress_done, progress_weight, error, children)
SELECT ${MADE}::uuid, id, action_id, CASE WHEN state = 'error' THEN 'suspended' ELSE state END, class, action_class, queue,
  started_at, ended_at, real_time, execution_time, progress_done, progress_weight, NULL, children
FROM generate_series(1, $1::int) AS n, dynflow_steps WHERE execution_plan_uuid = ${SAMPLE}`;
const LOCKS = `
INSERT INTO dynflow_coordinator_records (id, class, owner_id, data)
SELECT 'execution-plan:' || ${MADE}, class, owner_id, data FROM generate_series(1, $1::int) AS n,
  (SELECT * FROM dynflow_coordinator_records WHERE class LIKE '%ExecutionLock' ORDER BY id LIMIT 1) AS sample`;
