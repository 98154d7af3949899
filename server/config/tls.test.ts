import { afterAll, describe, expect, it } from "vitest";
import { makeCertificates, pemOf } from "#scripts/testing/certificates.ts";
import { ConfigurationError } from "./fault.ts";
import { loadConfiguration } from "./load.ts";
import { maskedConfiguration } from "./masked.ts";

const made = makeCertificates();
afterAll(() => made.remove());

const FILES: Readonly<Record<string, string>> = {
  "/run/ca.pem": pemOf(made.caFile),
  "/run/own.pem": pemOf(made.client.certificateFile),
  "/run/own.key": pemOf(made.client.keyFile),
  "/run/other.key": pemOf(made.server.keyFile),
  "/run/text": "canary, and nothing of PEM",
  "/run/broken.pem": "-----BEGIN CERTIFICATE-----\ncanary\n-----END CERTIFICATE-----\n",
};

const load = (text: string) =>
  loadConfiguration({
    file: "/etc/worldline/w.yaml",
    cwd: "/srv",
    environment: { KEY: FILES["/run/own.key"], PW: "canary-password-of-a-database" },
    readText(file) {
      const found = file === "/etc/worldline/w.yaml" ? text : FILES[file];
      if (found === undefined) throw new Error(`ENOENT: no such file, open '${file}'`);
      return found;
    },
  });

function faultsOf(text: string): readonly string[] {
  try {
    load(text);
  } catch (error) {
    if (error instanceof ConfigurationError) return error.faults.map(({ path, message }) => `${path}: ${message}`);
    throw error;
  }
  return [];
}

const CQL = "contactPoints: [a], localDataCenter: d, keyspace: k";
/** Each upstream that is spoken with by TLS, with this for its `tls`, and where that stands. */
const UPSTREAMS: readonly (readonly [at: string, text: (tls: string) => string])[] = [
  ["dna[0].scylla.tls", (tls) => `dna: [ { id: a, scylla: { ${CQL}, tls: ${tls} } } ]`],
  ["journal.tls", (tls) => `journal: { store: scylla, ${CQL}, keyEnv: PW, tls: ${tls} }`],
  [
    "ingest.receivers.store.tls",
    (tls) =>
      `ingest: { receivers: { store: { use: scylla-table, ${CQL}, tls: ${tls} } }, routes: [ { types: ["*"], to: [store] } ] }`,
  ],
  ["dynflow[0].tls", (tls) => `dynflow: [ { id: a, url: "postgres://u@h/d", tls: ${tls} } ]`],
  ["dynflow[0].tls", (tls) => `dynflow: [ { id: a, url: "mysql://u@h/d", tls: ${tls} } ]`],
  ["haf[0].tls", (tls) => `haf: [ { id: a, url: "postgres://u@h/d", tls: ${tls} } ]`],
  [
    "haf[0].docker.tls",
    (tls) => `haf: [ { id: a, url: "postgres://u@h/d", docker: { project: p, url: "https://h:2376", tls: ${tls} } } ]`,
  ],
];

/** What was made of it, wherever it stands. */
function tlsOf(text: string) {
  const { dna, dynflow, haf, journal, ingest } = load(text);
  const [database] = dynflow.map((one) => one.database);
  const [receiver] = ingest?.receivers ?? [];
  const engine = haf[0]?.docker?.engine;
  return (
    dna[0]?.scylla.tls ??
    journal.scylla?.tls ??
    (receiver?.use === "scylla-table" ? receiver.database.tls : null) ??
    (database !== undefined && database.kind !== "sqlite" ? database.tls : null) ??
    (engine?.kind === "tcp" ? engine.tls : null) ??
    haf[0]?.tls ??
    null
  );
}

const WHOLE = "{ caFile: /run/ca.pem, certificateFile: /run/own.pem, keyFile: /run/own.key, serverName: db.example }";

describe.each(UPSTREAMS)("%s", (at, text) => {
  it("takes true, for the well-known authorities", () => {
    expect(tlsOf(text("true"))).toEqual({ ca: null, certificate: null, key: null, serverName: null });
  });

  it("takes files and a name, and shows none of their texts", () => {
    const tls = tlsOf(text(WHOLE));
    expect(tls?.ca?.reveal().trim()).toBe(FILES["/run/ca.pem"]?.trim());
    expect(tls?.certificate?.reveal().trim()).toBe(FILES["/run/own.pem"]?.trim());
    expect(tls?.key?.reveal().trim()).toBe(FILES["/run/own.key"]?.trim());
    expect(tls?.serverName).toBe("db.example");
    const shown = maskedConfiguration(load(text(WHOLE)));
    expect(shown).toContain("key: (hidden)");
    expect(shown).not.toContain("PRIVATE KEY");
    expect(shown).not.toContain("BEGIN");
  });

  it.each([
    ["{ caFile: /run/absent }", ".caFile: cannot be read: ENOENT"],
    ["{ caFile: /run/text }", ".caFile: /run/text holds no certificate in PEM"],
    ["{ caFile: /run/broken.pem }", ".caFile: holds a certificate that cannot be read"],
    ["{ certificateFile: /run/own.pem }", ": has a certificateFile and no keyFile or keyEnv"],
    ["{ keyFile: /run/own.key }", ": has a key and no certificateFile"],
    ["{ certificateFile: /run/own.pem, keyFile: /run/own.key, keyEnv: KEY }", ".keyFile: give keyEnv or keyFile"],
    ["{ certificateFile: /run/own.pem, keyFile: /run/other.key }", ".keyFile: holds a key that does not fit"],
    ["{ certificateFile: /run/own.pem, keyFile: /run/text }", ".keyFile: holds no private key in PEM"],
    ["{ certificateFile: /run/own.pem, keyEnv: PW }", ".keyEnv: holds no private key in PEM"],
    ["{ certificateFile: /run/own.pem, keyEnv: ABSENT }", ".keyEnv: the environment has no ABSENT"],
    ['{ serverName: "a b" }', ".serverName: must be a host name or an address"],
    ["{ insecure: true }", ".insecure: is not a key that is known here"],
    ["{ rejectUnauthorized: false }", ".rejectUnauthorized: is not a key that is known here"],
    ["require", ": must be true, or a mapping of caFile, certificateFile, keyFile and serverName"],
  ])("refuses %s, without a word of a secret", (tls, fault) => {
    const found = faultsOf(text(tls));
    expect(found.join("\n")).toContain(`${at}${fault}`);
    expect(found.join("\n")).not.toMatch(/canary|PRIVATE KEY/);
  });
});

describe("an address of a database", () => {
  const source = (section: string, url: string, tls = "") =>
    `${section}: [ { id: a, url: "${url}"${tls === "" ? "" : `, tls: ${tls}`} } ]`;

  it.each([
    ["dynflow", "postgres://u@h/d"],
    ["dynflow", "mysql://u@h/d"],
    ["haf", "postgres://u@h/d"],
  ])("can ask %s %s for TLS that is checked, and for none, and for nothing between", (section, url) => {
    expect(tlsOf(source(section, `${url}?sslmode=verify-full`))).toMatchObject({ ca: null, serverName: null });
    expect(tlsOf(source(section, `${url}?sslmode=disable`))).toBeNull();
    expect(tlsOf(source(section, url))).toBeNull();
    for (const mode of ["allow", "prefer", "require", "verify-ca", "no-verify"]) {
      expect(faultsOf(source(section, `${url}?sslmode=${mode}`)), mode).toEqual([
        `${section}[0].url: has sslmode=${mode}, which does not check whom it speaks to: use tls, or sslmode=verify-full`,
      ]);
    }
    expect(faultsOf(source(section, `${url}?sslrootcert=/ca`))).toEqual([
      `${section}[0].url: takes no sslrootcert: use tls`,
    ]);
  });

  it.each(["sslmode=disable", "sslmode=no-verify", "sslmode=verify-full", "ssl=0", "uselibpqcompat=true"])(
    "has no word in it beside tls: %s",
    (parameter) => {
      const [name] = parameter.split("=");
      for (const tls of ["true", "false", "{ caFile: /run/ca.pem }"]) {
        expect(faultsOf(source("dynflow", `postgres://u@h/d?${parameter}`, tls))).toEqual([
          `dynflow[0].url: must not hold ${name}: tls beside it says how it is encrypted`,
        ]);
      }
    },
  );

  it("of a file has no TLS", () => {
    expect(faultsOf(source("dynflow", "sqlite:///f", "true"))).toEqual([
      "dynflow[0].tls: is not for SQLite: it is a file of this machine",
    ]);
  });
});

describe("the Docker engine", () => {
  const stack = (docker: string) => `haf: [ { id: a, url: "postgres://u@h/d", docker: { project: p, ${docker} } } ]`;

  it("is spoken with as its address says", () => {
    expect(load(stack('url: "https://h:2376"')).haf[0]?.docker?.engine).toEqual({
      ...{ kind: "tcp", url: "https://h:2376" },
      tls: { ca: null, certificate: null, key: null, serverName: null },
    });
    expect(load(stack('url: "http://h:2375"')).haf[0]?.docker?.engine).toMatchObject({ kind: "tcp", tls: null });
  });

  it.each([
    ['url: "http://h:2375", tls: true', "haf[0].docker.tls: contradicts url, which says http"],
    ['url: "https://h:2376", tls: false', "haf[0].docker.tls: contradicts url, which says https"],
    ["socket: /run/docker.sock, tls: true", "haf[0].docker.tls: goes with url: a socket is of this machine"],
  ])("is refused when the two contradict each other: %s", (docker, fault) => {
    expect(faultsOf(stack(docker))).toEqual([fault]);
  });
});

it("belongs to a journal in ScyllaDB only, and to a table with a database of its own", () => {
  expect(faultsOf("journal: { tls: true }")).toEqual([
    "journal.tls: belongs to store: scylla; this journal is kept in files of this machine",
  ]);
  const hook = 'ingest: { receivers: { h: { use: live-view, tls: true } }, routes: [ { types: ["*"], to: [h] } ] }';
  expect(faultsOf(hook)).toEqual(["ingest.receivers.h.tls: is not for live-view"]);
});
