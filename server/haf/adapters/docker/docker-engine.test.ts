import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { HafContainerEvent, HafEngine } from "#server/haf/ports.ts";
import { createDockerEngine } from "./docker-engine.ts";
import { createEngineServer } from "./engine-server.test-kit.ts";

// The server is simulated: no Docker engine runs where these tests do.
let server: ReturnType<typeof createEngineServer>;
let engine: HafEngine;
const ANSWER_TIMEOUT_MS = 150;

beforeEach(async () => {
  server = createEngineServer();
  await server.start();
  engine = createDockerEngine({
    ...{ way: { kind: "socket", path: server.socket }, project: "haf-world", answerTimeoutMs: ANSWER_TIMEOUT_MS },
  });
});
afterEach(async () => {
  await engine.close();
  await server.stop();
  server.clean();
});

const STARTED = "2026-11-22T05:00:00.123456789Z";

describe("the containers of a project", () => {
  it("are told with service, state, exit code, times, host and what they waited for", async () => {
    server.set("haf-world-haf-1", { service: "haf", status: "running", health: "healthy", startedAt: STARTED });
    server.set("haf-world-hivemind-install-1", {
      ...{ service: "hivemind-install", status: "exited", exitCode: 0, startedAt: STARTED },
      ...{ finishedAt: "2026-11-22T05:01:00Z", dependsOn: "haf:service_healthy:false,hafah-install:x:false" },
    });
    const [haf, install] = await engine.containers();
    expect(haf).toMatchObject({
      ...{ name: "haf-world-haf-1", service: "haf", state: "alive", exitCode: null, host: "host-1" },
      ...{ startedAt: Date.parse("2026-11-22T05:00:00.123Z"), finishedAt: null, version: "1.28.4", dependsOn: [] },
    });
    expect(install).toMatchObject({ state: "done", exitCode: 0, dependsOn: ["haf", "hafah-install"] });
  });

  it("have the state that their status, health and exit code say", async () => {
    const cases = [
      ["created", undefined, 0, "planned"],
      ["running", "starting", 0, "starting"],
      ["running", undefined, 0, "alive"],
      ["running", "unhealthy", 0, "sick"],
      ["restarting", undefined, 1, "sick"],
      ["paused", undefined, 0, "sick"],
      ["exited", undefined, 137, "failed"],
      ["dead", undefined, 1, "failed"],
      ["a word of tomorrow", undefined, 0, "sick"],
    ] as const;
    for (const [status, health, exitCode, state] of cases) {
      server.set("one", { service: "haf", status, exitCode, ...(health === undefined ? {} : { health }) });
      expect([status, (await engine.containers())[0]?.state]).toEqual([status, state]);
    }
  });

  it("are those of the project only, without one-off runs, and without one that goes while it is asked for", async () => {
    server.set("mine", { service: "haf", status: "running" });
    server.set("other", { service: "haf", status: "running", project: "elsewhere" });
    server.set("run", { service: "haf", status: "running", oneoff: true });
    server.set("gone", { service: "hafah-install", status: "exited" });
    const gone = `/containers/${Buffer.from("gone").toString("hex").padEnd(64, "0")}/json`;
    server.answer((path) => (path === gone ? (_, response) => response.writeHead(404).end("{}") : null));
    expect((await engine.containers()).map(({ name }) => name)).toEqual(["mine"]);
  });

  it("are only ever asked for: every request is a GET", async () => {
    server.set("mine", { service: "haf", status: "running" });
    await engine.containers();
    expect(new Set(server.requests.map(({ method }) => method))).toEqual(new Set(["GET"]));
    expect(server.requests.map(({ url }) => url.pathname).toSorted()[0]).toMatch(/^\/containers\//);
  });
});

describe("an engine that fails", () => {
  const failing = async (code: string, of: HafEngine = engine) =>
    expect(of.containers()).rejects.toMatchObject({ name: "OpsError", code });

  it("that is not there is unavailable, and answers again once it is back", async () => {
    server.set("mine", { service: "haf", status: "running" });
    await server.stop();
    await failing("upstream-unavailable");
    await server.start();
    expect(await engine.containers()).toHaveLength(1);
  });

  it("that never answers is given up in time, whether it is silent from the start or in the middle", async () => {
    server.answer(() => () => undefined);
    await failing("upstream-unavailable");
    server.answer(() => (_, response) => void response.writeHead(200).write("["));
    await failing("upstream-unavailable");
  });

  it("that cuts its answer off, at any byte, is unavailable or malformed and never an empty list", async () => {
    const whole = JSON.stringify([{ Id: "ab".repeat(32), Names: ["/a"], Image: "i", Labels: {} }]);
    for (let length = 0; length < whole.length; length += 7) {
      server.answer(() => (_, response) => {
        response.writeHead(200, { "content-length": whole.length });
        response.write(whole.slice(0, length), () => response.destroy());
      });
      await failing("upstream-unavailable");
    }
  });

  it("that answers nonsense, too much, or an error says which", async () => {
    server.answer(() => (_, response) => response.end("<html>"));
    await failing("upstream-malformed");
    server.answer(() => (_, response) => response.end('[{"Id":"../../info","Image":"x"}]'));
    await failing("upstream-malformed");
    const patient = createDockerEngine({ way: { kind: "socket", path: server.socket }, project: "haf-world" });
    server.answer(() => (_, response) => response.end("x".repeat(9 * 1024 * 1024)));
    await failing("upstream-malformed", patient);
    await patient.close();
    server.answer(() => (_, response) => response.writeHead(500).end("{}"));
    await failing("upstream-unavailable");
    server.answer(() => (_, response) => response.writeHead(403).end("{}"));
    await failing("not-permitted");
    const many = Array.from({ length: 501 }, () => ({ Id: "ab".repeat(32), Names: ["/a"], Image: "i", Labels: {} }));
    server.answer(() => (_, response) => response.end(JSON.stringify(many)));
    await failing("limit-exceeded");
  });
});

describe("what happens to containers", () => {
  const NANO = 1_795_300_000_000_000_000;
  const SECOND = 1_000_000_000;

  /** Takes events until so many came. */
  async function take(count: number, act: () => void): Promise<readonly HafContainerEvent[]> {
    const found: HafContainerEvent[] = [];
    const abort = new AbortController();
    const done = (async () => {
      for await (const event of engine.events(abort.signal)) {
        found.push(event);
        if (found.length === count) return;
      }
    })();
    await expect.poll(() => server.streams(), { timeout: 5_000 }).toBeGreaterThan(0);
    act();
    await done;
    abort.abort();
    await expect.poll(() => server.streams(), { timeout: 5_000 }).toBe(0);
    return found;
  }

  it("is told as it happens, with the exit code of what died", async () => {
    const found = await take(2, () => {
      server.tell("die", "hivemind-install", NANO, { exitCode: "3" });
      server.tell("health_status: healthy", "haf", NANO + SECOND);
    });
    expect(found).toMatchObject([
      { action: "die", service: "hivemind-install", exitCode: 3, at: 1_795_300_000_000 },
      { action: "health_status: healthy", service: "haf", exitCode: null },
    ]);
  });

  it("says nothing of what changes nothing, such as the runs of health checks", async () => {
    const check = ["exec_create: /bin/sh -c up", "exec_start: /bin/sh -c up", "exec_die", "top"];
    const found = await take(2, () => {
      for (const [index, action] of [...check, "health_status: healthy", ...check, "stop"].entries())
        server.tell(action, "haf", NANO + index * SECOND);
    });
    expect(found.map(({ action }) => action)).toEqual(["health_status: healthy", "stop"]);
  });

  it("goes on where it stopped: what happened in between is told, and nothing twice", async () => {
    await take(1, () => server.tell("start", "haf", NANO));
    server.tell("die", "haf", NANO + SECOND, { exitCode: "1" });
    const found = await take(2, () => server.tell("start", "haf", NANO + 2 * SECOND));
    expect(found.map(({ action }) => action)).toEqual(["die", "start"]);
  });

  it("passes by lines that are no events, and ends with an error when the engine goes", async () => {
    const found: string[] = [];
    const done = (async () => {
      for await (const { action } of engine.events(new AbortController().signal)) found.push(action);
    })();
    done.catch(() => undefined);
    await expect.poll(() => server.streams(), { timeout: 5_000 }).toBe(1);
    server.answer((path) =>
      path === "/events" ? (_, response) => response.end('nonsense\n{"Action":5}\n\n{"Type":"image"}\n') : null,
    );
    server.tell("start", "haf", NANO);
    await expect.poll(() => found.length, { timeout: 5_000 }).toBe(1);
    server.cutStreams();
    await expect(done).rejects.toMatchObject({ code: "upstream-unavailable" });
    const nonsense = (async () => {
      for await (const { action } of engine.events(new AbortController().signal)) found.push(action);
    })();
    await expect(nonsense).rejects.toMatchObject({ code: "upstream-unavailable" });
    expect(found).toEqual(["start"]);
  });
});
