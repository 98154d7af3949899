import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer, type Server } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { drained, type GatewayProcess, post, startGateway, until } from "./compose-ingest.test-kit.ts";

const ROUNDS = 150;
const QUEUE = 200;
const MEMORY_MIB_MAX = 600;

let folder: string;
let sleeper: Server;
let asked = 0;
let gateway: GatewayProcess;
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "gateway-sleep-"));
  sleeper = createServer(() => {
    asked += 1;
  });
  await new Promise<void>((resolve) => sleeper.listen(0, "127.0.0.1", resolve));
});
afterEach(async () => {
  await gateway.kill();
  sleeper.closeAllConnections();
  sleeper.close();
  rmSync(folder, { recursive: true, force: true });
});

function sleeperUrl(): string {
  const address = sleeper.address();
  return typeof address === "object" && address !== null ? `http://127.0.0.1:${address.port}/` : "";
}

it("a webhook that never answers makes its own agents wait (429), and nobody else", async () => {
  const queued = { batch: 50, flushMs: 50 };
  gateway = await startGateway(folder, {
    types: [
      { type: "slow", kinds: [], schema: null },
      { type: "quick", kinds: [], schema: null },
    ],
    receivers: [
      {
        ...{ ...queued, id: "hook", use: "webhook", queue: QUEUE, overflow: "block" },
        ...{ url: sleeperUrl(), token: null, timeoutMs: 60_000 },
      },
      {
        ...queued,
        id: "store",
        use: "sqlite-table",
        queue: 20_000,
        overflow: "block",
        path: join(folder, "p"),
        ttlDays: 1,
      },
    ],
    routes: [
      { types: ["slow"], kinds: [], to: ["hook", "store"] },
      { types: ["quick"], kinds: [], to: ["store"] },
    ],
    limits: { maxBytes: 1_048_576, maxBatch: 500, callsPerToken: 10_000, callsPerAddress: 100_000, maxConnections: 64 },
  });
  const tokenOf = async (agent: string) =>
    String((await post(gateway.port, "/ingest/v1/session", null, { agent_id: agent })).body.token);
  const tokens = { slow: await tokenOf("slow"), quick: await tokenOf("quick") };
  const statuses = { slow: new Map<number, number>(), quick: new Map<number, number>() };
  const lags: number[] = [];
  const send = async (type: "slow" | "quick", round: number) => {
    const first = round * 10 + 1;
    const items = Array.from({ length: 10 }, (_, n) => ({
      seq: first + n,
      at: Date.now(),
      type,
      kind: "k",
      body: { n },
    }));
    const { status } = await post(gateway.port, "/ingest/v1/data", tokens[type], {
      agent_id: type,
      boot_id: "b",
      items,
    });
    statuses[type].set(status, (statuses[type].get(status) ?? 0) + 1);
  };
  for (let round = 0; round < ROUNDS; round += 1) {
    await Promise.all([send("slow", round), send("quick", round)]);
    lags.push(gateway.told("store")?.lagMs ?? 0);
  }
  await until(() => asked > 0, "the webhook was asked");
  await drained(gateway, "store");

  expect([...statuses.quick]).toEqual([[202, ROUNDS]]);
  expect([...statuses.slow.keys()].toSorted()).toEqual([202, 429]);
  expect(statuses.slow.get(202)).toBe(QUEUE / 10);
  // One call that nobody answers, and it is not repeated beside itself.
  expect(asked).toBe(1);
  expect(gateway.told("hook")).toMatchObject({ state: "full", queued: QUEUE, delivered: 0, dropped: 0 });
  expect(gateway.told("store")).toMatchObject({ state: "ok", delivered: ROUNDS * 10 + QUEUE });
  expect(lags.toSorted((a, b) => a - b)[Math.floor(ROUNDS / 2)]).toBeLessThan(1_000);
  const residentKib = Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${gateway.pid}/status`, "utf8"))?.[1]);
  expect(residentKib / 1_024).toBeLessThan(MEMORY_MIB_MAX);
});
