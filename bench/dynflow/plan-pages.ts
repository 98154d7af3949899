import { Agent } from "node:http";
import { Client } from "pg";
import { alternate, atMost, type Figure, median, percentile, round } from "#bench/figure.ts";
import { answered, barePlan, inputOf, PAGE_ASKS } from "#bench/main/plans.ts";

const ratio = atMost(1.5, "x bare SQL");

export interface BenchPlan {
  readonly steps: number;
  readonly ids: readonly string[];
  readonly rounds: { readonly warmUp: number; readonly rounds: number };
}

/**
 * What a plan page asks for when it is opened, over the bare round trips for the same rows: from the request to the last
 * byte. Of a large plan that is its head and what failed or moves: the rest streams in behind it.
 */
export async function* planPageFigures(
  {
    consoleUrl,
    databaseUrl,
    source,
  }: { readonly consoleUrl: string; readonly databaseUrl: string; readonly source: string },
  plans: readonly BenchPlan[],
): AsyncIterable<Figure> {
  const client = new Client({ connectionString: databaseUrl });
  await client.connect();
  const agent = new Agent({ keepAlive: true });
  try {
    for (const { steps, ids, rounds } of plans) {
      let looked = 0;
      const idOf = () => ids[looked % ids.length] ?? "";
      const times = await alternate(
        rounds,
        () => {
          looked += 1;
          const inputs = Object.fromEntries(PAGE_ASKS.map((_, at) => [at, { source, planId: idOf() }]));
          return answered(agent, `${consoleUrl}/api/trpc/${PAGE_ASKS.join()}?batch=1&${inputOf(inputs)}`);
        },
        () => barePlan(client, idOf()),
      );
      const [oursMs, bareMs] = [median(times.ours), median(times.bare)];
      yield {
        figure: `plan.page.${steps}-steps.median`,
        ...ratio.judge(oursMs / bareMs),
        beside: {
          oursMs: round(oursMs),
          bareMs: round(bareMs),
          p95: round(percentile(times.ours, 95) / percentile(times.bare, 95)),
          rounds: times.ours.length,
        },
      };
    }
  } finally {
    agent.destroy();
    await client.end();
  }
}
