import { createServer } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { type CassandraCluster, type CassandraNode, startCassandra } from "#scripts/cassandra/cluster.ts";
import { singleNodeClient } from "#scripts/cassandra/ready.ts";
import { expectInTime } from "#scripts/testing/in-time.ts";
import { createScyllaDnaStore } from "#server/dna/adapters/scylla/store.ts";
import type { Incarnation } from "#server/dna/domain/identity.ts";
import type { DnaStore } from "#server/dna/ports.ts";
import { epochMs } from "#server/kernel/clock.ts";
import { createSystemClock } from "#server/runtime/clock.ts";
import { createDnaTables } from "./testing/schema.ts";

const KEYSPACE = "dna";
const CITY = { namespace: "eu", moduleId: 0 };
const OWNER: Incarnation = { createdAt: epochMs(1_795_300_000_123), id: 7n };
/** The console must be whole again this long after the database answers. */
const WHOLE_AGAIN_MS = 5_000;
const CLOSED_MS = 3_000;
const SETTLED_MS = 7_000;
/** Until it is given up: longer than any of these is promised to take. */
const PATIENCE_MS = 60_000;
const EVENTUALLY = { timeout: PATIENCE_MS, interval: 200 };
const SEVERAL_OUTAGES = { timeout: 400_000 };

let cluster: CassandraCluster;
const stores: DnaStore[] = [];

function openStore(): DnaStore {
  const { contactPoints, localDataCenter } = cluster;
  const store = createScyllaDnaStore({ contactPoints, localDataCenter, keyspace: KEYSPACE }, createSystemClock());
  stores.push(store);
  return store;
}

async function start(nodes: 1 | 3): Promise<void> {
  cluster = await startCassandra({ nodes });
  await withAdmin(async (run) => {
    await createDnaTables({ execute: run }, { keyspace: KEYSPACE, dataCenter: "dc1", replicas: nodes });
  });
}

async function withAdmin(work: (run: ReturnType<typeof singleNodeClient>["execute"]) => Promise<void>): Promise<void> {
  const { address, port } = nodeOf(0);
  const client = singleNodeClient(address, port, "dc1");
  try {
    await work(client.execute.bind(client));
  } finally {
    await client.shutdown();
  }
}

function nodeOf(index: number): CassandraNode {
  const node = cluster.nodes[index];
  if (node === undefined) throw new Error(`no node ${index}`);
  return node;
}

const claim = (name: string) =>
  withAdmin(async (run) => {
    const statement =
      `INSERT INTO ${KEYSPACE}.actors (namespace, module_id, name, node_created, node_id) ` +
      "VALUES (?, ?, ?, ?, ?) IF NOT EXISTS";
    const hints = ["text", "int", "text", "timestamp", "bigint"];
    await run(statement, [CITY.namespace, CITY.moduleId, name, OWNER.createdAt, `${OWNER.id}`], { hints });
  });

async function msUntil(holds: () => Promise<boolean>, boundMs: number): Promise<number> {
  const begun = performance.now();
  while (!(await holds())) {
    if (performance.now() - begun > boundMs) throw new Error(`not so within ${boundMs} ms`);
    await sleep(50);
  }
  return performance.now() - begun;
}

const answers = (store: DnaStore) => async () =>
  store.nodes("prod").then(
    () => true,
    () => false,
  );

async function timed<T>(work: Promise<T>): Promise<{ readonly result: PromiseSettledResult<T>; readonly ms: number }> {
  const begun = performance.now();
  const [result] = await Promise.allSettled([work]);
  return { result, ms: performance.now() - begun };
}

const unavailable = { status: "rejected", reason: { code: "upstream-unavailable" } };

afterEach(async () => {
  for (const store of stores.splice(0)) await store.close();
});

describe("one node that goes away and comes back", SEVERAL_OUTAGES, () => {
  beforeAll(() => start(1));
  afterAll(() => cluster.stop());

  it("paused: reads are unavailable within 5 s, then at once; whole within 5 s of going on", async () => {
    const store = openStore();
    await expectInTime(WHOLE_AGAIN_MS, async () => {
      await msUntil(answers(store), PATIENCE_MS);
      nodeOf(0).pause();
      const first = await timed(store.nodes("prod"));
      expect(first.result).toMatchObject(unavailable);
      const second = await timed(store.nodes("prod"));
      expect(second.result).toMatchObject(unavailable);
      nodeOf(0).resume();
      const wholeMs = await msUntil(answers(store), PATIENCE_MS);
      return Math.max(first.ms, wholeMs, second.ms < first.ms ? 0 : WHOLE_AGAIN_MS);
    });
  });

  it("paused: a store that never connected is unavailable too, can be closed in 3 s, and connects later", async () => {
    await expectInTime(WHOLE_AGAIN_MS, async () => {
      nodeOf(0).pause();
      const [one, other] = [openStore(), openStore()];
      const { result, ms } = await timed(one.nodes("prod"));
      expect(result).toMatchObject(unavailable);
      const pending = timed(other.nodes("prod"));
      const closed = await timed(other.close());
      expect((await pending).result).toMatchObject(unavailable);
      nodeOf(0).resume();
      const wholeMs = await msUntil(answers(one), PATIENCE_MS);
      return Math.max(ms, wholeMs, closed.ms < CLOSED_MS ? 0 : WHOLE_AGAIN_MS);
    });
  });

  it("paused in the middle of a release: the outcome is unknown, and a serial read settles it afterwards", async () => {
    const store = openStore();
    const key = { ...CITY, name: "settled" };
    await expectInTime(SETTLED_MS, async () => {
      await msUntil(answers(store), PATIENCE_MS);
      await claim("settled");
      expect(await store.actor(key, "serial")).toMatchObject({ owner: OWNER });
      const prepares = { ...CITY, name: "prepares the statement" };
      expect(await store.release(prepares, OWNER)).toMatchObject({ kind: "rejected" });
      nodeOf(0).pause();
      const { result, ms } = await timed(store.release(key, OWNER));
      nodeOf(0).resume();
      expect(result).toMatchObject({ status: "fulfilled", value: { kind: "unknown" } });
      await msUntil(answers(store), PATIENCE_MS);
      const row = await store.actor(key, "serial");
      if (row !== null) {
        expect(row).toMatchObject({ owner: OWNER });
        expect(await store.release(key, OWNER)).toEqual({ kind: "applied" });
      }
      expect(await store.actor(key, "serial")).toBeNull();
      return ms;
    });
  });

  it("killed: reads and releases are unavailable (nothing was sent); whole within 5 s of accepting again", async () => {
    await claim("kept");
    const store = openStore();
    await expectInTime(WHOLE_AGAIN_MS, async () => {
      await msUntil(answers(store), PATIENCE_MS);
      await nodeOf(0).kill();
      await msUntil(async () => !(await answers(store)()), PATIENCE_MS);
      await expect(store.nodes("prod")).rejects.toMatchObject({ code: "upstream-unavailable" });
      await expect(store.release({ ...CITY, name: "kept" }, OWNER)).rejects.toMatchObject({
        code: "upstream-unavailable",
      });
      const never = openStore();
      await expect(never.clusters()).rejects.toMatchObject({ code: "upstream-unavailable" });
      await nodeOf(0).start();
      const wholeMs = await Promise.all([store, never].map((each) => msUntil(answers(each), PATIENCE_MS)));
      expect(await store.actor({ ...CITY, name: "kept" }, "serial")).toMatchObject({ owner: OWNER });
      return Math.max(...wholeMs);
    });
  });
});

describe("something else on that port", () => {
  it("that accepts and never speaks is unavailable in time", async () => {
    const mute = createServer();
    await new Promise<void>((resolve) => mute.listen(0, "127.0.0.1", resolve));
    const address = mute.address();
    const port = typeof address === "object" && address !== null ? address.port : 0;
    const options = { contactPoints: [`127.0.0.1:${port}`], localDataCenter: "dc1", keyspace: KEYSPACE };
    await expectInTime(WHOLE_AGAIN_MS, async () => {
      const store = createScyllaDnaStore(options, createSystemClock());
      const { result, ms } = await timed(store.clusters());
      expect(result).toMatchObject(unavailable);
      await store.close();
      return ms;
    });
    mute.close();
  });
});

describe("three nodes", SEVERAL_OUTAGES, () => {
  beforeAll(() => start(3));
  afterAll(() => cluster.stop());

  it("one of them paused: every read is answered within 5 s, also for a store that starts then", async () => {
    await expectInTime(WHOLE_AGAIN_MS, async () => {
      const before = openStore();
      await msUntil(answers(before), PATIENCE_MS);
      const hosts = async () => (await before.databaseCluster()).hosts;
      await expect.poll(async () => (await hosts()).map(({ up }) => up), EVENTUALLY).toEqual([true, true, true]);
      expect((await hosts()).map(({ address }) => address).sort()).toEqual(cluster.nodes.map((node) => node.address));
      nodeOf(2).pause();
      try {
        const took: number[] = [];
        for (const store of [before, openStore()]) {
          for (let read = 0; read < 6; read += 1) {
            const { result, ms } = await timed(store.nodes("prod"));
            took.push(result.status === "fulfilled" ? ms : Number.POSITIVE_INFINITY);
          }
        }
        return Math.max(...took);
      } finally {
        nodeOf(2).resume();
      }
    });
  });
});
