/** A configured HAF stack in a running console: its database and its Docker engine go away, and come back. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startPostgres, type TestPostgres } from "#scripts/testing/postgres.ts";
import type { Caller } from "#server/auth/caller.ts";
import { loadConfiguration } from "#server/config/load.ts";
import { createEngineServer } from "#server/haf/adapters/docker/engine-server.test-kit.ts";
import {
  createHafDatabase,
  type HafTestDatabase,
  loadHafStep,
} from "#server/haf/adapters/postgres/haf-database.test-kit.ts";
import type { App } from "#server/http/app.ts";
import { silentLogger } from "#server/kernel/logger.ts";
import { compose } from "./compose.ts";

const SOON = { timeout: 60_000, interval: 100 };
const ANN: Caller = {
  principal: { id: "ann", role: "admin", kind: "token", sources: null, tokenId: "ann" },
  address: "::1",
};

const folder = mkdtempSync(path.join(tmpdir(), "haf-console-"));
const engine = createEngineServer();
let server: TestPostgres;
let database: HafTestDatabase;
let app: App;

beforeAll(async () => {
  server = await startPostgres();
  database = await createHafDatabase(server, "watched");
  await loadHafStep(database.url, 19);
  engine.set("haf-1", { service: "haf", status: "running", health: "healthy", startedAt: "2026-11-22T05:43:51Z" });
  await engine.start();
  const url = new URL(database.readerUrl);
  const password = url.password;
  url.password = "";
  const text = `journal: { path: ${JSON.stringify(folder)} }
haf:
  - { id: hive, url: ${JSON.stringify(url.href)}, passwordEnv: HAF_PASSWORD, apps: [app1, app2, app3],
      docker: { socket: ${JSON.stringify(engine.socket)}, project: haf-world } }`;
  const environment = { HAF_PASSWORD: password };
  app = await compose(
    loadConfiguration({ file: "/w.yaml", cwd: "/", environment, readText: () => text }),
    silentLogger,
  );
  await app.start();
});
afterAll(async () => {
  await app.stop();
  await engine.stop();
  engine.clean();
  await server.remove();
  rmSync(folder, { recursive: true, force: true });
});

const stack = () => app.services.haf.stack(ANN, { source: "hive" });
const stateOf = async (): Promise<string | undefined> =>
  (await app.services.estate.overview(ANN)).sources.find(({ stream }) => stream === "haf:hive")?.state;

describe("a console with a HAF stack", () => {
  it("shows it as it is, with its containers", async () => {
    await expect.poll(stateOf, SOON).toBe("up");
    await expect.poll(async () => (await stack()).docker.state, SOON).toBe("up");
    const hafRole = async () => (await stack()).roles.find(({ role }) => role === "haf");
    await expect.poll(hafRole, SOON).toMatchObject({
      state: "alive",
      inferred: false,
      container: { name: "haf-1", host: "host-1" },
    });
    const shown = await stack();
    expect(shown.phases).toEqual(["api_serving"]);
    expect(shown.apps.map(({ name, state }) => [name, state])).toEqual([
      ["app1", "live"],
      ["app2", "live"],
      ["app3", "live"],
    ]);
    expect(engine.requests.map(({ method }) => method)).toEqual(engine.requests.map(() => "GET"));
  });

  it("goes down with its database and comes back with it, while the engine stays", async () => {
    await server.kill();
    await expect.poll(stateOf, SOON).toBe("down");
    expect((await stack()).docker.state).toBe("up");
    await server.start();
    await loadHafStep(database.url, 19);
    await expect.poll(stateOf, SOON).toBe("up");
  });

  it("counts a database that stands still as down, and goes on when it does", async () => {
    server.pause();
    try {
      await expect.poll(stateOf, SOON).toBe("down");
    } finally {
      server.resume();
    }
    await expect.poll(stateOf, SOON).toBe("up");
    await expect.poll(async () => (await stack()).phases, SOON).toEqual(["api_serving"]);
  });

  it("loses only its containers when the engine's socket disappears, and finds them again", async () => {
    await engine.stop();
    await expect.poll(async () => (await stack()).docker.state, SOON).toBe("down");
    expect(await stateOf()).toBe("up");
    await engine.start();
    await expect.poll(async () => (await stack()).docker.state, SOON).toBe("up");
  });
});
