import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { Client } from "cassandra-driver";
import { ulid } from "ulid";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { ensureBuilt } from "#scripts/process/build.mjs";
import { nodeFlags } from "#scripts/process/node-version.mjs";
import type { TestBeam } from "#scripts/testing/beam.ts";
import { expectInTime, msOf } from "#scripts/testing/in-time.ts";
import { sharedCassandra, uniqueKeyspace } from "#scripts/testing/shared-cassandra.ts";
import { createFixtureSeeding, startFixtureNode } from "#server/dna/adapters/beam/testing/fixture-node.test-kit.ts";
import { createDnaTables } from "#server/dna/adapters/scylla/testing/schema.ts";
import { createCqlSeeding } from "#server/dna/adapters/scylla/testing/seeding.ts";
import type { BeamSeeding } from "#server/dna/dna-beam.harness.ts";
import { type Incarnation, toIncarnationId } from "#server/dna/domain/identity.ts";

/** The console as a process, a real database and a real BEAM node: what an operator has, but for DNA itself. */
const ROOT = path.resolve(import.meta.dirname, "..");
const KEYSPACE = uniqueKeyspace("beam_console");
const CITY = { namespace: "eu", moduleId: 0 };
const KEY = { ...CITY, name: "city-00000003" };
const BEAT_MS = 1_000;
const POLL = { timeout: 60_000, interval: 200 };
const PROVEN_WITHIN_MS = 30_000;
/** Longer than what is asked meanwhile takes, and less than a safe stop waits for. */
const WRITE_MS = 3_000;
const folder = mkdtempSync(path.join(tmpdir(), "worldline-beam-"));

let admin: Client;
let node: TestBeam;
let other: TestBeam;
let seed: BeamSeeding;
let identity: Incarnation;
let beating: NodeJS.Timeout;
let console: ChildProcess;
let output = "";
let origin = "";

beforeAll(async () => {
  expect((await ensureBuilt(ROOT)).failed).toBeNull();
  const { contactPoints, localDataCenter } = await sharedCassandra();
  admin = new Client({
    contactPoints: [...contactPoints],
    localDataCenter,
    encoding: { useBigIntAsLong: true },
    isMetadataSyncEnabled: false,
    socketOptions: { readTimeout: 60_000 },
  });
  await createDnaTables(admin, { keyspace: KEYSPACE, dataCenter: localDataCenter, replicas: 1 });
  node = await startFixtureNode();
  if (node.epmd === null) throw new Error("the node has no mapper");
  other = await startFixtureNode({ epmd: node.epmd, cookie: node.cookie });
  seed = createFixtureSeeding(node);
  identity = await seed.identity();
  const otherIdentity = await createFixtureSeeding(other).identity();
  await seed.start(CITY, "city-", 25);
  const rows = createCqlSeeding(admin, KEYSPACE);
  const owner = { nodeCreated: identity.createdAt, nodeId: identity.id, claimedAt: identity.createdAt };
  await rows.writeActor({ ...KEY, ...owner });
  let heartbeat = 0n;
  const beat = async () => {
    heartbeat += BigInt(BEAT_MS);
    const row = { cluster: "prod", heartbeat, load: 0.5, draining: false, writtenAgoMs: 0 };
    await rows.writeNode({ ...row, incarnation: identity, node: node.name });
    await rows.writeNode({ ...row, incarnation: otherIdentity, node: other.name });
  };
  await beat();
  // One that a busy database does not take is followed by the next.
  beating = setInterval(() => void beat().catch(() => undefined), BEAT_MS);
  const scylla = { contactPoints, localDataCenter, keyspace: KEYSPACE };
  const beam = {
    name: "worldline@127.0.0.1",
    cookieFile: node.cookieFile,
    epmdPort: node.epmd?.port,
    evaluate: true,
  };
  const file = path.join(folder, "worldline.yaml");
  const dna = [{ id: "eu-1", act: true, scylla, beam }];
  // JSON is YAML.
  writeFileSync(file, JSON.stringify({ listen: { port: 0 }, journal: { path: path.join(folder, "data") }, dna }));
  console = spawn(process.execPath, [...nodeFlags(), "server/main.ts", "--config", file], {
    cwd: ROOT,
    stdio: ["ignore", "pipe", "pipe"],
  });
  for (const stream of [console.stdout, console.stderr]) stream?.on("data", (part) => (output += String(part)));
  const ready = /"port":(\d+)[^\n]*"event":"console\.ready"/;
  await vi.waitUntil(() => ready.test(output), { timeout: 120_000, interval: 100 });
  origin = `http://127.0.0.1:${ready.exec(output)?.[1]}`;
});
afterAll(async () => {
  clearInterval(beating);
  console?.kill("SIGKILL");
  await admin?.shutdown();
  await other?.remove();
  await node?.remove();
  rmSync(folder, { recursive: true, force: true });
});

type Answer = Readonly<Record<string, unknown>>;

async function dataOf(response: Response): Promise<Answer> {
  const text = await response.text();
  if (!response.ok) throw new Error(`${response.status}: ${text}`);
  return JSON.parse(text).result.data;
}

const query = async (name: string, input: unknown): Promise<Answer> =>
  dataOf(await fetch(`${origin}/api/trpc/${name}?input=${encodeURIComponent(JSON.stringify(input))}`));

const mutate = async (name: string, input: unknown): Promise<Answer> =>
  dataOf(
    await fetch(`${origin}/api/trpc/${name}`, {
      method: "POST",
      headers: { "content-type": "application/json", origin },
      body: JSON.stringify(input),
    }),
  );

describe("a console with access to the nodes", () => {
  const ofNode = () => ({ source: "eu-1", incarnation: toIncarnationId(identity) });
  const ofKey = { source: "eu-1", ...KEY };

  it("tells how many actors run on a node, and that it is the incarnation of its row", async () => {
    const look = () => query("dna.beam.node", ofNode());
    await expect.poll(async () => (await look()).running, POLL).toBe(25);
    expect(await look()).toMatchObject({
      configured: true,
      evaluate: true,
      node: node.name,
      identity: toIncarnationId(identity),
      link: { state: "connected" },
      verdict: { kind: "alive" },
    });
  });

  it("tells how far behind an actor is, and stops it when all it accepted is written", async () => {
    await seed.writesTake(WRITE_MS);
    await seed.send(KEY, 12);
    const { live } = await query("dna.actors.live", ofKey);
    expect(live).toMatchObject({ kind: "running", node: node.name, phase: "pending_storage", buffered: 11 });
    const preview = await query("dna.actors.stopPreview", ofKey);
    expect(preview).toMatchObject({ refusals: [], safeRefusals: [] });
    const ref = (live as { readonly ref: string }).ref;
    await expect.poll(() => seed.written(KEY), POLL).toBeGreaterThan(0);
    const input = { ...ofKey, expectedOwner: toIncarnationId(identity), expectedRef: ref, force: false };
    const answer = await mutate("dna.actors.stop", { ...input, reason: "moving it away", requestId: ulid() });
    expect(answer).toMatchObject({ outcome: "stopped" });
    expect(await seed.written(KEY)).toBe(12);
    expect((await query("dna.actors.live", ofKey)).live).toMatchObject({ kind: "absent" });
  });

  it("shows the cookie to nobody", async () => {
    const shown = JSON.stringify(await query("admin.configuration", {}));
    expect(shown).toContain("worldline@127.0.0.1");
    expect(shown).toContain("(hidden)");
    expect(`${shown}${output}`).not.toContain(node.cookie);
  });

  it("proves within 30 s that a key runs on two nodes at once", async () => {
    const names = ["city-00000011", "city-00000012", "city-00000013"];
    await expectInTime(PROVEN_WITHIN_MS, async () => {
      const twice = { ...CITY, name: names.shift() ?? "" };
      await createFixtureSeeding(other).startOne(twice);
      const nodes = async () => {
        const { doubled } = await query("dna.actors.live", { source: "eu-1", ...twice });
        const found = doubled as { readonly instances: readonly { readonly node: string }[] } | null;
        return found?.instances.map((instance) => instance.node).toSorted();
      };
      return msOf(() => expect.poll(nodes, POLL).toEqual([node.name, other.name].toSorted()));
    });
  }, 240_000);

  it("knows the node for proven dead once it is killed", async () => {
    clearInterval(beating);
    await node.kill();
    const verdict = async () => (await query("dna.beam.node", ofNode())).verdict;
    await expect.poll(verdict, { timeout: 100_000, interval: 500 }).toMatchObject({ kind: "dead" });
  });
});
