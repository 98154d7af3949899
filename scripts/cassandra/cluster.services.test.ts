import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { type Client, types } from "cassandra-driver";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type CassandraCluster, type CassandraNode, startCassandra } from "./cluster.ts";
import { chooseAddresses } from "./network.ts";
import { singleNodeClient } from "./ready.ts";

const KEYSPACE = "cluster_test";
const QUERY_TIMEOUT_MS = 1_000;
const SCHEMA_TIMEOUT_MS = 30_000;

/** Runs `work` with a connection to this node and no other. */
async function withNode<T>(
  node: Pick<CassandraNode, "address" | "port">,
  work: (client: Client) => Promise<T>,
): Promise<T> {
  const client = singleNodeClient(node.address, node.port, "dc1");
  try {
    await client.connect();
    return await work(client);
  } finally {
    await client.shutdown();
  }
}

async function createTable(client: Client, replicas: number): Promise<void> {
  const replication = `{'class': 'NetworkTopologyStrategy', 'dc1': ${replicas}}`;
  for (const statement of [
    `CREATE KEYSPACE IF NOT EXISTS ${KEYSPACE} WITH replication = ${replication}`,
    `CREATE TABLE IF NOT EXISTS ${KEYSPACE}.owners (key text PRIMARY KEY, owner text)`,
  ])
    await eventually(() => client.execute(statement, [], { readTimeout: SCHEMA_TIMEOUT_MS }));
}

async function claim(client: Client, key: string, owner: string): Promise<boolean> {
  const statement = `INSERT INTO ${KEYSPACE}.owners (key, owner) VALUES (?, ?) IF NOT EXISTS`;
  const options = {
    prepare: true,
    consistency: types.consistencies.localQuorum,
    serialConsistency: types.consistencies.localSerial,
  };
  return (await client.execute(statement, [key, owner], options)).first()?.get("[applied]");
}

/**
 * What became of a claim that others contend for. A coordinator that gives up in time does not say whether the claim
 * was applied: it is asked again until it answers, and a refusal is then no news of the first attempt.
 */
async function settledClaim(client: Client, key: string, owner: string): Promise<"applied" | "refused" | "unknown"> {
  let refusal: "refused" | "unknown" = "refused";
  const applied = await eventually(async () => {
    try {
      return await claim(client, key, owner);
    } catch (cause) {
      refusal = "unknown";
      throw cause;
    }
  });
  return applied ? "applied" : refusal;
}

async function ownerOf(client: Client, key: string): Promise<unknown> {
  const result = await client.execute(`SELECT owner FROM ${KEYSPACE}.owners WHERE key = ?`, [key], {
    prepare: true,
    consistency: types.consistencies.localSerial,
  });
  return result.first()?.get("owner");
}

const firstNode = (cluster: CassandraCluster): CassandraNode => {
  const node = cluster.nodes[0];
  if (node === undefined) throw new Error("a cluster has a node");
  return node;
};

describe("one node", () => {
  let cluster: CassandraCluster;
  let node: CassandraNode;
  beforeAll(async () => {
    cluster = await startCassandra({ nodes: 1 });
    node = firstNode(cluster);
    await withNode(node, (client) => createTable(client, 1));
  });
  afterAll(() => cluster.stop());

  it("applies a conditional write once", async () => {
    await withNode(node, async (client) => {
      expect(await settledClaim(client, "once", "a")).not.toBe("refused");
      expect(await eventually(() => claim(client, "once", "b"))).toBe(false);
      expect(await eventually(() => ownerOf(client, "once"))).toBe("a");
    });
  });

  it("answers nothing while paused, and answers on the same connection when resumed", async () => {
    await withNode(node, async (client) => {
      node.pause();
      const paused = client.execute("SELECT key FROM system.local", [], { readTimeout: QUERY_TIMEOUT_MS });
      await expect(paused).rejects.toThrow(/did not reply before timeout/);
      node.resume();
      expect((await client.execute("SELECT key FROM system.local")).rowLength).toBe(1);
    });
  });

  it("keeps its data over a clean stop and over kill -9, and refuses connections in between", async () => {
    await withNode(node, (client) => settledClaim(client, "kept", "a"));
    await node.stop();
    expect(node.pid()).toBeUndefined();
    await expect(withNode(node, (client) => ownerOf(client, "kept"))).rejects.toThrow();
    await node.start();
    await withNode(node, async (client) => {
      expect(await eventually(() => ownerOf(client, "kept"))).toBe("a");
      expect(await settledClaim(client, "kept too", "b")).not.toBe("refused");
    });
    await node.kill();
    await node.start();
    expect(await withNode(node, (client) => eventually(() => ownerOf(client, "kept too")))).toBe("b");
  });

  it("leaves no process and no directory behind, even when paused", async () => {
    const short = await startCassandra({ nodes: 1 });
    const [pid, home] = [firstNode(short).pid() ?? 0, dirname(dirname(firstNode(short).logFile))];
    firstNode(short).pause();
    await short.stop();
    expect(() => process.kill(pid, 0)).toThrow(/ESRCH/);
    expect(existsSync(home)).toBe(false);
  });
});

describe("started by hand", () => {
  it("goes with its terminal: neither Ctrl-C nor kill -9 of the script leaves a node or a directory", async () => {
    for (const signal of ["SIGINT", "SIGKILL"] as const) {
      const [address = ""] = await chooseAddresses(1, undefined);
      const flags = ["start", "--network", address.slice(0, address.lastIndexOf("."))];
      const script = spawn(process.execPath, [join(import.meta.dirname, "cli.ts"), ...flags]);
      let printed = "";
      for await (const chunk of script.stdout) {
        printed += chunk;
        if (printed.includes("node.log\n")) break;
      }
      const [, pid, log] = /pid (\d+) {2}log (\S+)/.exec(printed) ?? [];
      const ask = (client: Client) => eventually(() => client.execute("SELECT key FROM system.local"));
      expect(await withNode({ address, port: 9042 }, ask)).toBeDefined();
      script.kill(signal);
      await eventually(async () => {
        expect(() => process.kill(Number(pid), 0)).toThrow(/ESRCH/);
        expect(existsSync(dirname(dirname(log ?? "")))).toBe(false);
      });
    }
  });
});

describe("three nodes", () => {
  let cluster: CassandraCluster;
  beforeAll(async () => {
    cluster = await startCassandra({ nodes: 3 });
    await withNode(firstNode(cluster), (client) => createTable(client, 3));
  });
  afterAll(() => cluster.stop());

  it("form one ring: each knows the two others", async () => {
    const addresses = cluster.nodes.map((node) => node.address);
    for (const node of cluster.nodes) {
      const rows = await withNode(node, async (client) => (await client.execute("SELECT peer FROM system.peers")).rows);
      const peers = rows.map((row) => String(row.get("peer"))).sort();
      expect(peers).toEqual(addresses.filter((address) => address !== node.address));
    }
  });

  it("agree on one winner when all three are asked at once", async () => {
    const told = await Promise.all(
      cluster.nodes.map((node) => withNode(node, (client) => settledClaim(client, "contended", node.address))),
    );
    const owners = await Promise.all(
      cluster.nodes.map((node) => withNode(node, (client) => eventually(() => ownerOf(client, "contended")))),
    );
    expect(new Set(owners).size).toBe(1);
    const winner = cluster.nodes.findIndex(({ address }) => address === owners[0]);
    expect(winner).not.toBe(-1);
    expect(told[winner]).not.toBe("refused");
    expect(told.filter((outcome, index) => index !== winner && outcome === "applied")).toEqual([]);
  });

  it("go on with conditional writes at LOCAL_QUORUM and LOCAL_SERIAL when one of them is paused", async () => {
    const [first, second, third] = cluster.nodes;
    if (first === undefined || second === undefined || third === undefined) throw new Error("three nodes");
    third.pause();
    try {
      // The first who claims it at all: refused is only what was asked again, after an answer that was lost.
      expect(await withNode(first, (client) => settledClaim(client, "two of three", "a"))).not.toBe("refused");
      expect(await withNode(second, (client) => eventually(() => ownerOf(client, "two of three")))).toBe("a");
    } finally {
      third.resume();
    }
    expect(await withNode(third, (client) => eventually(() => ownerOf(client, "two of three")))).toBe("a");
  });
});

/** Asks again while the database fails to answer: a coordinator counts on a paused replica until it notices. */
async function eventually<T>(ask: () => Promise<T>, boundMs = 60_000): Promise<T> {
  const deadline = performance.now() + boundMs;
  for (;;) {
    try {
      return await ask();
    } catch (cause) {
      if (performance.now() > deadline) throw cause;
      await sleep(250);
    }
  }
}
