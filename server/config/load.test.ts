import { describe, expect, it } from "vitest";
import { ConfigurationError } from "./fault.ts";
import { loadConfiguration } from "./load.ts";
import { maskedConfiguration } from "./masked.ts";

const CANARY = "canary-9f2b";

/** Loads a text as `/etc/worldline/w.yaml`, with some files and variables beside it. */
function load(text: string | null, environment: Record<string, string> = {}, files: Record<string, string> = {}) {
  return loadConfiguration({
    file: text === null ? null : "/etc/worldline/w.yaml",
    cwd: "/srv",
    environment,
    readText(file) {
      const found = { "/etc/worldline/w.yaml": text ?? "", ...files }[file];
      if (found === undefined) throw new Error(`ENOENT: no such file, open '${file}'`);
      return found;
    },
  });
}

function faultsOf(text: string, environment: Record<string, string> = {}, files: Record<string, string> = {}) {
  try {
    load(text, environment, files);
  } catch (error) {
    if (error instanceof ConfigurationError) {
      return error.faults.map((fault) => `${fault.line} ${fault.path}: ${fault.message}`);
    }
    throw error;
  }
  return [];
}

const DNA = `
  - id: eu-1
    scylla: { contactPoints: ["10.0.0.1"], localDataCenter: dc1, keyspace: dna }`;

describe("a configuration", () => {
  it("is the demo on loopback when there is none", () => {
    const configuration = load(null);
    expect(configuration).toMatchObject({
      file: null,
      listen: { host: "127.0.0.1", port: 3000, publicOrigin: null },
      journal: { path: "/srv/data", keepDays: 30, keepOperatorDays: 90, maxBytes: 10_737_418_240, key: null },
      auth: { mode: "none" },
      demo: { speed: 1 },
      dna: [],
      dynflow: [],
    });
  });

  it("is the demo too when the file names no source", () => {
    expect(load("listen: { port: 3999 }")).toMatchObject({ listen: { port: 3999 }, demo: { speed: 1 } });
    expect(load("demo: { speed: 20 }").demo).toEqual({ speed: 20 });
  });

  it("reads the example of the documentation whole", () => {
    const configuration = load(
      `
listen: { host: 127.0.0.1, port: 3000, publicOrigin: "https://ops.example", allowedHosts: [ops.example], trustedProxies: [10.0.0.2] }
journal: { store: sqlite, path: ./data, keepDays: 30, keepOperatorDays: 90, maxBytes: 10GB, keyFile: /run/secrets/journal }
auth: { mode: tokens }
limits: { bulkOperator: 500, suspendedMinutes: { "Actions::Sync*": 240 } }
masks: ["password", "secret", "token"]
links: [ { title: "Foreman task", on: dynflow.plan, url: "https://foreman/foreman_tasks/tasks?search=external_id%3D{planId}" } ]
loadBalancer: { title: Global, regions: [eu] }
regions: [ { id: eu, title: Europe } ]
dna:
  - { id: eu-1, region: eu, title: Europe 1, cluster: prod,
      scylla: { contactPoints: ["10.0.0.1:9042"], localDataCenter: dc1, keyspace: dna, username: ops, passwordEnv: DNA_CQL_PASSWORD },
      modules: { 0: City }, act: false, beam: { name: worldline@10.0.0.9, cookieFile: /run/secrets/cookie, evaluate: false } }
dynflow:
  - { id: foreman, region: eu, title: Foreman, url: "postgres://dynflow@db/foreman", passwordEnv: DYNFLOW_DB_PASSWORD,
      release: "2.0", act: false, cancellable: ["Actions::*"] }
`,
      { DNA_CQL_PASSWORD: CANARY, DYNFLOW_DB_PASSWORD: CANARY },
      { "/run/secrets/journal": `${CANARY}\n`, "/run/secrets/cookie": `${CANARY}\n` },
    );
    expect(configuration.dna[0]?.beam?.cookie.reveal()).toBe(CANARY);
    expect(configuration.dna[0]?.scylla.password?.reveal()).toBe(CANARY);
    expect(configuration.journal.key?.reveal()).toBe(CANARY);
    expect(configuration.dna[0]?.modules).toEqual({ "0": "City" });
    expect(configuration.limits.suspendedMinutes).toEqual({ "Actions::Sync*": 240 });
    expect(configuration.demo).toBeNull();
    expect(configuration.dynflow[0]?.database).toMatchObject({
      kind: "postgres",
      url: "postgres://dynflow@db/foreman",
    });
  });

  it.each([
    ["mysql://dynflow@db:3306/foreman", "mysql"],
    ["mariadb://dynflow@db/foreman?sslmode=verify-full", "mysql"],
    ["mysql2://dynflow@db/foreman", "mysql"],
    ["postgresql://dynflow@db/foreman", "postgres"],
  ])("knows which database %s is", (url, kind) => {
    expect(load(`dynflow: [ { id: a, url: "${url}" } ]`).dynflow[0]?.database).toMatchObject({ kind, url });
  });

  it("is frozen through and through", () => {
    const configuration = load(`dna:${DNA}`);
    expect(Object.isFrozen(configuration.dna[0]?.scylla.contactPoints)).toBe(true);
    expect(() => Object.assign(configuration.listen, { port: 1 })).toThrow(TypeError);
  });

  it("takes relative files from the folder of the configuration, and a port from the command line", () => {
    const configuration = loadConfiguration({
      file: "w.yaml",
      cwd: "/etc/worldline",
      port: 8080,
      environment: {},
      readText: () => "journal: { path: kept }",
    });
    expect(configuration.journal.path).toBe("/etc/worldline/kept");
    expect(configuration.listen.port).toBe(8080);
  });
});

describe("faults", () => {
  it("come all at once, each with its line and path, in the order of the file", () => {
    const text = `listen:
  host: 0.0.0.0
  prot: 3000
journal:
  keepDays: 0
  maxBytes: lots
regions: [ { id: eu } ]
dna:
  - id: eu-1
    region: us
    scylla:
      contactPoints: []
      keyspace: dna
      passwordEnv: ABSENT
  - id: eu-1
    region: eu
    scylla: { contactPoints: [a], localDataCenter: dc1, keyspace: dna }
dynflow:
  - id: eu-1
    region: eu
    url: "sqlite:///var/lib/plans.sqlite"
    act: true
hafs: []
demo: {}
`;
    expect(faultsOf(text)).toEqual([
      "2 listen.host: 0.0.0.0 is reached from other machines while auth.mode is none: whoever reaches it would be an administrator. Set auth.mode to tokens",
      "2 listen.host: listens on every address, but no name is allowed: set publicOrigin or allowedHosts",
      "3 listen.prot: is not a key that is known here",
      "5 journal.keepDays: must be at least 1 day",
      "6 journal.maxBytes: must be a size such as 10GB, at least 16MB",
      "10 dna[0].region: us is no region of this file",
      "11 dna[0].scylla.localDataCenter: is missing: needs text",
      "12 dna[0].scylla.contactPoints: needs at least one",
      "14 dna[0].scylla.passwordEnv: the environment has no ABSENT",
      "15 dna[1].id: eu-1 is the id of an earlier source",
      "19 dynflow[0].id: eu-1 is the id of an earlier source",
      "22 dynflow[0].act: must be false on SQLite: a second process that writes such a database can lose Dynflow's own",
      "23 hafs: is not a key that is known here",
      "24 demo: cannot run beside real sources: remove demo, or remove dna, dynflow and haf",
    ]);
  });

  it.each([
    ["listen: { host: 0.0.0.0 }", "listen.host"],
    ["listen: { host: 192.168.1.4 }", "listen.host"],
    ['listen: { host: "::" }', "listen.host"],
    ["listen: { host: ops.example }", "listen.host"],
    ['listen: { publicOrigin: "https://ops.example" }', "listen.publicOrigin"],
    ["listen: { allowedHosts: [ops.example] }", "listen.allowedHosts[0]"],
  ])("refuses to be reached from elsewhere without a login: %s", (text, path) => {
    const found = faultsOf(text).filter((fault) => fault.includes(`${path}:`));
    expect(found.join("\n")).toContain("while auth.mode is none");
    const withLogin = faultsOf(`${text}\nauth: { mode: tokens }`);
    expect(withLogin.filter((fault) => fault.includes("auth.mode"))).toEqual([]);
  });

  it.each(["127.0.0.1", "127.8.8.8", "::1", "localhost"])("lets %s be without a login", (host) => {
    expect(faultsOf(`listen: { host: "${host}" }`)).toEqual([]);
  });

  it.each([["auth: { mode: oidc }", "1 auth.mode: oidc is not in this version"]])(
    "refuses by name what is of a later version: %s",
    (text, fault) => {
      expect(faultsOf(text)).toEqual([fault]);
    },
  );

  it.each([
    ["a: 1\na: 2", "2 : not valid YAML"],
    ["listen: [", "not valid YAML"],
    ["--- 1\n--- 2", "not valid YAML"],
    ["listen: !!js/function x", "not valid YAML"],
    ["[]", "must be a mapping of keys"],
    ["x", "must be a mapping of keys"],
    ["__proto__: { polluted: true }", "is not a key that is known here"],
    ["constructor: { polluted: true }", "is not a key that is known here"],
    ["listen: { __proto__: { host: 0.0.0.0 } }", "is not a key that is known here"],
    ["a: &a [1,1]\nb: &b [*a,*a,*a]\nc: &c [*b,*b,*b,*b]\nd: &d [*c,*c,*c,*c]\ne: [*d,*d,*d,*d]", "alias"],
  ])("does not swallow %j", (text, message) => {
    const found = faultsOf(text).join("\n");
    expect(found).toContain(message);
    expect(({} as Record<string, unknown>).polluted).toBeUndefined();
  });

  it.each([
    ["postgres://dynflow:hunter2@db/foreman", "must not hold a password"],
    ["postgres://dynflow@db/foreman?password=hunter2", "must not hold a password"],
    ["postgres://dynflow@db", "names no database"],
    ["sqlite://relative/path", "must be sqlite:/// and an absolute path"],
    ["http://db/x", "must begin with postgres://, mysql://"],
    ["mysql://dynflow:hunter2@db/foreman", "must not hold a password"],
    ["mariadb://dynflow@db", "names no database"],
    ["mysql:///foreman", "names no host"],
    ["mysql://dynflow@db/foreman?multipleStatements=true", "takes no multipleStatements"],
    ["mysql://dynflow@db/foreman?sslmode=perhaps", "takes sslmode disable or verify-full"],
  ])("refuses the database address %s, and does not print it", (url, message) => {
    const [fault = ""] = faultsOf(`dynflow: [ { id: a, url: "${url}" } ]`);
    expect(fault).toContain(message);
    expect(fault).not.toContain("hunter2");
  });

  it.each([
    ["javascript:alert(1)//{planId}"],
    ["https://{planId}.example/"],
    ["https://user:pw@host/"],
    ["https://host/{unknown}"],
    ["//host/{planId}"],
  ])("refuses the link %s", (url) => {
    expect(faultsOf(`links: [ { title: x, on: dynflow.plan, url: "${url}" } ]`)).toHaveLength(1);
  });

  it("says which secret is missing, wherever it should come from, and never its text", () => {
    const text = `dna:
  - id: a
    scylla: { contactPoints: [a], localDataCenter: d, keyspace: k, username: u, passwordFile: pw, bogus: 1 }
  - id: b
    scylla: { contactPoints: [a], localDataCenter: d, keyspace: k, username: u, passwordEnv: EMPTY }
dynflow:
  - { id: c, url: "postgres://u@h/d", passwordEnv: GIVEN, passwordFile: also }
  - { id: d, url: "postgres://u@h/d", passwordFile: there }`;
    const found = faultsOf(text, { EMPTY: "", GIVEN: CANARY }, { "/etc/worldline/there": CANARY });
    expect(found).toEqual([
      "3 dna[0].scylla.bogus: is not a key that is known here",
      "3 dna[0].scylla.passwordFile: cannot be read: ENOENT: no such file, open '/etc/worldline/pw'",
      "5 dna[1].scylla.passwordEnv: EMPTY is empty in the environment",
      "7 dynflow[0].passwordFile: give passwordEnv or passwordFile, not both",
    ]);
    expect(found.join()).not.toContain(CANARY);
  });

  it("names the file when it cannot be read", () => {
    const attempt = () =>
      loadConfiguration({
        file: "gone.yaml",
        cwd: "/srv",
        environment: {},
        readText: () => {
          throw new Error("ENOENT: no such file");
        },
      });
    expect(attempt).toThrow("/srv/gone.yaml ENOENT: no such file");
  });
});

describe("a journal in ScyllaDB", () => {
  const SOUND = `journal:
  store: scylla
  contactPoints: ["10.0.0.1", "10.0.0.2:9043"]
  localDataCenter: dc1
  keyspace: worldline
  replication: { dc1: 3 }
  username: ops
  passwordEnv: P
  keyEnv: K
  keepEvents: 5000000
`;
  const SECRETS = { P: CANARY, K: CANARY };

  it("is reached with everything that was given, secrets hidden", () => {
    const { journal } = load(SOUND, SECRETS);
    expect(journal).toMatchObject({
      store: "scylla",
      path: "/etc/worldline/data",
      keepEvents: 5_000_000,
      scylla: {
        contactPoints: ["10.0.0.1:9042", "10.0.0.2:9043"],
        localDataCenter: "dc1",
        keyspace: "worldline",
        replication: { dc1: 3 },
        username: "ops",
      },
    });
    expect(journal.scylla?.password?.reveal()).toBe(CANARY);
    expect(journal.key?.reveal()).toBe(CANARY);
    expect(maskedConfiguration(load(SOUND, SECRETS))).not.toContain(CANARY);
  });

  it("takes no login, and a keyspace that exists, when told nothing of them", () => {
    const text = "journal: { store: scylla, contactPoints: [a], localDataCenter: d, keyspace: k, keyEnv: K }";
    const { journal } = load(text, SECRETS);
    expect(journal.scylla).toMatchObject({ replication: null, username: null, password: null });
    expect(journal.keepEvents).toBeNull();
  });

  it("is no place for a demo", () => {
    const journal = "journal: { store: scylla, contactPoints: [a], localDataCenter: d, keyspace: k, keyEnv: K }";
    expect(faultsOf(`demo: { speed: 5 }\n${journal}`, SECRETS)).toEqual([
      "1 demo: cannot keep its journal in ScyllaDB: each console simulates a world, and a time, of its own",
    ]);
  });

  it("is told everything that is missing or wrong at once", () => {
    expect(faultsOf("journal:\n  store: scylla")).toEqual([
      "1 journal.contactPoints: is missing: store: scylla needs a list of text",
      "1 journal.localDataCenter: is missing: store: scylla needs text",
      "1 journal.keyspace: is missing: store: scylla needs text",
      "1 journal.keyFile: is missing: store: scylla needs keyFile or keyEnv, the same key on every console",
    ]);
    const text = `journal:
  store: scylla
  contactPoints: []
  localDataCenter: ""
  keyspace: no-name
  replication: { dc1: 0 }
  passwordEnv: P
  keyFile: gone
  keepEvents: 3
  maxBytes: lots
`;
    expect(faultsOf(text, SECRETS)).toEqual([
      "1 journal: has a password and no username",
      "3 journal.contactPoints: needs at least one",
      "4 journal.localDataCenter: must not be empty",
      "5 journal.keyspace: must be a keyspace name: letters, digits and underscores, at most 48",
      "6 journal.replication.dc1: must be at least 1",
      "8 journal.keyFile: cannot be read: ENOENT: no such file, open '/etc/worldline/gone'",
      "9 journal.keepEvents: must be at least 1000",
      "10 journal.maxBytes: must be a size such as 10GB, at least 16MB",
    ]);
  });

  it.each([
    ["username: u", "username", "needs passwordEnv or passwordFile"],
    ["username: u, passwordEnv: P, passwordFile: p", "passwordFile", "give passwordEnv or passwordFile, not both"],
    ["keyFile: f", "keyFile", "give keyEnv or keyFile, not both"],
  ])("refuses %s", (more, key, message) => {
    const text = `journal: { store: scylla, contactPoints: [a], localDataCenter: d, keyspace: k, keyEnv: K, ${more} }`;
    expect(faultsOf(text, SECRETS, { "/etc/worldline/f": CANARY })).toEqual([`1 journal.${key}: ${message}`]);
  });

  it("is not half meant: its keys are refused where the journal is kept in files, and an unknown store is one fault", () => {
    const message = "belongs to store: scylla; this journal is kept in files of this machine";
    expect(faultsOf("journal: { keyspace: w, replication: { dc1: 3 }, username: u }")).toEqual(
      ["keyspace", "replication", "username"].map((key) => `1 journal.${key}: ${message}`),
    );
    expect(faultsOf("journal: { store: redis, keyspace: w }")).toEqual(["1 journal.store: must be sqlite or scylla"]);
  });
});

describe("what is shown of a configuration", () => {
  it("hides every secret, in YAML, JSON and in what a log would print", async () => {
    const { inspect } = await import("node:util");
    const configuration = load(
      `dna:${DNA.replace("keyspace: dna", "keyspace: dna, username: ops, passwordEnv: P")}
journal: { keyEnv: P }
dynflow: [ { id: f, url: "postgres://u@h/d", passwordEnv: P } ]`,
      { P: CANARY },
    );
    const shown = [
      maskedConfiguration(configuration),
      JSON.stringify(configuration),
      inspect(configuration, { depth: 9 }),
    ];
    for (const text of shown) {
      expect(text).not.toContain(CANARY);
      expect(text).toContain("(hidden)");
    }
    expect(maskedConfiguration(configuration)).toContain("keepDays: 30");
  });
});
