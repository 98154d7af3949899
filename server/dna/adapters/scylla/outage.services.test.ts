import { createServer } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { type CassandraCluster, type CassandraNode, startCassandra } from "#scripts/cassandra/cluster.ts";
import { singleNodeClient } from "#scripts/cassandra/ready.ts";
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

describe("one node that goes away and comes back", () => {
  beforeAll(() => start(1));
  afterAll(() => cluster.stop());

  it("paused: reads are unavailable within 5 s, then at once; whole within 5 s of going on", async () => {
    const store = openStore();
    await store.nodes("prod");
    nodeOf(0).pause();
    const first = await timed(store.nodes("prod"));
    expect(first.result).toMatchObject(unavailable);
    expect(first.ms).toBeLessThan(WHOLE_AGAIN_MS);
    const second = await timed(store.nodes("prod"));
    expect(second.result).toMatchObject(unavailable);
    expect(second.ms).toBeLessThan(first.ms);
    nodeOf(0).resume();
    expect(await msUntil(answers(store), WHOLE_AGAIN_MS)).toBeLessThan(WHOLE_AGAIN_MS);
  });

  it("paused: a store that never connected is unavailable too, can be closed in 3 s, and connects later", async () => {
    nodeOf(0).pause();
    const [one, other] = [openStore(), openStore()];
    const { result, ms } = await timed(one.nodes("prod"));
    expect(result).toMatchObject(unavailable);
    expect(ms).toBeLessThan(WHOLE_AGAIN_MS);
    const pending = timed(other.nodes("prod"));
    expect((await timed(other.close())).ms).toBeLessThan(3_000);
    expect((await pending).result).toMatchObject(unavailable);
    nodeOf(0).resume();
    expect(await msUntil(answers(one), WHOLE_AGAIN_MS)).toBeLessThan(WHOLE_AGAIN_MS);
  });

  it("paused in the middle of a release: the outcome is unknown, and a serial read settles it afterwards", async () => {
    await claim("settled");
    const store = openStore();
    const key = { ...CITY, name: "settled" };
    expect(await store.actor(key, "serial")).toMatchObject({ owner: OWNER });
    expect(await store.release({ ...CITY, name: "prepares the statement" }, OWNER)).toMatchObject({ kind: "rejected" });
    nodeOf(0).pause();
    const { result, ms } = await timed(store.release(key, OWNER));
    expect(result).toMatchObject({ status: "fulfilled", value: { kind: "unknown" } });
    expect(ms).toBeLessThan(7_000);
    nodeOf(0).resume();
    await msUntil(answers(store), WHOLE_AGAIN_MS);
    const row = await store.actor(key, "serial");
    if (row !== null) {
      expect(row).toMatchObject({ owner: OWNER });
      expect(await store.release(key, OWNER)).toEqual({ kind: "applied" });
    }
    expect(await store.actor(key, "serial")).toBeNull();
  });

  it("killed: reads and releases are unavailable (nothing was sent); whole within 5 s of accepting again", async () => {
    await claim("kept");
    const store = openStore();
    await store.nodes("prod");
    await nodeOf(0).kill();
    await msUntil(async () => !(await answers(store)()), WHOLE_AGAIN_MS);
    await expect(store.nodes("prod")).rejects.toMatchObject({ code: "upstream-unavailable" });
    await expect(store.release({ ...CITY, name: "kept" }, OWNER)).rejects.toMatchObject({
      code: "upstream-unavailable",
    });
    const never = openStore();
    await expect(never.clusters()).rejects.toMatchObject({ code: "upstream-unavailable" });
    await nodeOf(0).start();
    for (const each of [store, never]) {
      expect(await msUntil(answers(each), WHOLE_AGAIN_MS)).toBeLessThan(WHOLE_AGAIN_MS);
    }
    expect(await store.actor({ ...CITY, name: "kept" }, "serial")).toMatchObject({ owner: OWNER });
  });
});

describe("something else on that port", () => {
  it("that accepts and never speaks is unavailable in time", async () => {
    const mute = createServer();
    await new Promise<void>((resolve) => mute.listen(0, "127.0.0.1", resolve));
    const address = mute.address();
    const port = typeof address === "object" && address !== null ? address.port : 0;
    const options = { contactPoints: [`127.0.0.1:${port}`], localDataCenter: "dc1", keyspace: KEYSPACE };
    const store = createScyllaDnaStore(options, createSystemClock());
    const { result, ms } = await timed(store.clusters());
    expect(result).toMatchObject(unavailable);
    expect(ms).toBeLessThan(WHOLE_AGAIN_MS);
    await store.close();
    mute.close();
  });
});

describe("three nodes", () => {
  beforeAll(() => start(3));
  afterAll(() => cluster.stop());

  it("one of them paused: every read is answered within 5 s, also for a store that starts then", async () => {
    const before = openStore();
    await before.nodes("prod");
    const { hosts } = await before.databaseCluster();
    expect(hosts.map((host) => host.address).sort()).toEqual(cluster.nodes.map((node) => node.address));
    expect(hosts.map((host) => host.up)).toEqual([true, true, true]);
    nodeOf(2).pause();
    try {
      const during = openStore();
      for (const store of [before, during]) {
        for (let read = 0; read < 6; read += 1) {
          const { result, ms } = await timed(store.nodes("prod"));
          expect(result.status).toBe("fulfilled");
          expect(ms).toBeLessThan(WHOLE_AGAIN_MS);
        }
      }
    } finally {
      nodeOf(2).resume();
    }
  });
});
