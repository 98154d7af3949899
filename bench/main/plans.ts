import { Client } from "pg";
import { alternate, atMost, type Figure, median } from "#bench/figure.ts";
import { LARGE_PLAN_ID, PLANS, STEPS_OF_LARGE_PLAN } from "./seed.ts";

const ROUNDS = 60;
const PAGE_ROWS = 50;
const ratio = atMost(1.5, "x bare SQL");

/** BFF time of the list page and of a plan page over the bare round trips of the same rows. */
export async function* planFigures(consoleUrl: string, databaseUrl: string, source: string): AsyncIterable<Figure> {
  const client = new Client({ connectionString: databaseUrl });
  await client.connect();
  const query = (path: string, input: unknown) => call(consoleUrl, path, input);
  try {
    const list = await alternate(
      ROUNDS,
      () => query("dynflow.plans.list", { source, limit: PAGE_ROWS }),
      () => client.query({ name: "list", text: LIST, values: [PAGE_ROWS + 1] }),
    );
    yield figureOf("plans.list.median", list, { plans: PLANS, rows: PAGE_ROWS });
    const page = await alternate(
      ROUNDS,
      () =>
        Promise.all([
          query("dynflow.plans.get", { source, planId: LARGE_PLAN_ID }),
          query("dynflow.plans.steps", { source, planId: LARGE_PLAN_ID }),
        ]),
      () => barePlan(client),
    );
    yield figureOf("plans.page.median", page, { plans: PLANS, steps: STEPS_OF_LARGE_PLAN });
  } finally {
    await client.end();
  }
}

function figureOf(figure: string, times: { ours: number[]; bare: number[] }, beside: Record<string, unknown>): Figure {
  const [oursMs, bareMs] = [median(times.ours), median(times.bare)];
  return {
    figure,
    ...ratio.judge(oursMs / bareMs),
    beside: { oursMs: Number(oursMs.toFixed(2)), bareMs: Number(bareMs.toFixed(2)), rounds: ROUNDS, ...beside },
  };
}

async function call(url: string, path: string, input: unknown): Promise<unknown> {
  const response = await fetch(`${url}/api/trpc/${path}?input=${encodeURIComponent(JSON.stringify(input))}`);
  const body: unknown = await response.json();
  if (!response.ok) throw new Error(`${path} answered ${response.status}: ${JSON.stringify(body)}`);
  return body;
}

const LIST = `
SELECT p.uuid, p.label, p.state, p.result, p.started_at, p.ended_at, p.real_time, p.execution_time, p.root_plan_step_id, s.action_class
FROM (SELECT * FROM dynflow_execution_plans ORDER BY started_at DESC NULLS LAST, uuid ASC LIMIT $1) AS p
LEFT JOIN dynflow_steps s ON s.execution_plan_uuid = p.uuid AND s.id = p.root_plan_step_id
ORDER BY p.started_at DESC NULLS LAST, p.uuid ASC`;

/** The rows a plan page shows, by two requests as the page makes them: the plan with all that hangs on it, twice its steps. */
async function barePlan(client: Client): Promise<void> {
  for (const [name, text] of Object.entries(PAGE)) await client.query({ name, text, values: [LARGE_PLAN_ID] });
}

const STEPS = "SELECT * FROM dynflow_steps WHERE execution_plan_uuid = $1 ORDER BY id";
const PLAN = "SELECT * FROM dynflow_execution_plans WHERE uuid = $1";
const ACTIONS = `SELECT id, class, plan_step_id, run_step_id, finalize_step_id, caller_execution_plan_id, caller_action_id, data
FROM dynflow_actions WHERE execution_plan_uuid = $1`;
const PAGE: Readonly<Record<string, string>> = {
  plan: PLAN,
  steps: STEPS,
  actions: ACTIONS,
  delayed: "SELECT * FROM dynflow_delayed_plans WHERE execution_plan_uuid = $1",
  blockedBy: "SELECT blocked_by_uuid FROM dynflow_execution_plan_dependencies WHERE execution_plan_uuid = $1",
  blocks: "SELECT execution_plan_uuid FROM dynflow_execution_plan_dependencies WHERE blocked_by_uuid = $1",
  subPlans: "SELECT DISTINCT execution_plan_uuid FROM dynflow_actions WHERE caller_execution_plan_id = $1::text",
};
