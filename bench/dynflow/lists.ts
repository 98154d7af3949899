import { Agent } from "node:http";
import { Client } from "pg";
import { alternate, atMost, type Figure, percentile, round } from "#bench/figure.ts";
import { answered, inputOf } from "#bench/main/plans.ts";

const PAGE_ROWS = 50;
const ratio = atMost(1.3, "x bare SQL");

/** The sorts of the list, and the columns that bare SQL orders by. */
const SORTS = {
  startedAt: "started_at",
  endedAt: "ended_at",
  label: 'label COLLATE "C"',
  state: 'state COLLATE "C"',
  result: 'result COLLATE "C"',
  realTime: "real_time",
  executionTime: "execution_time",
  rootPlanStepId: "root_plan_step_id",
  class: 'class COLLATE "C"',
  id: "uuid",
} as const;

interface Listed {
  readonly consoleUrl: string;
  readonly databaseUrl: string;
  readonly source: string;
  readonly plans: number;
  readonly rounds: { readonly warmUp: number; readonly rounds: number };
}

/**
 * The list in every sort, its first, a middle and its last page, and a filter with its counts: from the request to the
 * last byte of the answer, over the bare statement for the same rows, alternating; connections warm on both sides.
 */
export async function* listFigures(listed: Listed): AsyncIterable<Figure> {
  const { consoleUrl, databaseUrl, source, plans, rounds } = listed;
  const client = new Client({ connectionString: databaseUrl });
  await client.connect();
  const agent = new Agent({ keepAlive: true });
  const ask = (name: string, input: object) =>
    answered(agent, `${consoleUrl}/api/trpc/${name}?${inputOf({ source, ...input })}`);
  const all = { ours: [] as number[], bare: [] as number[] };
  const figure = (
    name: string,
    times: { readonly ours: number[]; readonly bare: number[] },
    beside: object,
  ): Figure => {
    const [oursMs, bareMs] = [percentile(times.ours, 95), percentile(times.bare, 95)];
    return {
      figure: `plans.${plans}.${name}.p95`,
      ...ratio.judge(oursMs / bareMs),
      beside: { oursMs: round(oursMs), bareMs: round(bareMs), rounds: times.ours.length, ...beside },
    };
  };
  const total = await countOf(client);
  const pages = {
    first: { from: null, offset: 0 },
    middle: { from: { offset: total >> 1 }, offset: total >> 1 },
    last: { from: { last: true }, offset: Math.max(0, total - PAGE_ROWS) },
  } as const;
  try {
    for (const [sort, column] of Object.entries(SORTS)) {
      for (const [page, { from, offset }] of Object.entries(pages)) {
        const times = await alternate(
          rounds,
          () => ask("dynflow.plans.list", { sort, descending: true, limit: PAGE_ROWS, from }),
          () => client.query({ name: `${sort} list`, text: listOf(column), values: [PAGE_ROWS + 1, offset] }),
        );
        all.ours.push(...times.ours);
        all.bare.push(...times.bare);
        yield figure(`list.${sort}.${page}`, times, { rows: PAGE_ROWS, offset });
      }
    }
    yield figure("list.all", all, { sorts: Object.keys(SORTS).length, pages: Object.keys(pages).length });
    const filter = { states: ["stopped"], results: ["error"] };
    const filtered = await alternate(
      rounds,
      () =>
        Promise.all([
          ask("dynflow.plans.list", { filter, limit: PAGE_ROWS }),
          ask("dynflow.plans.counts", { filter: { ...filter, results: [] } }),
        ]),
      async () => {
        await client.query({ name: "filtered", text: FILTERED, values: [PAGE_ROWS + 1] });
        await client.query({ name: "counts", text: COUNTS });
      },
    );
    yield figure("list.filtered-with-counts", filtered, { filter, bare: "2 statements, one after the other" });
  } finally {
    agent.destroy();
    await client.end();
  }
}

async function countOf(client: Client): Promise<number> {
  const { rows } = await client.query<{ plans: string }>("SELECT count(*) AS plans FROM dynflow_execution_plans");
  return Number(rows[0]?.plans ?? 0);
}

const HEAD = `p.uuid, p.label, p.state, p.result, p.started_at, p.ended_at, p.real_time, p.execution_time,
  p.root_plan_step_id, s.action_class`;
const ROOT = "LEFT JOIN dynflow_steps s ON s.execution_plan_uuid = p.uuid AND s.id = p.root_plan_step_id";

/** `column` is one of the table above. */
const listOf = (column: string): string => `
SELECT ${HEAD} FROM (
  SELECT * FROM dynflow_execution_plans ORDER BY ${column} DESC NULLS LAST, uuid ASC LIMIT $1 OFFSET $2
) AS p ${ROOT} ORDER BY p.${column} DESC NULLS LAST, p.uuid ASC`;

const FILTERED = `
SELECT ${HEAD} FROM (
  SELECT * FROM dynflow_execution_plans WHERE state = 'stopped' AND result = 'error'
  ORDER BY started_at DESC NULLS LAST, uuid ASC LIMIT $1
) AS p ${ROOT} ORDER BY p.started_at DESC NULLS LAST, p.uuid ASC`;
const COUNTS =
  "SELECT state, result, count(*) FROM dynflow_execution_plans WHERE state = 'stopped' GROUP BY state, result";
