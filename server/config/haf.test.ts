import { describe, expect, it } from "vitest";
import { ConfigurationError } from "./fault.ts";
import { loadConfiguration } from "./load.ts";
import { maskedConfiguration } from "./masked.ts";

const load = (text: string) =>
  loadConfiguration({
    file: "/etc/worldline/w.yaml",
    cwd: "/srv",
    environment: { PW: "canary-password" },
    readText: () => text,
  });

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

const WHOLE = `regions: [ { id: eu } ]
haf:
  - { id: hive, region: eu, title: Hive, url: "postgres://console@db:5432/haf_block_log", passwordEnv: PW,
      apps: [hafah, hivemind], docker: { socket: /run/docker.sock, project: haf-world } }
`;

describe("HAF stacks in the configuration", () => {
  it("are read whole, and are no place for the demo", () => {
    const { haf, demo } = load(WHOLE);
    expect(demo).toBe(null);
    expect(haf).toHaveLength(1);
    expect(haf[0]).toMatchObject({
      ...{ id: "hive", region: "eu", title: "Hive", url: "postgres://console@db:5432/haf_block_log" },
      apps: ["hafah", "hivemind"],
      docker: { engine: { kind: "socket", path: "/run/docker.sock" }, project: "haf-world" },
    });
    expect(haf[0]?.password?.reveal()).toBe("canary-password");
  });

  it("need an id and an address only", () => {
    const { haf, regions } = load('haf: [ { id: hive, url: "postgres://console@db/haf_block_log" } ]');
    expect(haf[0]).toMatchObject({ region: "default", title: "hive", password: null, apps: [], docker: null });
    expect(regions.map(({ id }) => id)).toEqual(["default"]);
    expect(load("demo: {}").haf).toEqual([]);
  });

  it("are shown without their password", () => {
    const shown = maskedConfiguration(load(WHOLE));
    expect(shown).toContain("project: haf-world");
    expect(shown).not.toContain("canary");
  });

  const at = (rest: string) => `haf:\n  - { id: hive, url: "postgres://c@db/h", ${rest} }`;
  it.each([
    ['haf: [ { id: hive, url: "mysql://c@db/h" } ]', "1 haf[0].url: must begin with postgres://"],
    [
      'haf: [ { id: hive, url: "postgres://c:secret@db/h" } ]',
      "1 haf[0].url: must not hold a password: use passwordEnv or passwordFile",
    ],
    ['haf: [ { id: hive, url: "postgres://c@db" } ]', "1 haf[0].url: names no database"],
    [at("apps: [a, b, a]"), "2 haf[0].apps[2]: a is named before"],
    [at("docker: { project: p }"), "2 haf[0].docker: needs socket or url, and not both"],
    [
      at('docker: { project: p, socket: /s, url: "http://h:2375" }'),
      "2 haf[0].docker: needs socket or url, and not both",
    ],
    [at('docker: { project: p, url: "ftp://h:2376" }'), "2 haf[0].docker.url: must be such as https://10.0.0.7:2376"],
    [at("docker: { project: p, socket: s }"), "2 haf[0].docker.socket: must be an absolute path"],
    [at("passwordEnv: NONE"), "2 haf[0].passwordEnv: the environment has no NONE"],
    [`${at("region: eu")}\nregions: [ { id: us } ]`, "2 haf[0].region: eu is no region of this file"],
    [
      `${at("apps: []")}\ndemo: {}`,
      "3 demo: cannot run beside real sources: remove demo, or remove dna, dynflow and haf",
    ],
    [
      `${at("apps: []")}\ndynflow: [ { id: hive, url: "postgres://d@db/f" } ]`,
      "2 haf[0].id: hive is the id of an earlier source",
    ],
    [`${at("apps: []")}\ningest: { id: hive }`, "3 ingest.id: hive is the id of an earlier source"],
  ])("refuse %s", (text, fault) => {
    expect(faultsOf(text)).toContain(fault);
  });
});
