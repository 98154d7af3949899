import { types } from "cassandra-driver";
import { afterAll, beforeAll, expect, it } from "vitest";
import { type CassandraCluster, startCassandra } from "#scripts/cassandra/cluster.ts";
import { singleNodeClient } from "#scripts/cassandra/ready.ts";
import type { JournalEvent } from "#server/contract/event.ts";
import { epochMs } from "#server/kernel/clock.ts";
import { silentLogger } from "#server/kernel/logger.ts";
import { createSystemClock } from "#server/runtime/clock.ts";
import { openScyllaJournal } from "./journal.ts";
import { SECRET } from "./place.test-kit.ts";

const STREAM = "dna:eu-1";
const APPENDS = 30;
/** A stopped host is given up after 5 s, and what it was asked is settled with another. */
const SLOWEST_MS = 40_000;

let cluster: CassandraCluster;
beforeAll(async () => {
  cluster = await startCassandra({ nodes: 3 });
});
afterAll(() => cluster.stop());

it("goes on while one of three nodes is stopped, then killed: nothing acknowledged is lost, nothing is there twice", async () => {
  const journal = await openScyllaJournal({
    contactPoints: cluster.contactPoints,
    localDataCenter: cluster.localDataCenter,
    keyspace: "worldline",
    key: { from: "secret", secret: SECRET },
    replication: { [cluster.localDataCenter]: 3 },
    clock: createSystemClock(),
    log: silentLogger,
    holder: "test:1",
    segmentEvents: 10,
  });
  const acknowledged: JournalEvent[] = [];
  const append = async (count: number) => {
    for (let n = 0; n < count; n += 1) {
      const begun = performance.now();
      const events = await journal.append(STREAM, [
        { kind: "dna.row.unreadable", body: { cluster: "c", reason: null }, subject: `s${n}`, occurredAt: epochMs(n) },
      ]);
      expect(performance.now() - begun).toBeLessThan(SLOWEST_MS);
      acknowledged.push(...events);
    }
  };
  await append(APPENDS);
  cluster.nodes[1]?.pause();
  await append(APPENDS);
  cluster.nodes[1]?.resume();
  await whole();
  await append(APPENDS);
  await cluster.nodes[2]?.kill();
  await append(APPENDS);
  expect(await journal.after(STREAM, "0", 1_000)).toEqual(acknowledged);
  expect(acknowledged).toHaveLength(4 * APPENDS);
  expect(await journal.verifyChain()).toMatchObject({ ok: true, events: 4 * APPENDS });
  await journal.close();
}, 400_000);

/** Until each of the nodes knows the others to be up: who does not would say of two that they are too few. */
async function whole(): Promise<void> {
  for (const { address, port } of cluster.nodes) {
    const client = singleNodeClient(address, port, cluster.localDataCenter);
    const ofAll = { consistency: types.consistencies.all };
    const ask = () => client.execute("SELECT * FROM worldline.journal", [], ofAll);
    await expect.poll(async () => (await ask()).rowLength, { timeout: 60_000, interval: 200 }).toBe(1);
    await client.shutdown();
  }
}
