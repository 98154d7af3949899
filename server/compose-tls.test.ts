import { readFileSync } from "node:fs";
import { createServer, type Server } from "node:net";
import { createServer as createTlsServer } from "node:tls";
import { afterAll, afterEach, expect, it } from "vitest";
import { makeCertificates, pemOf } from "#scripts/testing/certificates.ts";
import { loadConfiguration } from "#server/config/load.ts";
import type { Configuration } from "#server/config/model.ts";
import { openScyllaStore } from "#server/ingest/adapters/stores/scylla-store.ts";
import { createSystemClock } from "#server/runtime/clock.ts";
import { openScylla } from "./compose-dna.ts";
import { accessOf } from "./compose-dynflow.ts";
import { openHafEngine, openHafStore } from "./compose-haf.ts";
import { pointsPlaceOf } from "./compose-pipeline.ts";

const made = makeCertificates();
const servers: Server[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) server.close();
});
afterAll(() => made.remove());

async function portOf(server: Server): Promise<number> {
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  return typeof address === "object" && address !== null ? address.port : 0;
}

/** Speaks TLS from the first byte on, as nobody whom the console trusts. */
const strangerPort = () => {
  const { certificateFile, keyFile } = made.server;
  const server = createTlsServer({ cert: pemOf(certificateFile), key: pemOf(keyFile) });
  return portOf(server.on("tlsClientError", () => undefined));
};

/** PostgreSQL without TLS: it is asked for it by eight bytes, and answers with an N. */
const plainPostgresPort = () =>
  portOf(
    createServer((socket) => {
      socket.on("error", () => socket.destroy());
      socket.once("data", (asked) => socket.end(asked.length === 8 ? "N" : "?"));
    }),
  );

const configure = (text: string): Configuration =>
  loadConfiguration({
    ...{ file: "/w.yaml", cwd: "/", environment: {} },
    readText: (file) => (file === "/w.yaml" ? text : readFileSync(file, "utf8")),
  });

const first = <T>(list: readonly T[]): T => {
  const [one] = list;
  if (one === undefined) throw new Error("nothing is configured");
  return one;
};
const UNKNOWN = "its certificate is signed by an unknown authority";
const NO_TLS = "it does not speak TLS at this port";

it("readers of ScyllaDB, the store of points and the Docker engine refuse whoever is signed by somebody else", async () => {
  const port = await strangerPort();
  const tls = `tls: { caFile: ${made.otherCaFile} }`;
  const place = `contactPoints: ["127.0.0.1:${port}"], localDataCenter: d, keyspace: k, ${tls}`;
  const url = `https://127.0.0.1:${port}`;
  const { dna, haf, ingest } = configure(`
dna: [ { id: a, scylla: { ${place} } } ]
haf: [ { id: b, url: "postgres://u@127.0.0.1/d", docker: { project: p, url: "${url}", ${tls} } } ]
ingest: { receivers: { s: { use: scylla-table, ${place} } }, routes: [ { types: ["*"], to: [s] } ] }`);
  const store = openScylla(first(dna), createSystemClock());
  await expect(store.clusters()).rejects.toThrow(UNKNOWN);
  await store.close();
  const receiver = first(ingest?.receivers ?? []);
  if (receiver.use !== "scylla-table") throw new Error("not what was written");
  const points = openScyllaStore({ ...pointsPlaceOf(receiver.database), ttlDays: 1 });
  await expect(points.write([], new AbortController().signal)).rejects.toThrow(UNKNOWN);
  await points.close();
  const engine = openHafEngine(first(haf));
  await expect(engine?.containers()).rejects.toThrow(UNKNOWN);
  await engine?.close();
});

it.each([
  ["true", "tls: true"],
  ["an authority and a name", `tls: { caFile: ${made.caFile}, serverName: db.example }`],
])(
  "readers of PostgreSQL, and who acts on it, say nothing to a server that does not speak TLS: %s",
  async (_what, tls) => {
    const url = `postgres://u@127.0.0.1:${await plainPostgresPort()}/d`;
    const { dynflow, haf } = configure(`
dynflow: [ { id: a, url: "${url}", ${tls} } ]
haf: [ { id: b, url: "${url}", ${tls} } ]`);
    const { store, openMailbox } = accessOf(first(dynflow));
    await expect(store.capabilities()).rejects.toThrow(NO_TLS);
    await store.close();
    const mailbox = await openMailbox();
    await expect(mailbox.registered("5b3a0a3e-7a44-4f6e-9a8e-1d7c36ff2a10")).rejects.toThrow(NO_TLS);
    await mailbox.close();
    const stack = openHafStore(first(haf));
    await expect(stack.apps()).rejects.toThrow(NO_TLS);
    await stack.close();
  },
);

it("sslmode=verify-full in an address is the same", async () => {
  const url = `postgres://u@127.0.0.1:${await plainPostgresPort()}/d?sslmode=verify-full`;
  const { store } = accessOf(first(configure(`dynflow: [ { id: a, url: "${url}" } ]`).dynflow));
  await expect(store.capabilities()).rejects.toThrow(NO_TLS);
  await store.close();
});
