import { Client } from "cassandra-driver";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { type SharedCassandra, sharedCassandra, uniqueKeyspace } from "#scripts/testing/shared-cassandra.ts";
import { createSystemClock } from "#server/runtime/clock.ts";
import { createClient } from "./client.ts";
import { findDnaKeyspaces } from "./keyspaces.ts";
import { createScyllaDnaStore } from "./store.ts";
import { createDnaTables } from "./testing/schema.ts";

const HOUR_MS = 3_600_000;
const KEYSPACE = uniqueKeyspace("client");
let shared: SharedCassandra;
let client: Client;

beforeAll(async () => {
  shared = await sharedCassandra();
  client = createClient(shared);
  await createDnaTables(client, { keyspace: KEYSPACE, dataCenter: shared.localDataCenter, replicas: 1 });
});
afterAll(() => client.shutdown());

/** How far ahead of the database a write of this client was stamped, in ms, when its own clock is an hour ahead. */
async function stampedAheadMs(writer: Client, cluster: string): Promise<number> {
  await writer.connect();
  const realNow = Date.now;
  const ahead = vi.spyOn(Date, "now").mockImplementation(() => realNow() + HOUR_MS);
  try {
    const insert = `INSERT INTO "${KEYSPACE}".nodes (cluster, created_at, id, heartbeat) VALUES (?, 1, 1, 1)`;
    await writer.execute(insert, [cluster], { prepare: true });
  } finally {
    ahead.mockRestore();
  }
  const select = `SELECT WRITETIME(heartbeat) AS us, toUnixTimestamp(now()) AS ms FROM "${KEYSPACE}".nodes WHERE cluster = ?`;
  const row = (await client.execute(select, [cluster], { prepare: true })).first();
  return Number(row.us / 1_000n - row.ms);
}

describe("the driver as we set it", () => {
  it("lets the server stamp writes, so that our clock can hide nobody's", async () => {
    expect(Math.abs(await stampedAheadMs(client, "ours"))).toBeLessThan(60_000);
  });

  it("differs in that from the driver as it comes, which stamps with the client's clock", async () => {
    const usual = new Client({
      contactPoints: [...shared.contactPoints],
      localDataCenter: shared.localDataCenter,
    });
    try {
      expect(await stampedAheadMs(usual, "usual")).toBeGreaterThan(HOUR_MS / 2);
    } finally {
      await usual.shutdown();
    }
  });
});

describe("a configuration that does not fit the database", () => {
  const open = (options: { readonly keyspace?: string; readonly localDataCenter?: string }) =>
    createScyllaDnaStore({ ...shared, keyspace: KEYSPACE, ...options }, createSystemClock());

  it("with an unknown keyspace is malformed and says which", async () => {
    const store = open({ keyspace: "no_such_keyspace" });
    const refused = { code: "upstream-malformed", message: expect.stringContaining("no_such_keyspace") };
    await expect(store.nodes("prod")).rejects.toMatchObject(refused);
    await expect(
      store.release({ namespace: "eu", moduleId: 0, name: "x" }, { createdAt: 1 as never, id: 1n }),
    ).rejects.toMatchObject(refused);
    await store.close();
  });

  it("with an unknown data centre is unavailable and says which there are", async () => {
    const store = open({ localDataCenter: "elsewhere" });
    await expect(store.nodes("prod")).rejects.toMatchObject({
      code: "upstream-unavailable",
      message: expect.stringMatching(/elsewhere.*dc1/),
    });
    await store.close();
  });

  it.each(["", "a-b", 'a".x', "x".repeat(49)])("with %j as keyspace is refused before anything is sent", (keyspace) => {
    expect(() => open({ keyspace })).toThrow(expect.objectContaining({ code: "invalid-input" }));
  });
});

describe("findDnaKeyspaces", () => {
  it("finds keyspaces with DNA's tables, and tells what differs in one that only looks like it", async () => {
    const odd = uniqueKeyspace("odd");
    const run = (statement: string) => client.execute(statement, [], { prepare: false, readTimeout: 60_000 });
    await run(`CREATE KEYSPACE ${odd} WITH replication = {'class': 'NetworkTopologyStrategy', 'dc1': 1}`);
    await run(
      `CREATE TABLE ${odd}.nodes (cluster text, created_at timestamp, id int, PRIMARY KEY (cluster, created_at, id))`,
    );
    await run(`CREATE TABLE ${odd}.actors (namespace text PRIMARY KEY)`);
    const found = await findDnaKeyspaces(shared, createSystemClock());
    expect(found.find(({ keyspace }) => keyspace === KEYSPACE)?.faults).toEqual([]);
    const { faults } = found.find(({ keyspace }) => keyspace === odd) ?? { faults: [] };
    expect(faults).toContain('nodes.id is "clustering 1 int", DNA\'s is "clustering 1 bigint"');
    expect(faults).toContain('nodes.heartbeat is missing, DNA\'s is "regular -1 bigint"');
    expect(found.map(({ keyspace }) => keyspace)).not.toContain("system");
    await run(`DROP KEYSPACE ${odd}`);
  });
});
