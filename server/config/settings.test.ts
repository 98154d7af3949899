import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { loadConfiguration } from "./load.ts";
import { SETTINGS_MAX, shownConfiguration } from "./masked.ts";
import { referenceRows } from "./reference.ts";
import { shownAddress } from "./shown-address.ts";

interface Given {
  readonly text?: string | null;
  readonly port?: number;
  readonly environment?: Record<string, string>;
}

const FILE = "/etc/worldline/w.yaml";
/** Files beside the configuration hold what the variable of their name holds. */
function load({ text = null, port, environment = {} }: Given = {}) {
  return loadConfiguration({
    ...{ file: text === null ? null : FILE, cwd: "/srv", environment },
    ...(port === undefined ? {} : { port }),
    readText: (file) => (file === FILE ? (text ?? "") : (environment[file.split("/").at(-1) ?? ""] ?? "")),
  });
}

const settingOf = (given: Given, key: string) =>
  load(given)
    .settings()
    .find((setting) => setting.key === key);

describe("the settings", () => {
  it("are the defaults of every key where there is no file", () => {
    const settings = load().settings();
    expect(settings.every(({ isDefault, origin }) => isDefault && (origin === "default" || origin === "unset"))).toBe(
      true,
    );
    expect(settings.find(({ key }) => key === "journal.keepDays")).toMatchObject({ value: "30", origin: "default" });
    expect(settings.find(({ key }) => key === "ingest")).toMatchObject({ value: null, origin: "unset" });
  });

  it("name every key of the reference that stands in no list, each with its meaning", () => {
    const keys = new Set(
      load({ text: "ingest: {}" })
        .settings()
        .map(({ key }) => key),
    );
    const rows = referenceRows().filter(({ path }) => !/[[<]/.test(path));
    const told = (path: string) =>
      [...keys].some((key) => key === path || key.startsWith(`${path}.`) || path.startsWith(`${key}.`));
    const missing = rows.filter(({ path }) => !told(path));
    expect(missing).toEqual([]);
    expect(
      load()
        .settings()
        .filter(({ meaning }) => meaning === ""),
    ).toEqual([]);
  });

  it("say which come from the file, also where it says what would hold without", () => {
    const text = "journal: { keepDays: 7 }\nlimits: { bulkOperator: 500 }";
    expect(settingOf({ text }, "journal.keepDays")).toMatchObject({ value: "7", origin: "file", isDefault: false });
    expect(settingOf({ text }, "limits.bulkOperator")).toMatchObject({ value: "500", origin: "file", isDefault: true });
  });

  it("say that the port is of the command line, which wins over the file", () => {
    const given = { text: "listen: { port: 4000 }", port: 4001 };
    expect(settingOf(given, "listen.port")).toMatchObject({ value: "4001", origin: "command-line", isDefault: false });
  });

  it("name each item of a list by its place, with the defaults of the keys it leaves out", () => {
    const text = "dna: [{ id: eu-1, scylla: { contactPoints: [10.0.0.1], localDataCenter: dc1, keyspace: dna } }]";
    expect(settingOf({ text }, "dna[0].scylla.keyspace")).toMatchObject({ value: "dna", origin: "file" });
    expect(settingOf({ text }, "dna[0].act")).toMatchObject({ value: "false", origin: "default" });
    expect(settingOf({ text }, "dna[0].title")).toBeUndefined();
  });

  it("are bounded in an answer, which says how many it leaves out", () => {
    const users = Array.from({ length: 1_000 }, (_, at) => `{ name: u${at}, passwordEnv: P }`);
    const programs = Array.from({ length: 1_000 }, (_, at) => `{ name: p${at}, tokenEnv: P }`);
    const text = `ingest: { users: [${users.join(", ")}], bootstrap: [${programs.join(", ")}] }`;
    const configuration = load({ text, environment: { P: "a password of twenty characters" } });
    const { settings, leftOut } = shownConfiguration(configuration);
    expect(settings).toHaveLength(SETTINGS_MAX);
    expect(leftOut).toBe(configuration.settings().length - SETTINGS_MAX);
    expect(leftOut).toBeGreaterThan(0);
  });
});

describe("an address", () => {
  it("is shown without who logs in and without values that may be secrets", () => {
    expect(shownAddress("postgres://ops:pw@db:5432/foreman?sslmode=verify-full&options=x")).toBe(
      "postgres://(hidden)@db:5432/foreman?sslmode=verify-full&options=(hidden)",
    );
    expect(shownAddress("sqlite:///var/lib/dynflow.sqlite")).toBe("sqlite:///var/lib/dynflow.sqlite");
    expect(shownAddress("no address")).toBe("(hidden)");
  });

  it("of a webhook is shown without its path, which may be the secret", () => {
    expect(shownAddress("https://hooks.example/T0/B1/x", true)).toBe("https://hooks.example/(hidden)");
    expect(shownAddress("https://hooks.example?key=x", true)).toBe("https://hooks.example/(hidden)");
    expect(shownAddress("https://hooks.example/", true)).toBe("https://hooks.example");
  });
});

/** Each takes one secret, under a name of its own, in one of the ways that the configuration knows. */
const HOLDERS: readonly ((name: string, secret: string, how: "Env" | "File") => string)[] = [
  (name, _secret, how) =>
    `dna: [{ id: eu-1, scylla: { contactPoints: [10.0.0.1], localDataCenter: dc1, keyspace: dna, username: ops, password${how}: ${name} }, beam: { name: w@10.0.0.9, cookie${how}: ${name} } }]`,
  (name, secret, how) =>
    `dynflow: [{ id: foreman, url: "postgres://${secret}@db/foreman?application_name=${secret}", password${how}: ${name} }]`,
  (name, secret, how) => `haf: [{ id: hive, url: "postgres://${secret}@db/haf", password${how}: ${name} }]`,
  (name, _secret, how) => `alerts: [{ id: pager, url${how}: ${name}, key${how}: ${name} }]`,
  (_name, secret) => `alerts: [{ id: chat, url: "https://hooks.example/${secret}?token=${secret}" }]`,
  (name, _secret, how) => `journal: { key${how}: ${name} }`,
  (name, secret, how) =>
    `ingest: { key${how}: ${name}, users: [{ name: u, password${how}: ${name} }], bootstrap: [{ name: b, token${how}: ${name} }], poa: { enabled: true, admins: [{ name: a, password${how}: ${name} }] }, receivers: { hook: { use: webhook, url: "https://hooks.example/${secret}", token${how}: ${name} } }, routes: [{ types: ["*"], to: [hook] }] }`,
];

it("no secret of a configuration is in what is shown of it, wherever it stands", () => {
  const secret = fc.string({
    unit: fc.constantFrom(..."abcdefghijklmnopqrstuvwxyz0123456789"),
    minLength: 40,
    maxLength: 60,
  });
  const how = fc.constantFrom("Env" as const, "File" as const);
  const holder = fc.integer({ min: 0, max: HOLDERS.length - 1 });
  fc.assert(
    fc.property(holder, secret, how, (at, hidden, way) => {
      const text = HOLDERS[at]?.("HOLDER", hidden, way) ?? "";
      // Where the secret is an address, its path is the secret.
      const value = text.includes(`url${way}`) ? `https://hooks.example/${hidden}` : hidden;
      const configuration = loadConfiguration({
        ...{ file: FILE, cwd: "/srv", environment: { HOLDER: value } },
        readText: (file) => (file === FILE ? text : value),
      });
      const shown = JSON.stringify(shownConfiguration(configuration));
      expect(shown).not.toContain(hidden);
      expect(shown).toContain(text.slice(0, text.indexOf(":")));
    }),
    { numRuns: 60 },
  );
});
