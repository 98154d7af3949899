import { readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { makeCertificates, type TestCertificates } from "#scripts/testing/certificates.ts";
import { startMariadb, type TestMariadb } from "#scripts/testing/mariadb.ts";
import { startPostgres, type TestPostgres } from "#scripts/testing/postgres.ts";
import { sharedCassandra } from "#scripts/testing/shared-cassandra.ts";
import { startMysqlDowngrade, startTlsFront, type TlsFront } from "#scripts/testing/tls-front.ts";
import { loadConfiguration } from "#server/config/load.ts";
import {
  createClient as createPointsClient,
  toOpsError as toPointsError,
} from "#server/ingest/adapters/stores/scylla-client.ts";
import { createSourceProbes } from "./compose-check.ts";
import { withCqlTls } from "./compose-tls.ts";

const TAKES_EFFECT_MS = 30_000;
/** A machine that others use too may let a time-out pass; what is refused, or taken, is so however often it is asked. */
const soon = (ask: () => Promise<string>) => expect.poll(ask, { timeout: TAKES_EFFECT_MS });
let made: TestCertificates;
beforeAll(() => {
  made = makeCertificates();
});
afterAll(() => made.remove());

const configure = (text: string, password = "") =>
  loadConfiguration({
    file: "/w.yaml",
    cwd: "/",
    environment: { PASSWORD: password, KEY: "a key of at least thirty-two characters" },
    readText: (file) => (file === "/w.yaml" ? text : readFileSync(file, "utf8")),
  });

/** What `worldline check` finds of the connections of the one source of a file. */
async function connectionOf(text: string, password?: string): Promise<string> {
  const [probe] = createSourceProbes(configure(text, password));
  const findings = (await probe?.probe()) ?? [];
  return findings
    .filter(({ area }) => area === "connection")
    .map(({ verdict, text: told }) => `${verdict} ${told}`)
    .join("\n");
}

const trusted = () => `{ caFile: ${made.caFile} }`;
const named = () => `{ caFile: ${made.caFile}, serverName: db.example }`;
const UNKNOWN = "its certificate is signed by an unknown authority: tls.caFile names the one to trust";
const EXPIRED = "its certificate has expired";
const OTHER_NAME = /its certificate is for another name: .*db\.example.* tls\.serverName says which name is expected/;
const NOT_FOR_THE_ADDRESS = /its certificate is for another name: .*127\.0\.0\.1.*\. tls\.serverName says/;
const NO_TLS = "it does not speak TLS at this port";

describe("PostgreSQL of a Dynflow database and of a HAF stack", () => {
  let server: TestPostgres;
  let password = "";
  beforeAll(async () => {
    server = await startPostgres({ tls: made.server });
    password = new URL(server.superuserUrl).password;
  });
  afterAll(() => server.remove());

  const told = async (tls: string, host = "127.0.0.1"): Promise<string> => {
    const url = new URL(server.superuserUrl);
    url.password = "";
    url.hostname = host;
    const keys = `id: a, url: "${url.href}", passwordEnv: PASSWORD, tls: ${tls}`;
    const both = await Promise.all(
      ["dynflow", "haf"].map((kind) => connectionOf(`${kind}: [ { ${keys} } ]`, password)),
    );
    return [...new Set(both.map((one) => one.replace(", schema public", "")))].join("\n");
  };
  const ok = /^ok PostgreSQL \S+ answers postgres, over TLSv1\.3$/;
  const clear = /^ok PostgreSQL \S+ answers postgres, in the clear$/;

  it("is spoken with in TLS when its authority is trusted, by address and by name", async () => {
    await soon(() => told(trusted())).toMatch(ok);
    await soon(() => told(trusted(), "localhost")).toMatch(ok);
    await soon(() => told("false")).toMatch(clear);
  });

  it("is refused with a certificate of an unknown authority or for another name, in plain words", async () => {
    await soon(() => told(`{ caFile: ${made.otherCaFile} }`)).toBe(`missing PostgreSQL: ${UNKNOWN}`);
    await soon(() => told("true")).toBe(`missing PostgreSQL: ${UNKNOWN}`);
    await soon(() => told(named())).toMatch(OTHER_NAME);
    await soon(() => told(named(), "localhost")).toMatch(OTHER_NAME);
  });

  it("is judged by the certificate it shows now: for a name that is told, expired, or none", async () => {
    await server.certify(made.named);
    await soon(() => told(named())).toMatch(ok);
    await soon(() => told(named(), "localhost")).toMatch(ok);
    await soon(() => told(trusted())).toMatch(NOT_FOR_THE_ADDRESS);
    await server.certify(made.expired);
    await soon(() => told(trusted())).toBe(`missing PostgreSQL: ${EXPIRED}`);
    await server.certify(null);
    await soon(() => told(trusted())).toBe(`missing PostgreSQL: ${NO_TLS}`);
    await soon(() => told("false")).toMatch(clear);
  });
});

describe("MariaDB", () => {
  let server: TestMariadb;
  beforeAll(async () => {
    server = await startMariadb({ tls: made.server });
  });
  afterAll(() => server.remove());

  const told = (tls: string, to: { readonly host?: string; readonly port?: number } = {}) => {
    const url = new URL(server.rootUrl);
    const { password } = url;
    url.password = "";
    url.hostname = to.host ?? url.hostname;
    url.port = String(to.port ?? url.port);
    url.pathname = "/mysql";
    return connectionOf(`dynflow: [ { id: a, url: "${url.href}", passwordEnv: PASSWORD, tls: ${tls} } ]`, password);
  };
  const ok = /^ok MariaDB \S+ answers .*over TLSv1\.3$/;

  it("is spoken with in TLS when its authority is trusted, by address and by name", async () => {
    await soon(() => told(trusted())).toMatch(ok);
    await soon(() => told(trusted(), { host: "localhost" })).toMatch(ok);
    await soon(() => told("false")).toMatch(/in the clear$/);
  });

  it("is refused with a certificate of an unknown authority or for another name, in plain words", async () => {
    await soon(() => told(`{ caFile: ${made.otherCaFile} }`)).toBe(`missing MySQL: ${UNKNOWN}`);
    await soon(() => told("true")).toBe(`missing MySQL: ${UNKNOWN}`);
    await soon(() => told(named())).toMatch(OTHER_NAME);
    await soon(() => told(`{ caFile: ${made.caFile}, serverName: 10.9.8.7 }`)).toContain("10.9.8.7");
  });

  it("is refused when somebody in between takes TLS out of its greeting", async () => {
    const between = await startMysqlDowngrade(Number(new URL(server.rootUrl).port));
    await soon(() => told("false", { port: between.port })).toMatch(/in the clear$/);
    await soon(() => told(trusted(), { port: between.port })).toBe(`missing MySQL: ${NO_TLS}`);
    between.close();
  });

  it("is judged by the certificate it shows now: for a name that is told, or expired", async () => {
    await server.certify(made.named);
    await soon(() => told(named())).toMatch(ok);
    await soon(() => told(trusted())).toMatch(NOT_FOR_THE_ADDRESS);
    await server.certify(made.expired);
    await soon(() => told(trusted())).toBe(`missing MySQL: ${EXPIRED}`);
  });
});

describe("Cassandra behind an end of TLS", () => {
  const fronts: TlsFront[] = [];
  let plain = "";
  let dataCenter = "";
  beforeAll(async () => {
    const { contactPoints, localDataCenter } = await sharedCassandra();
    plain = contactPoints[0] ?? "";
    dataCenter = localDataCenter;
  });
  afterAll(() => {
    for (const front of fronts) front.close();
  });
  const front = async (pair: TestCertificates["server"], clientCa?: string) => {
    const one = await startTlsFront(plain, pair, clientCa);
    fronts.push(one);
    return one;
  };
  const keysOf = (point: string, tls: string) =>
    `contactPoints: ["${point}"], localDataCenter: ${dataCenter}, keyspace: no_such_keyspace, tls: ${tls}`;
  const pointOf = ({ port }: TlsFront, host = "127.0.0.1") => `${host}:${port}`;
  const dna = (point: string, tls: string) => connectionOf(`dna: [ { id: a, scylla: { ${keysOf(point, tls)} } } ]`);
  const journal = (point: string, tls: string) =>
    connectionOf(`journal: { store: scylla, ${keysOf(point, tls)}, keyEnv: KEY }`);

  it("is spoken with in TLS by the reader of nodes and by the journal, and says so", async () => {
    const point = pointOf(await front(made.server));
    const encrypted = `ok ${point} is spoken with over TLSv1.3`;
    await soon(() => dna(point, trusted())).toMatch(new RegExp(`${encrypted}.*\nok Apache Cassandra 5\\S* answers`));
    await soon(() => journal(point, trusted())).toMatch(new RegExp(`${encrypted}.*\nok ${point} answers`));
    await soon(() => dna(plain, "false")).toMatch(/^note in the clear: no tls is configured\nok Apache Cassandra/);
  });

  it("is spoken with in TLS by the store of points", async () => {
    const point = pointOf(await front(made.server));
    const clientOf = (ca: string) => {
      const own = `tls: { caFile: ${ca} }, contactPoints: ["${point}"], localDataCenter: ${dataCenter}, keyspace: k`;
      const text = `ingest: { receivers: { s: { use: scylla-table, ${own} } }, routes: [ { types: ["*"], to: [s] } ] }`;
      const [receiver] = configure(text).ingest?.receivers ?? [];
      if (receiver?.use !== "scylla-table") throw new Error("not what was written");
      const { contactPoints, localDataCenter, replication } = receiver.database;
      const place = { contactPoints, localDataCenter, replication, credentials: null };
      return createPointsClient({ ...place, ...withCqlTls(receiver.database) });
    };
    const keysOver = async (ca: string): Promise<string> => {
      const client = clientOf(ca);
      try {
        await client.connect();
        return `${(await client.execute("SELECT key FROM system.local")).rowLength} key`;
      } catch (cause) {
        return toPointsError(cause).message;
      } finally {
        await client.shutdown();
      }
    };
    await soon(() => keysOver(made.caFile)).toBe("1 key");
    await soon(() => keysOver(made.otherCaFile)).toContain(UNKNOWN);
  });

  it("is refused with a certificate of an unknown authority, for another name, expired, and without TLS", async () => {
    const [sound, expired] = [pointOf(await front(made.server)), pointOf(await front(made.expired))];
    const cases: readonly (readonly [point: string, tls: string, words: string])[] = [
      [sound, `{ caFile: ${made.otherCaFile} }`, UNKNOWN],
      [sound, named(), OTHER_NAME.source],
      [expired, trusted(), EXPIRED],
      [plain, trusted(), NO_TLS],
    ];
    for (const [point, tls, words] of cases) {
      // The handshake by itself, and the driver's own.
      const twice = new RegExp(`^missing .*${words}.*\nmissing .*${words}.*$`);
      await soon(() => dna(point, tls)).toMatch(twice);
      await soon(() => journal(point, tls)).toMatch(twice);
    }
  });

  it("may have a certificate for a name: the one that is told, which is asked for, or that of a contact point", async () => {
    const [other, local] = [await front(made.named), await front(made.byName)];
    await soon(() => dna(pointOf(other), named())).toContain("ok Apache");
    expect(new Set(other.asked)).toEqual(new Set(["db.example"]));
    await soon(() => dna(pointOf(local, "localhost"), trusted())).toContain("ok Apache");
    await soon(() => dna(pointOf(local), trusted())).toMatch(NOT_FOR_THE_ADDRESS);
  });

  it("gets a certificate of the console's own where it asks for one", async () => {
    const asking = await front(made.server, made.caFile);
    const { certificateFile, keyFile } = made.client;
    const own = `{ caFile: ${made.caFile}, certificateFile: ${certificateFile}, keyFile: ${keyFile} }`;
    await soon(() => dna(pointOf(asking), own)).toContain("ok Apache");
    expect(new Set(asking.clients)).toEqual(new Set(["client"]));
    await soon(() => dna(pointOf(asking), trusted())).toContain("it asks for a certificate of ours");
  });
});
