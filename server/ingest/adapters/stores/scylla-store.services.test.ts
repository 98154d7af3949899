import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type SharedCassandra, sharedCassandra, uniqueKeyspace } from "#scripts/testing/shared-cassandra.ts";
import { metricStoreContract, NOON, point } from "#server/ingest/metric-store.contract.ts";
import { epochMs } from "#server/kernel/clock.ts";
import { createClient } from "./scylla-client.ts";
import { openScyllaStore } from "./scylla-store.ts";

const KEYSPACE = uniqueKeyspace("points");
let shared: SharedCassandra;
beforeAll(async () => {
  shared = await sharedCassandra();
});
afterAll(async () => {
  const client = createClient({ ...shared, credentials: null, replication: null });
  await client.execute(`DROP KEYSPACE IF EXISTS ${KEYSPACE}`, [], { prepare: false });
  await client.shutdown();
});

const open = () =>
  openScyllaStore({
    ...shared,
    keyspace: KEYSPACE,
    credentials: null,
    replication: { [shared.localDataCenter]: 1 },
    ttlDays: 30,
  });
const signal = () => AbortSignal.timeout(30_000);

describe("the table of points in Cassandra", () => {
  metricStoreContract(async () => open());

  it("holds each item once when two gateways write the same and different ones at the same time", async () => {
    const [one, two] = [open(), open()];
    const points = Array.from({ length: 300 }, (_, n) => point(n + 1, { agentId: "shared" }));
    // The agent went from one gateway to the other and sent a part of it again.
    await Promise.all([one.write(points.slice(0, 200), signal()), two.write(points.slice(100), signal())]);
    const query = { agentId: "shared", type: "system_metrics", kind: null, from: NOON, to: epochMs(NOON + 1_000) };
    const found = await one.read({ ...query, limit: 1_000 });
    expect(found.map(({ seq }) => seq)).toEqual(points.map(({ seq }) => seq).toReversed());
    await Promise.all([one.close(), two.close()]);
  });

  it("lets rows end by themselves", async () => {
    const store = open();
    await store.write([point(1, { agentId: "ends" })], signal());
    const client = createClient({ ...shared, credentials: null, replication: null });
    const row = (
      await client.execute(
        `SELECT TTL(body) AS ttl FROM ${KEYSPACE}.metric_points WHERE agent_id = 'ends' ALLOW FILTERING`,
      )
    ).first();
    expect(Number(row.ttl)).toBeGreaterThan(29 * 86_400);
    await client.shutdown();
    await store.close();
  });
});
