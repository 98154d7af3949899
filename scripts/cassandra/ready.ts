import { setTimeout as sleep } from "node:timers/promises";
import { Client, policies, types } from "cassandra-driver";

const CONNECT_TIMEOUT_MS = 2_000;
const READ_TIMEOUT_MS = 10_000;
const RETRY_MS = 200;
/** Two loaded cores and three nodes: far above what was ever seen (20 s), far below a person's patience. */
const READY_TIMEOUT_MS = 180_000;

const KEYSPACE = "worldline_ready";
const TABLE = `${KEYSPACE}.probes`;

export interface ReadyProbe {
  readonly address: string;
  readonly port: number;
  readonly dataCenter: string;
  /** How many nodes the ring must have before it counts as whole. */
  readonly nodes: number;
  /** False as soon as waiting is pointless (the process ended). */
  alive(): boolean;
}

/** A driver that speaks to this one node only, and does not hide its failures behind retries. */
export function singleNodeClient(address: string, port: number, dataCenter: string): Client {
  return new Client({
    contactPoints: [`${address}:${port}`],
    localDataCenter: dataCenter,
    policies: {
      loadBalancing: new policies.loadBalancing.AllowListPolicy(
        new policies.loadBalancing.DCAwareRoundRobinPolicy(dataCenter),
        [`${address}:${port}`],
      ),
      retry: new policies.retry.FallthroughRetryPolicy(),
    },
    socketOptions: { connectTimeout: CONNECT_TIMEOUT_MS, readTimeout: READ_TIMEOUT_MS },
    queryOptions: {
      consistency: types.consistencies.localQuorum,
      serialConsistency: types.consistencies.localSerial,
      prepare: false,
    },
    monitorReporting: { enabled: false },
  });
}

/**
 * Resolves once this node answers a query, knows the whole ring, and a conditional write through it applies.
 *
 * @throws Error, with what was last in the way, after 180 s or as soon as the process has ended
 */
export async function waitUntilReady(probe: ReadyProbe): Promise<void> {
  const deadline = performance.now() + READY_TIMEOUT_MS;
  for (;;) {
    const obstacle = await tryOnce(probe);
    if (obstacle === undefined) return;
    if (!probe.alive()) throw new Error(`Cassandra on ${probe.address} ended before it was ready (${obstacle})`);
    if (performance.now() > deadline) throw new Error(`Cassandra on ${probe.address} is not ready: ${obstacle}`);
    await sleep(RETRY_MS);
  }
}

/** `undefined` when ready, else what was in the way. */
async function tryOnce(probe: ReadyProbe): Promise<string | undefined> {
  const client = singleNodeClient(probe.address, probe.port, probe.dataCenter);
  try {
    await client.connect();
    const peers = (await client.execute("SELECT peer FROM system.peers_v2")).rows.length;
    if (peers < probe.nodes - 1) return `it sees ${peers} of ${probe.nodes - 1} peers`;
    return await tryConditionalWrite(client, probe);
  } catch (cause) {
    return (cause instanceof Error ? cause.message : String(cause)).split("\n", 1)[0];
  } finally {
    await client.shutdown();
  }
}

async function tryConditionalWrite(client: Client, probe: ReadyProbe): Promise<string | undefined> {
  await client.execute(
    `CREATE KEYSPACE IF NOT EXISTS ${KEYSPACE} WITH replication = ` +
      `{'class': 'NetworkTopologyStrategy', '${probe.dataCenter}': ${probe.nodes}}`,
  );
  await client.execute(`CREATE TABLE IF NOT EXISTS ${TABLE} (id uuid PRIMARY KEY)`);
  const result = await client.execute(`INSERT INTO ${TABLE} (id) VALUES (${types.Uuid.random()}) IF NOT EXISTS`);
  return result.first()?.get("[applied]") === true ? undefined : "a conditional write did not apply";
}
