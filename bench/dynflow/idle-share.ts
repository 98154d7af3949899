import { Client } from "pg";
import { atMost, type Figure, round } from "#bench/figure.ts";

const WATCHED_MS = 60_000;
/** The first lap of the table is done, and every unfinished plan is known. */
const SETTLE_MS = 30_000;
const HUNDRED_PERCENT = 100;

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

/**
 * Share of the database's time that goes into a console at which nobody looks: by the server's own count of time spent on
 * statements in this database, over a minute, in percent of one core; what the console itself says beside it.
 */
export async function idleShareFigure(
  consoleUrl: string,
  databaseUrl: string,
  beside: { readonly plans: number; readonly unfinished: number },
): Promise<Figure> {
  await pause(SETTLE_MS);
  const before = await activeMs(databaseUrl);
  const startedAt = performance.now();
  await pause(WATCHED_MS);
  const elapsedMs = performance.now() - startedAt;
  const share = ((await activeMs(databaseUrl)) - before) / elapsedMs;
  const [source] = await sourcesOf(consoleUrl);
  return {
    figure: `console.${beside.plans}.idle.database-share`,
    ...atMost(1, "% of a core").judge(share * HUNDRED_PERCENT),
    beside: {
      ...beside,
      lapSeconds: source?.lapMs === null || source === undefined ? null : round(source.lapMs / 1_000),
      saysOfItself: source?.databaseShare === null || source === undefined ? null : round(source.databaseShare * 100),
    },
  };
}

/** By a connection of its own to another database, so that asking does not count. */
async function activeMs(databaseUrl: string): Promise<number> {
  const url = new URL(databaseUrl);
  const name = url.pathname.slice(1);
  url.pathname = "/postgres";
  const client = new Client({ connectionString: url.href });
  await client.connect();
  try {
    // What backends have counted reaches the view within a second or so of their last statement.
    const { rows } = await client.query<{ active: number }>(
      "SELECT active_time AS active FROM pg_stat_database WHERE datname = $1",
      [name],
    );
    return Number(rows[0]?.active ?? Number.NaN);
  } finally {
    await client.end();
  }
}

interface SourceSeen {
  readonly lapMs: number | null;
  readonly databaseShare: number | null;
}

async function sourcesOf(consoleUrl: string): Promise<readonly SourceSeen[]> {
  const answer = await fetch(`${consoleUrl}/api/trpc/dynflow.sources.list`);
  const body: { readonly result: { readonly data: { readonly sources: readonly SourceSeen[] } } } = await answer.json();
  return body.result.data.sources;
}
