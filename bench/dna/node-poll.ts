import { types } from "cassandra-driver";
import { alternate, atMost, type Figure, median, percentile, round } from "#bench/figure.ts";
import { startCassandra } from "#scripts/cassandra/cluster.ts";
import { createClient } from "#server/dna/adapters/scylla/client.ts";
import { createStatements } from "#server/dna/adapters/scylla/statements.ts";
import { createScyllaDnaStore } from "#server/dna/adapters/scylla/store.ts";
import { createDnaTables } from "#server/dna/adapters/scylla/testing/schema.ts";
import { createCqlSeeding } from "#server/dna/adapters/scylla/testing/seeding.ts";
import { emptyClusterWatch, observeNodes } from "#server/dna/source-watch.ts";
import { epochMs } from "#server/kernel/clock.ts";
import { createSystemClock } from "#server/runtime/clock.ts";

const KEYSPACE = "bench";
const CLUSTER = "prod";
const NODES = 1_000;
const MONOTONIC_BASE_MS = -576_460_752_303n;
const ROUNDS = 60;

/** One look at 1,000 nodes, read and judged, beside the bare driver that reads the same rows. */
export async function nodePollFigures(): Promise<readonly Figure[]> {
  const cassandra = await startCassandra();
  const clock = createSystemClock();
  const { contactPoints, localDataCenter } = cassandra;
  const client = createClient({ contactPoints, localDataCenter });
  const store = createScyllaDnaStore({ contactPoints, localDataCenter, keyspace: KEYSPACE }, clock);
  try {
    await createDnaTables(client, { keyspace: KEYSPACE, dataCenter: localDataCenter, replicas: 1 });
    const seed = createCqlSeeding(client, KEYSPACE);
    for (let index = 0; index < NODES; index += 1)
      await seed.writeNode({
        cluster: CLUSTER,
        incarnation: { createdAt: epochMs(1_795_300_000_000 + index), id: BigInt(index) },
        ...{ node: `dna@10.0.${index >> 8}.${index & 255}`, heartbeat: MONOTONIC_BASE_MS + BigInt(index) },
        ...{ load: 0.5, draining: false, writtenAgoMs: 0 },
      });
    let watch = emptyClusterWatch(CLUSTER);
    const ours = async (): Promise<void> => {
      const startedAt = clock.monotonic();
      const rows = await store.nodes(CLUSTER);
      watch = observeNodes(watch, { startedAt, endedAt: clock.monotonic(), rows, loopLateMs: 0 });
      if (watch.sightings.sightings.size !== NODES) throw new Error("not every node was seen");
    };
    const statement = createStatements(KEYSPACE).nodes;
    const bare = async (): Promise<void> => {
      const options = { prepare: true, consistency: types.consistencies.localQuorum };
      const { rows } = await client.execute(statement, [CLUSTER], options);
      if (rows.length !== NODES) throw new Error("not every row was read");
    };
    const times = await alternate({ warmUp: 20, rounds: ROUNDS }, ours, bare);
    const [oursMs, bareMs] = [median(times.ours), median(times.bare)];
    return [
      {
        figure: "dna.nodes.poll",
        ...atMost(2, "x bare driver").judge(oursMs / bareMs),
        beside: {
          nodes: NODES,
          oursMs: round(oursMs),
          bareMs: round(bareMs),
          oursP95Ms: round(percentile(times.ours, 95)),
          bareP95Ms: round(percentile(times.bare, 95)),
        },
      },
    ];
  } finally {
    await store.close();
    await client.shutdown();
    await cassandra.stop();
  }
}
