/** Two consoles on one journal: each has a gateway, one of them writes. */
import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { nodeFlags } from "#scripts/process/node-version.mjs";
import { type SharedCassandra, sharedCassandra, uniqueKeyspace } from "#scripts/testing/shared-cassandra.ts";

const LIMIT = { timeout: 60_000, interval: 200 };
const KEY = "a key of thirty-two characters or more";
const folder = mkdtempSync(path.join(tmpdir(), "worldline-gateways-"));
const children: ChildProcess[] = [];

interface Console {
  readonly port: number;
  readonly gateway: number;
  readonly pid: number;
}

let writer: Console;
let follower: Console;

async function start(name: string, place: SharedCassandra, keyspace: string): Promise<Console> {
  const { contactPoints, localDataCenter: centre } = place;
  const file = path.join(folder, `${name}.yaml`);
  writeFileSync(
    file,
    `
listen: { port: 0 }
journal: { store: scylla, path: ${folder}/${name}, contactPoints: ${JSON.stringify(contactPoints)}, localDataCenter: ${centre}, keyspace: ${keyspace}, replication: { ${centre}: 1 }, keyEnv: KEY }
ingest:
  listen: { port: 0 }
  keyEnv: KEY
  types: { system_metrics: { kinds: [statistics] }, actor_metrics: { kinds: [restart] } }
  receivers: { live: { use: live-view }, log: { use: event-log } }
  routes: [ { types: ["*"], to: [live] }, { types: [actor_metrics], to: [log] } ]
`,
  );
  const child = spawn(process.execPath, [...nodeFlags(), "server/compose-console.fixture.ts", file], {
    cwd: path.resolve(import.meta.dirname, ".."),
    env: { ...process.env, KEY },
    stdio: ["ignore", "pipe", "inherit"],
  });
  children.push(child);
  const line = await new Promise<string>((resolve, reject) => {
    child.stdout?.once("data", (chunk) => resolve(String(chunk)));
    child.once("exit", (code) => reject(new Error(`the console ended with ${code}`)));
  });
  return { ...(JSON.parse(line) as Omit<Console, "pid">), pid: child.pid ?? 0 };
}

beforeAll(async () => {
  const place = await sharedCassandra();
  const keyspace = uniqueKeyspace("gateways");
  writer = await start("one", place, keyspace);
  follower = await start("two", place, keyspace);
});
afterAll(() => {
  for (const child of children) child.kill("SIGKILL");
  rmSync(folder, { recursive: true, force: true });
});

async function call(to: Console, name: string, body: object, token?: string) {
  const response = await fetch(`http://127.0.0.1:${to.gateway}/ingest/v1/${name}`, {
    method: "POST",
    headers: {
      "content-type": "application/json",
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
    },
    body: JSON.stringify(body),
  });
  return { status: response.status, body: (await response.json()) as Readonly<Record<string, unknown>> };
}

const dataOf = (seq: number, type: string, kind: string) => ({
  ...{ agent_id: "host-1", boot_id: "b" },
  items: [{ seq, at: Date.now(), type, kind, body: {} }],
});

it("the gateway of a console that follows takes agents in, and the writer journals them; what needs the journal is sent there", async () => {
  const token = String((await call(follower, "session", { agent_id: "host-1" })).body.token);
  expect((await call(follower, "data", dataOf(1, "system_metrics", "statistics"), token)).status).toBe(202);
  const query = encodeURIComponent(JSON.stringify({ subject: "host-1", limit: 100 }));
  await expect
    .poll(
      async () => (await fetch(`http://127.0.0.1:${writer.port}/api/trpc/journal.range?input=${query}`)).text(),
      LIMIT,
    )
    .toMatch(new RegExp(`"agent\\.seen".*:${follower.pid}"`));
  const refused = await call(follower, "data", dataOf(2, "actor_metrics", "restart"), token);
  expect(refused.status).toBe(503);
  expect(refused.body.reason).toContain(String(writer.pid));
  expect((await call(writer, "data", dataOf(2, "actor_metrics", "restart"), token)).status).toBe(202);
});

it("a token that is ended on one gateway is worth nothing on the other", async () => {
  const token = String((await call(writer, "session", { agent_id: "host-2" })).body.token);
  const who = { agent_id: "host-2", boot_id: "b" };
  expect((await call(follower, "ping", who, token)).status).toBe(200);
  expect((await call(writer, "bye", who, token)).status).toBe(200);
  expect((await call(writer, "ping", who, token)).status).toBe(401);
  await expect.poll(async () => (await call(follower, "ping", who, token)).status, LIMIT).toBe(401);
});
