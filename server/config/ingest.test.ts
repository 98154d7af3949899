import { describe, expect, it } from "vitest";
import { BODY_SCHEMAS } from "#server/ingest/domain/body-schemas.ts";
import { ConfigurationError } from "./fault.ts";
import { BODY_SCHEMA_NAMES } from "./ingest-schema.ts";
import { loadConfiguration } from "./load.ts";
import { maskedConfiguration } from "./masked.ts";

const SECRETS = { PW: "canary-password", TOKEN: "canary-token-of-20-characters", KEY: "k".repeat(32), SHORT: "short" };

function load(text: string) {
  return loadConfiguration({
    file: "/etc/worldline/w.yaml",
    cwd: "/srv",
    environment: SECRETS,
    readText: () => text,
  });
}

function faultsOf(text: string): readonly string[] {
  try {
    load(text);
  } catch (error) {
    if (error instanceof ConfigurationError) {
      return error.faults.map((fault) => `${fault.line} ${fault.path}: ${fault.message}`);
    }
    throw error;
  }
  return [];
}

const DOCUMENTED = `ingest:
  types:
    system_metrics: { schema: system_metrics.v1, kinds: [statistics] }
    networking_metrics: { kinds: [latency] }
    ethereum_metrics: { kinds: [information, block, history, pending, statistics] }
    actor_metrics: { kinds: [mailbox, flush, restart] }
  receivers:
    live:   { use: live-view, queue: 1000, overflow: keep-latest }
    store:  { use: scylla-table, queue: 20000, overflow: block, batch: 100, flush_ms: 500, ttl_days: 30,
              contactPoints: [10.0.0.1], localDataCenter: dc1, keyspace: points }
    log:    { use: event-log, queue: 5000, overflow: block }
    hook:   { use: webhook, url: "https://hook.example/in", queue: 100, overflow: drop-oldest, tokenEnv: TOKEN }
  routes:
    - { types: [ethereum_metrics, networking_metrics], to: [live, hook] }
    - { types: ["*"], kinds: [inactive, active], to: [live, log] }
    - { types: [system_metrics], to: [live, store] }
  users: [ { name: fleet, passwordEnv: PW, agents: ["host-*"], types: [system_metrics] } ]
  bootstrap: [ { name: install, tokenEnv: TOKEN } ]
  keyEnv: KEY
`;

describe("the gateway in the configuration", () => {
  it("is read whole as it is documented", () => {
    const { ingest, demo } = load(DOCUMENTED);
    expect(demo).toBe(null);
    expect(ingest).toMatchObject({
      id: "agents",
      listen: { host: "127.0.0.1", port: 3001 },
      inactiveAfterMs: 7_000,
      forgottenAfterHours: 24,
      limits: { maxBytes: 1_048_576, maxBatch: 500 },
      poa: null,
      users: [{ name: "fleet", agents: ["host-*"], types: ["system_metrics"] }],
      bootstrap: [{ name: "install", agents: ["*"], types: [] }],
    });
    expect(ingest?.receivers.map(({ id, use, overflow, flushMs }) => [id, use, overflow, flushMs])).toEqual([
      ["live", "live-view", "keep-latest", 500],
      ["store", "scylla-table", "block", 500],
      ["log", "event-log", "block", 500],
      ["hook", "webhook", "drop-oldest", 500],
    ]);
    expect(ingest?.receivers[1]).toMatchObject({ ttlDays: 30, database: { contactPoints: ["10.0.0.1:9042"] } });
    expect(ingest?.routes).toHaveLength(3);
    expect(ingest?.types[1]).toEqual({ type: "networking_metrics", kinds: ["latency"], schema: null });
  });

  it("is complete when it is only named, and none when it is not", () => {
    const { ingest } = load("ingest: {}");
    expect(ingest?.receivers.map(({ id, use }) => [id, use])).toEqual([
      ["live", "live-view"],
      ["store", "sqlite-table"],
    ]);
    expect(ingest?.routes).toEqual([{ types: ["*"], kinds: [], to: ["live", "store"] }]);
    expect(load("demo: {}").ingest).toBe(null);
    expect(load("ingest: {}\ndemo: {}").demo).toEqual({ speed: 1 });
  });

  it("knows the shapes of bodies that the gateway knows", () => {
    expect([...BODY_SCHEMA_NAMES]).toEqual(BODY_SCHEMAS);
  });

  it("shows no secret", () => {
    const text = maskedConfiguration(load(DOCUMENTED));
    expect(text).toContain("(hidden)");
    expect(text).not.toContain("canary");
    expect(text).not.toContain(SECRETS.KEY);
  });

  const receivers = "  receivers:\n    live: { use: live-view }\n";
  it.each([
    [
      "an unknown type",
      `${receivers}  routes:\n    - { types: [nothing], to: [live] }`,
      "5 ingest.routes[0].types[0]: nothing is no type of this file",
    ],
    [
      "an unknown kind",
      `${receivers}  routes:\n    - { types: [system_metrics], kinds: [block], to: [live] }`,
      "5 ingest.routes[0].kinds[0]: block is no kind of these types",
    ],
    [
      "an unknown receiver",
      `${receivers}  routes:\n    - { types: ["*"], to: [live] }\n    - { types: ["*"], to: [hook] }`,
      "6 ingest.routes[1].to[0]: hook is no receiver of this file",
    ],
    [
      "a star among names",
      `${receivers}  routes:\n    - { types: ["*", system_metrics], to: [live] }`,
      "5 ingest.routes[0].types[0]: * stands for every type: it stands alone",
    ],
    [
      "a receiver without a route",
      `${receivers}    log: { use: event-log }\n  routes:\n    - { types: ["*"], to: [live] }`,
      "4 ingest.receivers.log: has no route: nothing reaches it",
    ],
    [
      "a webhook without an address",
      `  receivers:\n    live: { use: webhook }\n  routes: [ { types: ["*"], to: [live] } ]`,
      "3 ingest.receivers.live: needs url",
    ],
    [
      "a table without a database",
      `  receivers:\n    live: { use: scylla-table }\n  routes: [ { types: ["*"], to: [live] } ]`,
      "3 ingest.receivers.live: needs a database: contactPoints, localDataCenter and keyspace",
    ],
    [
      "a key of another kind of receiver",
      `  receivers:\n    live: { use: live-view, ttl_days: 3 }\n  routes: [ { types: ["*"], to: [live] } ]`,
      "3 ingest.receivers.live.ttl_days: is not for live-view",
    ],
    [
      "a kind of receiver that is not there",
      `  receivers:\n    live: { use: dynamo }\n  routes: [ { types: ["*"], to: [live] } ]`,
      "3 ingest.receivers.live.use: must be live-view, event-log, scylla-table, sqlite-table, webhook, prometheus",
    ],
    ["a user without a password", "  users: [ { name: a } ]", "2 ingest.users[0]: needs passwordEnv or passwordFile"],
    [
      "a short password",
      "  users: [ { name: a, passwordEnv: SHORT } ]",
      "2 ingest.users[0].passwordEnv: SHORT holds less than 8 characters",
    ],
    ["a short key", "  keyEnv: SHORT", "2 ingest.keyEnv: SHORT holds less than 32 characters"],
    [
      "two of a name",
      "  users: [ { name: a, passwordEnv: PW }, { name: a, passwordEnv: PW } ]",
      "2 ingest.users[1].name: a is the name of an earlier one",
    ],
    [
      "a star within an agent's id",
      "  users: [ { name: a, passwordEnv: PW, agents: ['a*b'] } ]",
      "2 ingest.users[0].agents[0]: must be an agent's id, or the beginning of ids with * at its end",
    ],
    [
      "a shape that nobody knows",
      "  types: { host: { kinds: [a], schema: host.v1 } }",
      "2 ingest.types.host.schema: must be system_metrics.v1, networking_metrics.v1, ethereum_metrics.v1",
    ],
    [
      "a user's type that is none",
      "  users: [ { name: a, passwordEnv: PW, types: [other] } ]",
      "2 ingest.users[0].types[0]: other is no type of this file",
    ],
    ["a key nobody knows", "  receiver: {}", "2 ingest.receiver: is not a key that is known here"],
  ])("names the line of %s", (_, text, fault) => {
    expect(faultsOf(`ingest:\n${text}\n`)).toEqual([fault]);
  });

  it("is not reached from elsewhere by whoever likes", () => {
    expect(faultsOf("ingest:\n  listen: { host: 10.0.0.5 }")).toEqual([
      "2 ingest.listen.host: 10.0.0.5 is reached from other machines, and anybody could send: name users or bootstrap",
    ]);
    expect(faultsOf("ingest:\n  listen: { allowedHosts: [in.example] }")).toHaveLength(1);
    const users = "  users: [ { name: a, passwordEnv: PW } ]";
    expect(faultsOf(`ingest:\n  listen: { host: 10.0.0.5 }\n${users}`)).toEqual([]);
    expect(faultsOf(`ingest:\n  listen: { host: 0.0.0.0 }\n${users}`)).toEqual([
      "2 ingest.listen.host: listens on every address, but no name is allowed: set allowedHosts",
    ]);
  });

  it("has an id of its own", () => {
    expect(faultsOf('dynflow: [ { id: agents, url: "sqlite:///x" } ]\ningest: {}')).toEqual([
      "2 ingest.id: agents is the id of an earlier source",
    ]);
  });

  const JOURNAL =
    "journal: { store: scylla, contactPoints: [a], localDataCenter: dc1, keyspace: worldline, keyEnv: KEY }\n";

  it("needs a key of its own where several consoles share a journal, and may keep its points there", () => {
    expect(faultsOf(`${JOURNAL}ingest: {}`)).toEqual([
      "2 ingest: needs keyFile or keyEnv, the same on every console: the journal is shared, and so are tokens",
    ]);
    const { ingest } = load(
      `${JOURNAL}ingest: { keyEnv: KEY, receivers: { store: { use: scylla-table } }, routes: [ { types: ["*"], to: [store] } ] }`,
    );
    expect(ingest?.receivers[0]).toMatchObject({ database: { contactPoints: ["a:9042"], keyspace: "worldline" } });
  });
});
