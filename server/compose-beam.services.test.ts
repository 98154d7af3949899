import { readFileSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { Client } from "cassandra-driver";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { TestBeam } from "#scripts/testing/beam.ts";
import { type SharedCassandra, sharedCassandra, uniqueKeyspace } from "#scripts/testing/shared-cassandra.ts";
import { checkSources } from "#server/cli/check.ts";
import { loadConfiguration } from "#server/config/load.ts";
import { createFixtureSeeding, startFixtureNode } from "#server/dna/adapters/beam/testing/fixture-node.test-kit.ts";
import { connectTo } from "#server/dna/adapters/beam/testing/harness.test-kit.ts";
import { createDnaTables } from "#server/dna/adapters/scylla/testing/schema.ts";
import { createCqlSeeding } from "#server/dna/adapters/scylla/testing/seeding.ts";
import { epochMs } from "#server/kernel/clock.ts";
import { createSourceProbes } from "./compose-check.ts";

const KEYSPACE = uniqueKeyspace("beam_check");

let shared: SharedCassandra;
let admin: Client;
let node: TestBeam;
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), "worldline-beam-check-"));
  shared = await sharedCassandra();
  admin = new Client({
    contactPoints: [...shared.contactPoints],
    localDataCenter: shared.localDataCenter,
    encoding: { useBigIntAsLong: true },
    isMetadataSyncEnabled: false,
    socketOptions: { readTimeout: 60_000 },
  });
  await createDnaTables(admin, { keyspace: KEYSPACE, dataCenter: shared.localDataCenter, replicas: 1 });
  node = await startFixtureNode();
});
afterAll(async () => {
  await admin.shutdown();
  await node.remove();
  await rm(folder, { recursive: true, force: true });
});

/** The node's own row, just written, and others. */
async function rows(...names: readonly string[]): Promise<void> {
  const seeding = createCqlSeeding(admin, KEYSPACE);
  await admin.execute(`TRUNCATE "${KEYSPACE}".nodes`);
  const rest = { cluster: "prod", heartbeat: 1n, load: 0, draining: false, writtenAgoMs: 0 };
  const own = await createFixtureSeeding(node).identity();
  await seeding.writeNode({ ...rest, incarnation: own, node: node.name });
  for (const [index, name] of names.entries()) {
    // After the real one in the order of the table.
    const incarnation = { createdAt: epochMs(own.createdAt + 1 + index), id: 1n };
    await seeding.writeNode({ ...rest, incarnation, node: name });
  }
}

/** What `worldline check` finds with this for `beam`. */
async function check(beam: string, act = false): Promise<{ readonly sound: boolean; readonly text: string }> {
  const points = JSON.stringify(shared.contactPoints);
  const scylla = `{ contactPoints: ${points}, localDataCenter: ${shared.localDataCenter}, keyspace: ${KEYSPACE} }`;
  const document = `dna: [ { id: eu-1, act: ${act}, scylla: ${scylla}, beam: ${beam} } ]\n`;
  const configuration = loadConfiguration({
    file: "worldline.yaml",
    cwd: folder,
    environment: {},
    readText: (file) => (file.endsWith("worldline.yaml") ? document : readFileSync(file, "utf8")),
  });
  let text = "";
  const sound = await checkSources(createSourceProbes(configuration), (part) => {
    text += part;
  });
  expect(text).not.toContain(node.cookie);
  return { sound, text };
}

const beamOf = (rest = ""): string =>
  `{ name: worldline@127.0.0.1, cookieFile: ${node.cookieFile}, epmdPort: ${node.epmd?.port}${rest} }`;

describe("worldline check of the nodes", () => {
  beforeEach(() => rows());

  it("finds nothing missing where all is there, warns of the cookie, and changes nothing", async () => {
    const seed = createFixtureSeeding(node);
    await seed.startOne({ namespace: "eu", moduleId: 0, name: "c" });
    const state = () =>
      node.erlCall(
        "{'Elixir.Registry':count('Elixir.Dna.Server.ObjectRegistry.0'), 'Elixir.Registry':count('Elixir.Dna.Server.ObjectRegistry.1'), 'Elixir.Dna.Fixture':executed(), persistent_term:get({'Elixir.Dna.Server.Cluster', server})}",
      );
    const before = state();
    const { sound, text } = await check(beamOf(", evaluate: true"), true);
    expect(text).toContain(`${node.name} is registered with the port mapper of its host`);
    expect(text).toContain(`${node.name} answers as the incarnation of its row`);
    expect(text).toMatch(/runs OTP \d+ and Elixir 1\.\d+\.\d+: all that is asked of it is there/);
    expect(text).toContain("the cookie is full control over the nodes");
    expect(text).toContain("Nothing is missing.");
    expect(sound).toBe(true);
    expect(state()).toBe(before);
  });

  it("does not end the connection of a console that runs under the configured name", async () => {
    const console = connectTo(node, "worldline@127.0.0.1");
    try {
      const ask = { module: "erlang", function: "node", args: [] };
      await console.call(node.name, ask, { timeoutMs: 30_000 });
      expect((await check(beamOf())).text).toContain("answers as the incarnation of its row");
      expect(console.link(node.name)).toMatchObject({ kind: "connected" });
    } finally {
      await console.close();
    }
  });

  it("notes what is switched off, and how to switch it on", async () => {
    const { sound, text } = await check(beamOf());
    expect(text).toMatch(/note .*no safe stop[^\n]*\n\s+beam: \{ evaluate: true \}/);
    expect(text).toContain("act is false: the nodes are looked at, and nothing on them is stopped");
    expect(sound).toBe(true);
  });

  it("says which cookie is wrong, once, and tries no other node with it", async () => {
    await rows("other@127.0.0.1");
    const file = path.join(folder, "cookie");
    await writeFile(file, "not-the-cookie\n");
    const { sound, text } = await check(`{ name: wl@127.0.0.1, cookieFile: ${file}, epmdPort: ${node.epmd?.port} }`);
    expect(text).toMatch(
      /MISSING connection .*cookie[^\n]*\n\s+cookieFile or cookieEnv has to hold the cookie of that node/,
    );
    expect(text).toContain("the other nodes are not tried");
    expect(text).not.toContain("not-the-cookie");
    expect(sound).toBe(false);
    const refusals = () => node.log().match(/Connection attempt from/g)?.length ?? 0;
    await expect.poll(refusals, { timeout: 20_000 }).toBeGreaterThan(0);
    expect(refusals()).toBe(1);
  });

  it("says which node has no name, or no port mapper that answers", async () => {
    await rows("absent@127.0.0.1");
    const absent = await check(beamOf());
    expect(absent.text).toContain("MISSING connection absent@127.0.0.1 is not registered with the port mapper");
    expect(absent.text).toContain(`${node.name} answers as the incarnation of its row`);
    const silent = await check(`{ name: wl@127.0.0.1, cookieFile: ${node.cookieFile}, epmdPort: 9 }`);
    expect(silent.text).toMatch(/MISSING connection .*the port mapper does not answer[^\n]*\n\s+allow TCP 9 from here/);
    expect([absent.sound, silent.sound]).toEqual([false, false]);
  });

  it("speaks TLS where it is told to, and says what is wrong where it is not", async () => {
    const own = await startFixtureNode({ tls: true });
    try {
      await admin.execute(`TRUNCATE "${KEYSPACE}".nodes`);
      await createCqlSeeding(admin, KEYSPACE).writeNode({
        ...{ cluster: "prod", heartbeat: 1n, load: 0, draining: false, writtenAgoMs: 0 },
        ...{ incarnation: { createdAt: epochMs(5), id: 1n }, node: own.name },
      });
      const { caFile, clientCertificateFile, clientKeyFile } = own.certificates ?? {};
      const at = `name: wl@127.0.0.1, cookieFile: ${own.cookieFile}, epmdPort: ${own.epmd?.port}`;
      const pair = `certificateFile: ${clientCertificateFile}, keyFile: ${clientKeyFile}`;
      const { sound, text } = await check(`{ ${at}, evaluate: true, tls: { caFile: ${caFile}, ${pair} } }`);
      expect(text).toContain(`${own.name} answers as another incarnation than its row`);
      expect(text).toContain("all that is asked of it is there");
      expect(sound).toBe(true);
      const plain = await check(`{ ${at} }`);
      expect(plain.text).toMatch(/MISSING connection [^\n]+\n[^\n]*beam\.tls has to be as the node has it/);
      expect(plain.sound).toBe(false);
    } finally {
      await own.remove();
    }
  });

  it("asks no node whose row no longer beats", async () => {
    await admin.execute(`TRUNCATE "${KEYSPACE}".nodes`);
    await createCqlSeeding(admin, KEYSPACE).writeNode({
      ...{ cluster: "prod", heartbeat: 1n, load: 0, draining: false },
      ...{ incarnation: { createdAt: epochMs(5), id: 1n }, node: "gone@127.0.0.1", writtenAgoMs: 120_000 },
    });
    const { sound, text } = await check(beamOf());
    expect(text).toContain("a row of a node that no longer beats: it is not asked");
    expect(text).toContain("no node beats at present: none is asked");
    expect(sound).toBe(true);
  });
});
