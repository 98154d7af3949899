import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { Client } from "cassandra-driver";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { sharedCassandra, uniqueKeyspace } from "#scripts/testing/shared-cassandra.ts";
import {
  createLogicalAgent,
  drained,
  type GatewayProcess,
  type LogicalAgent,
  pause,
  startGateway,
  until,
} from "./compose-ingest.test-kit.ts";

const AGENTS = 10;
const ITEMS_A_BATCH = 10;
const KILLS = 4;
const SEVERAL_STARTS_MS = 400_000;
/** Long, so that what was acknowledged is not delivered yet when the gateway dies. */
const SLOW = { queue: 100_000, overflow: "block", batch: 50_000, flushMs: 1_500 };
const ROUTES = [{ types: ["*"], kinds: [], to: ["store"] }];
const LIMITS = {
  maxBytes: 1_048_576,
  maxBatch: 500,
  callsPerToken: 10_000,
  callsPerAddress: 100_000,
  maxConnections: 4_096,
};

let folder: string;
const running = new Set<GatewayProcess>();
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "gateway-kill-"));
});
afterEach(async () => {
  for (const gateway of running) await gateway.kill();
  running.clear();
  rmSync(folder, { recursive: true, force: true });
});

async function start(name: string, store: object): Promise<GatewayProcess> {
  const receivers = [{ id: "store", ...store }];
  const gateway = await startGateway(join(folder, name), { receivers, routes: ROUTES, limits: LIMITS });
  running.add(gateway);
  return gateway;
}
async function kill(gateway: GatewayProcess): Promise<void> {
  await gateway.kill();
  running.delete(gateway);
}

/** Every agent sends as fast as it is answered, until told to stop. */
function load(agents: readonly LogicalAgent[], portOf: () => number) {
  let going = true;
  const ended = Promise.all(
    agents.map(async (agent) => {
      while (going) if (!(await agent.send(portOf(), ITEMS_A_BATCH))) await pause(20);
    }),
  );
  return {
    async stop() {
      going = false;
      await ended;
    },
  };
}

const agentsOf = () => Array.from({ length: AGENTS }, (_, n) => createLogicalAgent(`agent-${n}`));

/** Sends until something waits that was acknowledged and not delivered, then kills: with -9, in the middle of it. */
async function killInBetween(gateway: GatewayProcess, agents: readonly LogicalAgent[]): Promise<number> {
  const before = agents.reduce((sum, { acknowledged }) => sum + acknowledged.size, 0);
  const sending = load(agents, () => gateway.port);
  const now = () => agents.reduce((sum, { acknowledged }) => sum + acknowledged.size, 0);
  await until(() => now() > before + 100 && (gateway.told("store")?.queued ?? 0) > 50, "something waits");
  const waiting = gateway.told("store")?.queued ?? 0;
  await kill(gateway);
  await sending.stop();
  return waiting;
}

/** What is missing of what was acknowledged, and what is there twice; one line each. */
function faultsOf(agents: readonly LogicalAgent[], rows: readonly { readonly agent: string; readonly seq: number }[]) {
  const faults: string[] = [];
  const found = new Set<string>();
  for (const { agent, seq } of rows) {
    const key = `${agent} ${seq}`;
    if (found.has(key)) faults.push(`twice: ${key}`);
    found.add(key);
  }
  for (const { id, acknowledged } of agents) {
    for (const seq of acknowledged) if (!found.has(`${id} ${seq}`)) faults.push(`lost: ${id} ${seq}`);
  }
  return faults.slice(0, 20);
}

describe("a gateway that is killed between acknowledgement and flush", { timeout: SEVERAL_STARTS_MS }, () => {
  it("loses nothing that it acknowledged, with a table in SQLite", async () => {
    const path = join(folder, "points.sqlite");
    const store = { ...SLOW, use: "sqlite-table", path, ttlDays: 30 };
    const agents = agentsOf();
    const waited: number[] = [];
    for (let round = 0; round < KILLS; round += 1) waited.push(await killInBetween(await start("one", store), agents));
    expect(Math.min(...waited)).toBeGreaterThan(0);

    const last = await start("one", store);
    // What was sent and never answered is sent once more, as an agent does; what was had is not taken again.
    for (const agent of agents) expect(await agent.send(last.port, ITEMS_A_BATCH)).toBe(true);
    await drained(last, "store");
    await last.end();
    running.delete(last);
    const database = new DatabaseSync(path, { readOnly: true });
    const rows = database.prepare("SELECT agent_id, seq FROM metric_points").all();
    database.close();
    const found = rows.map((row) => ({ agent: String(row.agent_id), seq: Number(row.seq) }));
    expect(faultsOf(agents, found)).toEqual([]);
    // Everything was acknowledged in the end, so nothing else is there.
    const acknowledged = agents.reduce((sum, agent) => sum + agent.acknowledged.size, 0);
    expect(found).toHaveLength(acknowledged);
    process.stdout.write(
      `${acknowledged} items acknowledged over ${KILLS} kills, ${waited.join(", ")} waiting at each\n`,
    );
  });

  it("loses nothing and doubles nothing with two gateways on one table in Cassandra", async () => {
    const { contactPoints, localDataCenter } = await sharedCassandra();
    const keyspace = uniqueKeyspace("gateways");
    const replication = { [localDataCenter]: 1 };
    const database = {
      contactPoints,
      localDataCenter,
      keyspace,
      replication,
      username: null,
      password: null,
      tls: null,
    };
    const store = { ...SLOW, use: "scylla-table", database, ttlDays: 30 };
    const agents = agentsOf();
    const two = await start("two", store);
    const waited = await killInBetween(await start("one", store), agents);
    expect(waited).toBeGreaterThan(0);
    // The agents go over to the other gateway, with what the first one had not answered.
    for (const agent of agents) expect(await agent.send(two.port, ITEMS_A_BATCH)).toBe(true);
    const again = await start("one", store);
    for (const gateway of [again, two]) await drained(gateway, "store");
    const socketOptions = { readTimeout: 60_000 };
    const client = new Client({ contactPoints: [...contactPoints], localDataCenter, socketOptions });
    const { rows } = await client.execute(`SELECT agent_id, seq FROM ${keyspace}.metric_points`, [], {
      fetchSize: 100_000,
    });
    await client.execute(`DROP KEYSPACE ${keyspace}`);
    await client.shutdown();
    const found = rows.map((row) => ({ agent: String(row.agent_id), seq: Number(row.seq) }));
    expect(faultsOf(agents, found)).toEqual([]);
    expect(found).toHaveLength(agents.reduce((sum, agent) => sum + agent.acknowledged.size, 0));
  });
});
