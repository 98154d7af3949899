import { createServer } from "node:http";
import { afterAll, afterEach, describe, expect, it } from "vitest";
import { makeCertificates, pemOf, type TestPair } from "#scripts/testing/certificates.ts";
import { tlsOptions } from "#server/runtime/upstream-tls.ts";
import { createDockerEngine } from "./docker-engine.ts";
import { createEngineServer } from "./engine-server.test-kit.ts";

// The server is simulated: no Docker engine runs where these tests do.
const made = makeCertificates();
afterAll(() => made.remove());
const endings: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const end of endings.splice(0)) await end();
});

async function engineWith(pair: TestPair): Promise<number> {
  const server = createEngineServer(pair);
  server.set("haf-world-haf-1", { service: "haf", status: "running" });
  await server.startTls();
  endings.push(async () => {
    await server.stopTls();
    server.clean();
  });
  return server.port();
}

const WELL_KNOWN = { ca: null, certificate: null, key: null, serverName: null };
const trusting = (file: string) => ({ ...WELL_KNOWN, ca: { reveal: () => pemOf(file) } });

async function services(url: string, tls: Parameters<typeof tlsOptions>[0]) {
  const way = { kind: "tcp", url, tls: tlsOptions(tls) } as const;
  const engine = createDockerEngine({ way, project: "haf-world" });
  try {
    return (await engine.containers()).map(({ service }) => service);
  } finally {
    await engine.close();
  }
}

describe("an engine over TCP with an https address", () => {
  it("is spoken with when its authority is trusted, by address, by name, and by the name it is told to have", async () => {
    const port = await engineWith(made.server);
    expect(await services(`https://127.0.0.1:${port}`, trusting(made.caFile))).toEqual(["haf"]);
    expect(await services(`https://localhost:${port}`, trusting(made.caFile))).toEqual(["haf"]);
    const named = await engineWith(made.named);
    const tls = { ...trusting(made.caFile), serverName: "db.example" };
    expect(await services(`https://127.0.0.1:${named}`, tls)).toEqual(["haf"]);
  });

  it("is refused in plain words: an unknown authority, another name, a certificate that is over", async () => {
    const port = await engineWith(made.server);
    const url = `https://127.0.0.1:${port}`;
    for (const tls of [trusting(made.otherCaFile), WELL_KNOWN]) {
      await expect(services(url, tls)).rejects.toThrow(
        "not reached: its certificate is signed by an unknown authority",
      );
    }
    const other = { ...trusting(made.caFile), serverName: "db.example" };
    await expect(services(url, other)).rejects.toThrow("not reached: its certificate is for another name");
    const expired = await engineWith(made.expired);
    const over = services(`https://127.0.0.1:${expired}`, trusting(made.caFile));
    await expect(over).rejects.toThrow("not reached: its certificate has expired");
  });

  it("is refused when it speaks in the clear", async () => {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    endings.push(async () => {
      server.close();
      server.closeAllConnections();
    });
    const address = server.address();
    const port = typeof address === "object" && address !== null ? address.port : 0;
    const call = services(`https://127.0.0.1:${port}`, trusting(made.caFile));
    await expect(call).rejects.toThrow("not reached: it does not speak TLS at this port");
  });
});
