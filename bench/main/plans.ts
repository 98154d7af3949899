import { Agent, get } from "node:http";
import { Client } from "pg";
import { alternate, atMost, type Figure, median, percentile, round } from "#bench/figure.ts";
import { largePlanId, PLANS, STEPS_OF_LARGE_PLAN } from "./seed.ts";

const LIST_ROUNDS = { warmUp: 20, rounds: 60 };
const PAGE_ROUNDS = { warmUp: 300, rounds: 200 };
const PAGE_ROWS = 50;
const ratio = atMost(1.5, "x bare SQL");

/**
 * BFF time of the list page and of a plan page, from the request to the last byte of the answer, over the bare round
 * trips of the same rows; connections warm on both sides, statements prepared on the bare one.
 */
export async function* planFigures(consoleUrl: string, databaseUrl: string, source: string): AsyncIterable<Figure> {
  const client = new Client({ connectionString: databaseUrl });
  await client.connect();
  const agent = new Agent({ keepAlive: true });
  const ask = (path: string, search: string) => answered(agent, `${consoleUrl}/api/trpc/${path}?${search}`);
  try {
    const listInput = inputOf({ source, limit: PAGE_ROWS });
    const list = await alternate(
      LIST_ROUNDS,
      () => ask("dynflow.plans.list", listInput),
      () => client.query({ name: "list", text: LIST, values: [PAGE_ROWS + 1] }),
    );
    yield figureOf("plans.list.median", list, {
      plans: PLANS,
      rows: PAGE_ROWS,
      ours: "1 request",
      bare: "1 prepared statement",
    });
    let looked = 0;
    const page = await alternate(
      PAGE_ROUNDS,
      () => {
        looked += 1;
        const one = { source, planId: largePlanId(looked) };
        const inputs = Object.fromEntries(PAGE_ASKS.map((_, at) => [at, one]));
        return ask(PAGE_ASKS.join(), `batch=1&${inputOf(inputs)}`);
      },
      () => barePlan(client, largePlanId(looked)),
    );
    yield figureOf("plans.page.median", page, {
      plans: PLANS,
      steps: STEPS_OF_LARGE_PLAN,
      ours: `1 request for ${PAGE_ASKS.length} parts, as the page sends it; 7 statements in one round trip`,
      bare: "7 statements for the same rows, prepared, one after the other on one connection",
    });
  } finally {
    agent.destroy();
    await client.end();
  }
}

function figureOf(figure: string, times: { ours: number[]; bare: number[] }, beside: Record<string, unknown>): Figure {
  const [oursMs, bareMs] = [median(times.ours), median(times.bare)];
  return {
    figure,
    ...ratio.judge(oursMs / bareMs),
    beside: {
      oursMs: round(oursMs),
      bareMs: round(bareMs),
      p95: round(percentile(times.ours, 95) / percentile(times.bare, 95)),
      rounds: times.ours.length,
      ...beside,
    },
  };
}

export const inputOf = (input: unknown): string => `input=${encodeURIComponent(JSON.stringify(input))}`;

export function answered(agent: Agent, address: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const asked = get(address, { agent }, (answer) => {
      answer.on("error", reject);
      answer.on("end", () => {
        if (answer.statusCode === 200) resolve();
        else reject(new Error(`${address} answered ${answer.statusCode}`));
      });
      answer.resume();
    });
    asked.on("error", reject);
  });
}

const LIST = `
SELECT p.uuid, p.label, p.state, p.result, p.started_at, p.ended_at, p.real_time, p.execution_time, p.root_plan_step_id, s.action_class
FROM (SELECT * FROM dynflow_execution_plans ORDER BY started_at DESC NULLS LAST, uuid ASC LIMIT $1) AS p
LEFT JOIN dynflow_steps s ON s.execution_plan_uuid = p.uuid AND s.id = p.root_plan_step_id
ORDER BY p.started_at DESC NULLS LAST, p.uuid ASC`;

/** What the page asks for when it is opened. */
export const PAGE_ASKS = ["dynflow.plans.get", "dynflow.plans.steps", "dynflow.plans.history"] as const;

/** The rows that a plan page rests on: the plan, its steps, the action of its root step, and what it is tied to. */
export async function barePlan(client: Client, planId: string): Promise<void> {
  for (const [name, text] of Object.entries(PAGE)) await client.query({ name, text, values: [planId] });
}

const STEPS = "SELECT * FROM dynflow_steps WHERE execution_plan_uuid = $1 ORDER BY id";
const PLAN = "SELECT * FROM dynflow_execution_plans WHERE uuid = $1";
const ACTIONS = `SELECT id, class, plan_step_id, run_step_id, finalize_step_id, caller_execution_plan_id, caller_action_id, data
FROM dynflow_actions WHERE execution_plan_uuid = $1 AND id = coalesce((SELECT action_id FROM dynflow_steps
  WHERE execution_plan_uuid = $1 AND id = (SELECT root_plan_step_id FROM dynflow_execution_plans WHERE uuid = $1)), 1)`;
const PAGE: Readonly<Record<string, string>> = {
  plan: PLAN,
  steps: STEPS,
  actions: ACTIONS,
  delayed: "SELECT * FROM dynflow_delayed_plans WHERE execution_plan_uuid = $1",
  blockedBy: "SELECT blocked_by_uuid FROM dynflow_execution_plan_dependencies WHERE execution_plan_uuid = $1",
  blocks: "SELECT execution_plan_uuid FROM dynflow_execution_plan_dependencies WHERE blocked_by_uuid = $1",
  subPlans:
    "SELECT DISTINCT execution_plan_uuid FROM dynflow_actions WHERE caller_execution_plan_id = cast($1 as char(36))",
};
