/** The whole console with its gateway, in this process: real ports, real journal, real files. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { gzipSync } from "node:zlib";
import { encode } from "@msgpack/msgpack";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { WebSocket } from "ws";
import { loadConfiguration } from "#server/config/load.ts";
import { readTextFile } from "#server/config/read-text.ts";
import { type RunningConsole, startConsole } from "#server/http/console.ts";
import { silentLogger } from "#server/kernel/logger.ts";
import { createSystemClock } from "#server/runtime/clock.ts";
import { compose } from "./compose.ts";

const LIMIT = { timeout: 60_000, interval: 100 };
const PASSWORD = "password of the fleet";
const folder = mkdtempSync(path.join(tmpdir(), "worldline-gateway-"));
const file = path.join(folder, "w.yaml");

interface Started {
  readonly console: RunningConsole;
  readonly gateway: string;
  readonly socket: string;
}

function configure(routes: string): void {
  writeFileSync(
    file,
    `
listen: { port: 0 }
journal: { path: ${folder}/data }
ingest:
  listen: { port: 0 }
  users: [ { name: fleet, passwordEnv: FLEET, agents: ["host-*"] } ]
  types: { system_metrics: { schema: system_metrics.v1, kinds: [statistics] }, actor_metrics: { kinds: [restart, mailbox] } }
  receivers: { live: { use: live-view }, store: { use: sqlite-table }, log: { use: event-log }, figures: { use: prometheus } }
  routes: ${routes}
`,
  );
}

const ROUTES = '[ { types: ["*"], to: [live, store, figures] }, { types: [actor_metrics], to: [log] } ]';

async function start(): Promise<Started> {
  const load = () => loadConfiguration({ file, cwd: folder, environment: { FLEET: PASSWORD }, readText: readTextFile });
  const configuration = load();
  let port = 0;
  const log = {
    ...silentLogger,
    child: () => log,
    info(event: string, fields?: Readonly<Record<string, unknown>>) {
      if (event === "ingest.ready") port = Number(fields?.port);
    },
  };
  const app = await compose(configuration, log, null, load);
  const running = await startConsole({
    configuration,
    app,
    clock: createSystemClock(),
    log,
    dev: false,
    openPages: async () => ({ handle: async () => undefined, close: async () => undefined }),
  });
  return { console: running, gateway: `http://127.0.0.1:${port}`, socket: `ws://127.0.0.1:${port}/ingest/v1/ws` };
}

let started: Started;
beforeAll(async () => {
  configure(ROUTES);
  started = await start();
});
afterAll(async () => {
  await started.console.stop();
  rmSync(folder, { recursive: true, force: true });
});

const itemOf = (seq: number, type: string, kind: string, body: object) => ({ seq, at: Date.now(), type, kind, body });
const statistics = (seq: number, load: number) =>
  itemOf(seq, "system_metrics", "statistics", { cpu_load: load, memory_usage: 40, disk_usage: 60 });

async function session(agentId: string): Promise<string> {
  const response = await fetch(`${started.gateway}/ingest/v1/session`, {
    method: "POST",
    headers: {
      "content-type": "application/json",
      authorization: `Basic ${Buffer.from(`fleet:${PASSWORD}`).toString("base64")}`,
    },
    body: JSON.stringify({ agent_id: agentId, about: { hostname: `${agentId}.example`, program: "test 1" } }),
  });
  expect(response.status).toBe(200);
  const { token } = (await response.json()) as { token: string };
  return token;
}

async function send(token: string, body: Uint8Array | string, headers: Record<string, string>) {
  const response = await fetch(`${started.gateway}/ingest/v1/data`, {
    method: "POST",
    headers: { authorization: `Bearer ${token}`, ...headers },
    body: typeof body === "string" ? body : Uint8Array.from(body),
  });
  return { status: response.status, body: (await response.json()) as Record<string, unknown> };
}

/** A query of the operators' API. */
async function ask<T>(procedure: string, input: object): Promise<T> {
  const query = encodeURIComponent(JSON.stringify(input));
  const response = await fetch(`${started.console.url}/api/trpc/${procedure}?input=${query}`);
  const { result } = (await response.json()) as { result: { data: T } };
  return result.data;
}

const kindsOf = async (subject: string): Promise<readonly string[]> => {
  const { events } = await ask<{ events: readonly { kind: string }[] }>("journal.range", { subject, limit: 100 });
  return events.map(({ kind }) => kind);
};

describe("the console with its gateway", () => {
  it("takes JSON, MessagePack and gzip, drops what it had before, and refuses items one by one", async () => {
    const token = await session("host-1");
    const call = (items: readonly object[]) => ({ agent_id: "host-1", boot_id: "boot-1", items });
    const json = { "content-type": "application/json; charset=utf-8" };
    expect(await send(token, JSON.stringify(call([statistics(1, 10), statistics(2, 20)])), json)).toMatchObject({
      status: 202,
      body: { accepted: 2, duplicates: 0, rejected: [] },
    });
    const packed = encode(call([statistics(2, 20), statistics(3, 30)]));
    expect(await send(token, packed, { "content-type": "application/msgpack" })).toMatchObject({
      status: 202,
      body: { accepted: 1, duplicates: 1 },
    });
    const zipped = gzipSync(
      JSON.stringify(
        call([statistics(4, 42), itemOf(5, "nothing", "x", {}), itemOf(6, "actor_metrics", "restart", { node: "n1" })]),
      ),
    );
    expect(await send(token, zipped, { ...json, "content-encoding": "gzip" })).toMatchObject({
      status: 202,
      body: { accepted: 2, rejected: [{ seq: 5, code: "unknown-type", path: "type" }] },
    });
  });

  it("journals the agent and what a route sends there, and tells its latest numbers to Prometheus", async () => {
    await expect
      .poll(() => kindsOf("host-1"), LIMIT)
      .toEqual(expect.arrayContaining(["agent.seen", "agent.state_changed", "agent.message"]));
    await expect
      .poll(async () => (await fetch(`${started.console.url}/metrics`)).text(), LIMIT)
      .toContain('worldline_agent_value{agent="host-1",type="system_metrics",kind="statistics",field="cpu_load"} 42');
    const metrics = await (await fetch(`${started.console.url}/metrics`)).text();
    expect(metrics).toMatch(/worldline_ingest_calls_total\{door="http",outcome="taken"\} [1-9]/);
  });

  it("takes an agent by WebSocket from hello to bye, after which it has left", async () => {
    const token = await session("host-2");
    const socket = new WebSocket(started.socket);
    const frames: Record<string, unknown>[] = [];
    socket.on("message", (data) => frames.push(JSON.parse(String(data))));
    await new Promise((resolve) => socket.once("open", resolve));
    socket.send(JSON.stringify({ op: "hello", token, agent_id: "host-2", boot_id: "b", about: { hostname: "h2" } }));
    socket.send(JSON.stringify({ op: "data", id: 1, items: [statistics(1, 1)] }));
    socket.send(JSON.stringify({ op: "ping", sent_at: Date.now() }));
    await expect.poll(() => frames.map(({ op }) => op), LIMIT).toEqual(["welcome", "ack", "pong"]);
    await expect.poll(() => kindsOf("host-2"), LIMIT).toContain("agent.seen");
    const closed = new Promise((resolve) => socket.once("close", resolve));
    socket.send(JSON.stringify({ op: "bye", reason: "test" }));
    expect(await closed).toBe(1000);
    await expect
      .poll(async () => {
        const { events } = await ask<{ events: readonly { kind: string; body: { to?: string } }[] }>("journal.range", {
          subject: "host-2",
          limit: 100,
        });
        return events.flatMap(({ body }) => (body.to === undefined ? [] : [body.to]));
      }, LIMIT)
      .toContain("left");
  });

  it("stays on its own port: agents find no API there, operators no doors here", async () => {
    expect((await fetch(`${started.gateway}/api/trpc/session.get`)).status).toBe(404);
    const here = await fetch(`${started.console.url}/ingest/v1/ping`, { method: "POST" });
    expect(here.status).toBe(405);
  });

  it("ends soon with agents connected, and knows after a restart what it had", async () => {
    const socket = new WebSocket(started.socket);
    const closed = new Promise((resolve) => socket.once("close", resolve));
    await new Promise((resolve) => socket.once("open", resolve));
    expect(await started.console.stop()).toBe(true);
    expect(await closed).toBe(1001);
    started = await start();
    const token = await session("host-1");
    const again = JSON.stringify({
      agent_id: "host-1",
      boot_id: "boot-1",
      items: [statistics(4, 42), statistics(7, 50)],
    });
    expect(await send(token, again, { "content-type": "application/json" })).toMatchObject({
      status: 202,
      body: { accepted: 1, duplicates: 1 },
    });
  });
});
