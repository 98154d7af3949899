import { describe, expect, it } from "vitest";
import { ConfigurationError } from "./fault.ts";
import { loadConfiguration } from "./load.ts";
import { maskedConfiguration } from "./masked.ts";

const CANARY = "canary-COOKIE-9f2b";
const PEM = "-----BEGIN CERTIFICATE-----\ncanary-PEM\n-----END CERTIFICATE-----\n";
const FILES: Readonly<Record<string, string>> = {
  "/run/cookie": `${CANARY}\n`,
  "/run/two-lines": "one\ntwo\n",
  "/run/ca.pem": PEM,
  "/run/own.pem": PEM,
  "/run/own.key": "canary-KEY",
};

/** The one source of a file, with this for its `beam`. */
function load(beam: string, more = "") {
  const source = (id: string, own: string) =>
    `  - { id: ${id}, scylla: { contactPoints: [a], localDataCenter: d, keyspace: k }, beam: ${own} }\n`;
  const text = `dna:\n${source("eu-1", beam)}${more === "" ? "" : source("eu-2", more)}`;
  return loadConfiguration({
    file: "/etc/worldline/w.yaml",
    cwd: "/srv",
    environment: { COOKIE: CANARY },
    readText(file) {
      const found = file === "/etc/worldline/w.yaml" ? text : FILES[file];
      if (found === undefined) throw new Error(`ENOENT: no such file, open '${file}'`);
      return found;
    },
  });
}

function faultsOf(beam: string, more?: string): readonly string[] {
  try {
    load(beam, more);
  } catch (error) {
    if (error instanceof ConfigurationError) return error.faults.map(({ path, message }) => `${path}: ${message}`);
    throw error;
  }
  return [];
}

describe("beam", () => {
  it("is access by port mapper, without evaluation and in the clear, unless said otherwise", () => {
    const beam = load("{ name: worldline@10.0.0.9, cookieFile: /run/cookie }").dna[0]?.beam;
    expect(beam).toMatchObject({
      name: "worldline@10.0.0.9",
      evaluate: false,
      reach: { kind: "epmd", port: 4369 },
      tls: null,
    });
    expect(beam?.cookie.reveal()).toBe(CANARY);
    expect(load("{ name: w@h, cookieEnv: COOKIE, epmdPort: 14369 }").dna[0]?.beam?.reach).toEqual({
      kind: "epmd",
      port: 14_369,
    });
  });

  it("is none when it is left out", () => {
    const source = "dna: [ { id: a, scylla: { contactPoints: [a], localDataCenter: d, keyspace: k } } ]";
    const configuration = loadConfiguration({ file: "w", cwd: "/", environment: {}, readText: () => source });
    expect(configuration.dna[0]?.beam).toBeNull();
  });

  it("takes a fixed port, and TLS with a certificate of its own", () => {
    const tls = "{ caFile: /run/ca.pem, certificateFile: /run/own.pem, keyFile: /run/own.key, checkHost: false }";
    const beam = load(`{ name: w@h, cookieEnv: COOKIE, evaluate: true, port: 9100, tls: ${tls} }`).dna[0]?.beam;
    expect(beam).toMatchObject({ evaluate: true, reach: { kind: "fixed", port: 9_100 }, tls: { checkHost: false } });
    expect(beam?.tls?.ca.reveal()).toContain("BEGIN CERTIFICATE");
    expect(beam?.tls?.key?.reveal()).toBe("canary-KEY");
  });

  it("shows neither cookie, certificate nor key in the configuration as it is shown", () => {
    const tls = "{ caFile: /run/ca.pem, certificateFile: /run/own.pem, keyFile: /run/own.key }";
    const configuration = load(`{ name: w@h, cookieFile: /run/cookie, tls: ${tls} }`);
    const shown = `${maskedConfiguration(configuration)}${JSON.stringify(configuration)}`;
    expect(shown).not.toContain("canary");
    expect(maskedConfiguration(configuration)).toContain("cookie: (hidden)");
  });

  it.each([
    ["{ name: worldline@10.0.0.9 }", "dna[0].beam: needs cookieFile or cookieEnv: the cookie of the nodes"],
    ["{ name: worldline, cookieEnv: COOKIE }", "dna[0].beam.name: must be a node name with the host in full"],
    ['{ name: "a b@h", cookieEnv: COOKIE }', "dna[0].beam.name: must be a node name with the host in full"],
    ["{ cookieEnv: COOKIE }", "dna[0].beam.name: is missing: needs text"],
    ["{ name: w@h, cookieEnv: COOKIE, cookieFile: /run/cookie }", "give cookieEnv or cookieFile, not both"],
    ["{ name: w@h, cookieEnv: ABSENT }", "dna[0].beam.cookieEnv: the environment has no ABSENT"],
    ["{ name: w@h, cookieFile: /run/absent }", "dna[0].beam.cookieFile: cannot be read"],
    ["{ name: w@h, cookieFile: /run/two-lines }", "/run/two-lines holds no cookie: one line"],
    ["{ name: w@h, cookie: secret }", "dna[0].beam.cookie: is not a key that is known here"],
    ["{ name: w@h, cookieEnv: COOKIE, port: 1, epmdPort: 2 }", "dna[0].beam.port: give port where there is no port"],
    ["{ name: w@h, cookieEnv: COOKIE, port: 0 }", "dna[0].beam.port: must be a port"],
    ["{ name: w@h, cookieEnv: COOKIE, evaluate: maybe }", "dna[0].beam.evaluate: "],
    ["{ name: w@h, cookieEnv: COOKIE, tls: {} }", "dna[0].beam.tls.caFile: is missing"],
    [
      "{ name: w@h, cookieEnv: COOKIE, tls: { caFile: /run/own.key } }",
      "tls.caFile: /run/own.key holds no certificate",
    ],
    [
      "{ name: w@h, cookieEnv: COOKIE, tls: { caFile: /run/ca.pem, certificateFile: /run/own.pem } }",
      "dna[0].beam.tls: has a certificateFile and no keyFile or keyEnv",
    ],
    [
      "{ name: w@h, cookieEnv: COOKIE, tls: { caFile: /run/ca.pem, keyFile: /run/own.key } }",
      "dna[0].beam.tls: has a key and no certificateFile",
    ],
  ])("is refused where it makes no sense, without a word of a secret: %s", (beam, fault) => {
    const found = faultsOf(beam).join("\n");
    expect(found).toContain(fault);
    expect(found).not.toContain("canary");
  });

  it("has a name of its own for each source", () => {
    const beam = "{ name: w@h, cookieEnv: COOKIE }";
    expect(faultsOf(beam, beam)).toEqual([
      "dna[1].beam.name: w@h is the name of an earlier source: each needs its own",
    ]);
    expect(faultsOf(beam, "{ name: w2@h, cookieEnv: COOKIE }")).toEqual([]);
  });
});
