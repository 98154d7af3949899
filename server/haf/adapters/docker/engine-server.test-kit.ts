/**
 * A small Engine API server of our own on a unix socket: simulated, in the words of Docker's API. No engine runs here.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { createServer as createTlsServer } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pemOf, type TestPair } from "#scripts/testing/certificates.ts";

export interface FakeContainer {
  readonly service: string;
  readonly project?: string;
  readonly status: string;
  readonly exitCode?: number;
  readonly health?: string;
  readonly startedAt?: string;
  readonly finishedAt?: string;
  readonly dependsOn?: string;
  readonly oneoff?: boolean;
}

type Answer = (request: IncomingMessage, response: ServerResponse) => unknown;

/** @param pair with which it also speaks TLS, on a port of 127.0.0.1 */
export function createEngineServer(pair: TestPair | null = null) {
  const folder = mkdtempSync(join(tmpdir(), "engine-"));
  const socket = join(folder, "docker.sock");
  const containers = new Map<string, FakeContainer>();
  const requests: { readonly method: string; readonly url: URL }[] = [];
  const streams = new Set<ServerResponse>();
  let events: string[] = [];
  let override: ((path: string) => Answer | null) | null = null;
  let server = createServer(handle);
  const overTls =
    pair === null ? null : createTlsServer({ cert: pemOf(pair.certificateFile), key: pemOf(pair.keyFile) }, handle);

  const idOf = (name: string): string => Buffer.from(name).toString("hex").padEnd(64, "0").slice(0, 64);
  const labelsOf = (one: FakeContainer) => ({
    "com.docker.compose.project": one.project ?? "haf-world",
    "com.docker.compose.service": one.service,
    "com.docker.compose.container-number": "1",
    "com.docker.compose.oneoff": one.oneoff === true ? "True" : "False",
    "com.docker.compose.depends_on": one.dependsOn ?? "",
    "org.opencontainers.image.version": "1.28.4",
  });

  function handle(request: IncomingMessage, response: ServerResponse): unknown {
    const url = new URL(request.url ?? "/", "http://docker");
    requests.push({ method: request.method ?? "", url });
    const other = override?.(url.pathname) ?? null;
    if (other !== null) return other(request, response);
    const json = (value: unknown, status = 200): unknown =>
      response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(value));
    if (url.pathname === "/info") return json({ Name: "host-1" });
    if (url.pathname === "/containers/json") return json(list(url));
    if (url.pathname === "/events") return stream(url, response);
    const one = [...containers].find(([name]) => url.pathname === `/containers/${idOf(name)}/json`);
    return one === undefined ? json({ message: "No such container" }, 404) : json(inspect(one[1]));
  }

  function list(url: URL) {
    const filters = JSON.parse(url.searchParams.get("filters") ?? "{}");
    return [...containers]
      .filter(([, one]) => filters.label?.includes(`com.docker.compose.project=${one.project ?? "haf-world"}`))
      .map(([name, one]) => ({ Id: idOf(name), Names: [`/${name}`], Image: "haf:1", Labels: labelsOf(one) }));
  }

  const inspect = (one: FakeContainer) => ({
    State: {
      Status: one.status,
      ExitCode: one.exitCode ?? 0,
      StartedAt: one.startedAt ?? "0001-01-01T00:00:00Z",
      FinishedAt: one.finishedAt ?? "0001-01-01T00:00:00Z",
      ...(one.health === undefined ? {} : { Health: { Status: one.health } }),
    },
  });

  /** As the engine does: what happened since then, then what happens. */
  function stream(url: URL, response: ServerResponse): void {
    response.writeHead(200, { "content-type": "application/json" });
    const since = Number(url.searchParams.get("since") ?? "NaN");
    for (const line of events) {
      if (Number.isFinite(since) && JSON.parse(line).timeNano / 1e9 >= since) response.write(`${line}\n`);
    }
    response.flushHeaders();
    streams.add(response);
    response.on("close", () => streams.delete(response));
  }

  return {
    socket,
    containers,
    requests,
    set(name: string, one: FakeContainer) {
      containers.set(name, one);
    },
    /** Instead of the usual answer; `null` = the usual one. */
    answer(next: typeof override) {
      override = next;
    },
    /** @param atNano seconds since the epoch times 1e9 */
    tell(action: string, service: string, atNano: number, attributes: Readonly<Record<string, string>> = {}) {
      const Attributes = { "com.docker.compose.service": service, ...attributes };
      const event = {
        Action: action,
        time: Math.floor(atNano / 1e9),
        timeNano: atNano,
        Actor: { ID: "ab12", Attributes },
      };
      const line = JSON.stringify(event);
      events = [...events, line];
      for (const response of streams) response.write(`${line}\n`);
    },
    streams: () => streams.size,
    cutStreams() {
      for (const response of streams) response.destroy();
    },
    /** Where it speaks TLS, while it is started. */
    port(): number {
      const address = overTls?.address() ?? null;
      return typeof address === "object" && address !== null ? address.port : 0;
    },
    startTls: () => new Promise<void>((resolve) => overTls?.listen(0, "127.0.0.1", resolve)),
    stopTls: () =>
      new Promise<void>((resolve) => {
        overTls?.close(() => resolve());
        overTls?.closeAllConnections();
      }),
    start: () =>
      new Promise<void>((resolve) => {
        server = createServer(handle);
        server.listen(socket, resolve);
      }),
    /** The socket is gone, and with it every connection. */
    stop: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
    clean: () => rmSync(folder, { recursive: true, force: true }),
  };
}
