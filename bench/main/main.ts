import type { Figure } from "#bench/figure.ts";
import { startConsole, withoutPassword } from "#e2e/fixtures/console.ts";
import { startCassandra } from "#scripts/cassandra/cluster.ts";
import { createHerd } from "#scripts/dna/herd.ts";
import { startPostgres } from "#scripts/testing/postgres.ts";
import { silentLogger } from "#server/kernel/logger.ts";
import { createSystemClock } from "#server/runtime/clock.ts";
import { firstLoadFigure } from "./first-load.ts";
import { idleFigure } from "./idle.ts";
import { planFigures } from "./plans.ts";
import { seedPlans } from "./seed.ts";

const NODES = 12;

/** List and plan pages over 100,000 plans, an idle console on real sources, the first load of the overview. */
export async function* benchMain(): AsyncIterable<Figure> {
  const postgres = await startPostgres();
  const cassandra = await startCassandra();
  try {
    const databaseUrl = await seedPlans(postgres);
    const herd = await createHerd({
      contactPoints: cassandra.contactPoints,
      localDataCenter: cassandra.localDataCenter,
      keyspace: "bench",
      replicas: 1,
      cluster: "prod",
      clock: createSystemClock(),
      log: silentLogger,
    });
    for (let started = 0; started < NODES; started += 1) await herd.start();
    const database = withoutPassword(databaseUrl, "BENCH_DB_PASSWORD");
    const { environment } = database;
    const console = await startConsole({ environment, configuration: configurationOf(database.url, cassandra) });
    try {
      yield* planFigures(console.url, databaseUrl, "bench");
      yield await firstLoadFigure(console.url);
      yield await idleFigure(console.pid(), { plans: 100_000, nodes: NODES, sources: 2 });
    } finally {
      await console.close();
      await herd.close();
    }
  } finally {
    await cassandra.stop();
    await postgres.remove();
  }
}

const configurationOf = (
  url: string,
  cassandra: { readonly contactPoints: readonly string[]; readonly localDataCenter: string },
): string => `
regions: [ { id: lab, title: Lab } ]
dna:
  - { id: bench-dna, region: lab, title: Bench, scylla: { contactPoints: ${JSON.stringify(cassandra.contactPoints)}, localDataCenter: ${cassandra.localDataCenter}, keyspace: bench } }
dynflow:
  - { id: bench, region: lab, title: Bench, url: ${JSON.stringify(url)}, passwordEnv: BENCH_DB_PASSWORD }
`;
