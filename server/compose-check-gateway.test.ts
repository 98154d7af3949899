import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { freePort } from "#scripts/testing/own-server.ts";
import { loadConfiguration } from "#server/config/load.ts";
import { openTestGate } from "#server/ingest/adapters/doors/gate.test-kit.ts";
import { createSourceProbes } from "./compose-check.ts";

let folder = "";
const servers: Server[] = [];
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), "check-gateway-"));
});
afterEach(async () => {
  for (const server of servers.splice(0)) await new Promise((resolve) => server.close(resolve));
  rmSync(folder, { recursive: true, force: true });
});

/** What is found of a gateway, a line each. */
async function checked(keys: string, journal = folder): Promise<readonly string[]> {
  const text = `journal: { path: "${journal}" }\ningest: { ${keys} }`;
  const load = () => loadConfiguration({ file: "/w.yaml", cwd: "/", environment: {}, readText: () => text });
  const [probe] = createSourceProbes(load());
  expect(probe?.kind).toBe("ingest");
  const findings = (await probe?.probe()) ?? [];
  return findings.map(({ verdict, area, text: told }) => `${verdict} ${area} ${told}`);
}

async function listening(): Promise<number> {
  const server = createServer((socket) => {
    socket.on("error", () => socket.destroy());
    socket.resume().end("220 mail\r\n");
  });
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  return typeof address === "object" && address !== null ? address.port : 0;
}

const on = (port: number) => `listen: { host: 127.0.0.1, port: ${port} }`;

describe("the listener of the gateway", () => {
  it("is said to be free, taken by a gateway, or taken by another program", async () => {
    const free = await freePort();
    expect(await checked(on(free))).toContain(`ok connection port ${free} of 127.0.0.1 is free`);
    // Looked at, and let go.
    expect(await checked(on(free))).toContain(`ok connection port ${free} of 127.0.0.1 is free`);
    const taken = await listening();
    expect(await checked(on(taken))).toContain(
      `missing connection port ${taken} of 127.0.0.1 is taken by another program`,
    );
    const gate = await openTestGate();
    expect(await checked(on(gate.port))).toContain(
      `ok connection port ${gate.port} of 127.0.0.1 is listened on by a gateway: a console runs`,
    );
    expect(gate.pipe.batches).toEqual([]);
    await gate.close();
  });

  it("is missing on an address that is none of this machine's", async () => {
    const [first] = await checked(
      "listen: { host: 192.0.2.7, port: 4001 }, bootstrap: [ { name: b, tokenFile: /token } ]",
    );
    expect(first).toBe("missing connection port 4001 of 192.0.2.7 cannot be listened on (EADDRNOTAVAIL)");
  });
});

describe("what the gateway keeps", () => {
  it("can be made where nothing is yet, and nothing is made by looking", async () => {
    const absent = path.join(folder, "not", "yet");
    const found = await checked("listen: { port: 0 }", absent);
    expect(found).toContain(`ok rights key of tokens: ${absent}/ingest.key will be made`);
    expect(found).toContain(`ok rights users and revoked tokens: ${absent}/agents.sqlite will be made`);
    expect(found).toContain(`ok rights what waits for receivers: ${absent}/ingest will be made`);
    expect(found.join("\n")).toMatch(/(ok|note) capability (little room on disk: )?\d+ MB free for what waits/);
    expect(found).toContain(`ok rights receiver store: table of points: ${absent}/points.sqlite will be made`);
    expect(readdirSync(folder)).toEqual([]);
  });

  it("is missing where a file is in the way, or the key is none", async () => {
    writeFileSync(path.join(folder, "file"), "");
    const inTheWay = await checked("listen: { port: 0 }", path.join(folder, "file"));
    expect(inTheWay).toContain(`missing rights users and revoked tokens: ${folder}/file is no folder`);
    expect(inTheWay).toContain(`missing rights what waits for receivers: ${folder}/file is no folder`);
    writeFileSync(path.join(folder, "ingest.key"), "short");
    expect(await checked("listen: { port: 0 }")).toContain(
      `missing rights key of tokens: ${folder}/ingest.key is no key of tokens: remove it, and agents log in again`,
    );
  });
});

describe("a receiver", () => {
  const to = (receiver: string) =>
    `listen: { port: 0 }, receivers: { r: ${receiver} }, routes: [ { types: ["*"], to: [r] } ]`;

  it("by webhook is reached or not, without being sent anything", async () => {
    const port = await listening();
    expect(await checked(to(`{ use: webhook, url: "http://127.0.0.1:${port}/x" }`))).toContain(
      `ok connection receiver r: 127.0.0.1:${port} answers, in the clear`,
    );
    const closed = await freePort();
    expect((await checked(to(`{ use: webhook, url: "http://127.0.0.1:${closed}/x" }`))).join("\n")).toContain(
      `missing connection receiver r: 127.0.0.1:${closed} is not reached: connect ECONNREFUSED`,
    );
    expect(await checked(to(`{ use: webhook, url: "https://127.0.0.1:${port}/x" }`))).toContain(
      `missing connection receiver r: 127.0.0.1:${port}: it does not speak TLS at this port`,
    );
  });

  it("that is a table in a database is asked for it", async () => {
    const port = await freePort();
    const keys = `contactPoints: ["127.0.0.1:${port}"], localDataCenter: d, keyspace: k`;
    const found = (await checked(to(`{ use: scylla-table, ${keys} }`))).join("\n");
    expect(found).toContain("note connection receiver r: in the clear: no tls is configured");
    expect(found).toContain("missing connection receiver r: The database did not answer");
  });
});
