/** Secrets laid into what actors have stored: no byte of a value reaches a viewer, nor what is masked anybody. */
import { Client } from "cassandra-driver";
import { afterAll, beforeAll, expect, it } from "vitest";
import { type RunningConsole, startConsole } from "#e2e/fixtures/console.ts";
import { openLive } from "#e2e/fixtures/live-reader.ts";
import { until } from "#e2e/fixtures/until.ts";
import { sharedCassandra, uniqueKeyspace } from "#scripts/testing/shared-cassandra.ts";
import { createDnaTables } from "#server/dna/adapters/scylla/testing/schema.ts";
import { createCqlSeeding } from "#server/dna/adapters/scylla/testing/seeding.ts";
import { epochMs } from "#server/kernel/clock.ts";

const KEYSPACE = uniqueKeyspace("storage_canary");
const SOURCE = "eu-1";
const CANARY = "canary-stored-91be";
/** Stands under a key that the configuration masks. */
const MASKED = "canary-masked-d00d";
const KEY = { namespace: "weather", moduleId: 0, name: "oslo" };
const OWNER = { createdAt: epochMs(1_795_300_000_123), id: 7n };
const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const VALUES = {
  json: bytes(JSON.stringify({ plain: CANARY, api_pin: MASKED })),
  text: bytes(`${CANARY}\npin=${MASKED}\n`),
  plain: bytes(CANARY),
  raw: Uint8Array.from([0, ...bytes(CANARY)]),
};

let running: RunningConsole;
const tokens = { viewer: "", operator: "" };
type Role = keyof typeof tokens;

beforeAll(async () => {
  const { contactPoints, localDataCenter } = await sharedCassandra();
  const admin = new Client({
    contactPoints: [...contactPoints],
    localDataCenter,
    encoding: { useBigIntAsLong: true },
    isMetadataSyncEnabled: false,
  });
  await createDnaTables(admin, { keyspace: KEYSPACE, dataCenter: localDataCenter, replicas: 1 });
  const seed = createCqlSeeding(admin, KEYSPACE);
  await seed.writeActor({ ...KEY, nodeCreated: OWNER.createdAt, nodeId: OWNER.id, claimedAt: OWNER.createdAt });
  for (const [name, value] of Object.entries(VALUES))
    await seed.writeStorage(KEY, { key: bytes(name), value, size: value.length });
  await admin.shutdown();
  running = await startConsole({
    configuration: `
auth: { mode: tokens }
masks: [pin]
regions: [ { id: eu, title: Europe } ]
dna:
  - { id: ${SOURCE}, region: eu, title: Europe 1,
      scylla: { contactPoints: ${JSON.stringify(contactPoints)}, localDataCenter: ${localDataCenter}, keyspace: ${KEYSPACE} } }
`,
  });
  for (const role of ["viewer", "operator"] as const) tokens[role] = await running.createToken(role);
  await until("the register is read", async () => (await ask("viewer", "dna.actors.get")).ok);
});
afterAll(() => running?.close());

async function ask(role: Role, path: string, more: object = {}) {
  const input = encodeURIComponent(JSON.stringify({ source: SOURCE, ...KEY, ...more }));
  const headers = { authorization: `Bearer ${tokens[role]}` };
  const response = await fetch(`${running.url}/api/trpc/${path}?input=${input}`, { headers });
  return { ok: response.ok, status: response.status, text: await response.text() };
}
const readValue = (role: Role, name: string) => ask(role, "dna.actors.storageValue", { key: btoa(name) });
/** What could be hidden in base64 is looked through as well. */
const unfolded = (text: string): string =>
  [
    text,
    ...(text.match(/[A-Za-z0-9+/=]{8,}/g) ?? []).map((part) => Buffer.from(part, "base64").toString("latin1")),
  ].join("\n");

it("an operator reads values: the canary is really there", async () => {
  for (const name of Object.keys(VALUES)) {
    const { status, text } = await readValue("operator", name);
    expect([name, status, unfolded(text).includes(CANARY)]).toEqual([name, 200, true]);
  }
});

it("what is masked reaches nobody, as text, tree or bytes", async () => {
  for (const name of Object.keys(VALUES)) {
    const { text } = await readValue("operator", name);
    expect([name, unfolded(text).includes(MASKED)]).toEqual([name, false]);
  }
});

it("a viewer reads keys and sizes, and no byte of a value through any door", async () => {
  const listed = await ask("viewer", "dna.actors.storage");
  expect(listed.text).toContain(`"size":${VALUES.json.length}`);
  const refused = await Promise.all(Object.keys(VALUES).map((name) => readValue("viewer", name)));
  expect(refused.map(({ status }) => status)).toEqual(refused.map(() => 403));
  const reads = ["get", "explain", "live", "stopPreview"].map((name) => ask("viewer", `dna.actors.${name}`));
  const headers = { authorization: `Bearer ${tokens.viewer}` };
  const exported = await (await fetch(`${running.url}/api/journal/export?format=jsonl`, { headers })).text();
  const feed = await openLive(running.url, { token: tokens.viewer });
  const live = JSON.stringify(feed.messages);
  await feed.close();
  const all = [listed, ...refused, ...(await Promise.all(reads))].map(({ text }) => text);
  expect(unfolded([...all, exported, live].join("\n"))).not.toContain("canary-");
});
