import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { isIPv4, type Socket } from "node:net";
import type { Duplex } from "node:stream";
import { messageOf, OpsError } from "#server/kernel/errors.ts";
import { createAboutBook } from "./about-book.ts";
import { type CallAnswer, createCalls } from "./calls-v1.ts";
import { createDoorFigures, type DoorDeps, type DoorFigures, type DoorState } from "./door.ts";
import { createPoaDoor, type PoaDeps, type PoaDoor } from "./poa-door.ts";
import { createRateLimits } from "./rate-limits.ts";
import { answer, answerRefusal, Refusal } from "./refusal.ts";
import { createSocketDoor } from "./socket-door.ts";

const V1 = "/ingest/v1/";
const SOCKET_PATH = `${V1}ws`;
const MAX_HEADER_BYTES = 16_384;
const HEADERS_TIMEOUT_MS = 10_000;
const REQUEST_TIMEOUT_MS = 30_000;
const KEEP_ALIVE_TIMEOUT_MS = 65_000;
/** For so long who was refused may read why before the connection is cut, whether or not it closes its own side. */
const REFUSED_MS = 1_000;
/** What was sent already is answered, if it does not take longer. */
const DRAIN_MS = 700;
const LOOK_EVERY_MS = 20;

export interface GateDeps extends DoorDeps {
  readonly listen: { readonly host: string; readonly port: number };
  /** Names without port, lower case, besides those of loopback. */
  readonly allowedHosts: ReadonlySet<string>;
  /** One key for all addresses of one household. */
  readonly rateKeyOf: (address: string) => string;
  /** `null` = the doors of the older protocol are closed. */
  readonly poa: PoaDeps | null;
}

/** The listener of the gateway: its own port, these routes, nothing else of the console. */
export interface IngestGate {
  /** @throws OpsError `refused` when the port cannot be had */
  open(): Promise<{ readonly port: number }>;
  readonly figures: DoorFigures;
  /** No new calls, a moment for those under way, then the end; agents on a WebSocket are told to come again. */
  close(): Promise<void>;
}

export function createIngestGate(deps: GateDeps): IngestGate {
  const { limits, log, clock } = deps;
  const state: DoorState = {
    rates: createRateLimits(limits, deps.rateKeyOf),
    about: createAboutBook(),
    figures: createDoorFigures(),
  };
  const calls = createCalls(deps, state);
  const poa = deps.poa === null ? null : createPoaDoor(deps, deps.poa, state);
  const sockets = createSocketDoor(deps, state);
  const active = new Set<ServerResponse>();
  const refused = new Set<Duplex>();

  function refuseSocket(socket: Duplex, status: number): void {
    refused.add(socket);
    socket.once("close", () => refused.delete(socket));
    socket.end(`HTTP/1.1 ${status} ${STATUS_WORDS[status] ?? ""}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
    // Nobody reads it any more: unread, it would never see the end of the other side.
    socket.resume();
    void clock.sleep(REFUSED_MS).then(() => socket.destroy());
  }

  async function handle(request: IncomingMessage): Promise<CallAnswer> {
    const path = admit(request, deps.allowedHosts);
    const wait = await state.rates.byAddress(deps.addressOf(request));
    if (wait !== null) throw new Refusal(429, { error: "too-many-calls" }, { retryAfterMs: wait });
    const call = path.startsWith(V1) ? calls.get(path.slice(V1.length)) : undefined;
    if (call !== undefined && request.method === "POST") return call(request);
    throw new Refusal(404, { error: "not-found" });
  }

  function serve(request: IncomingMessage, response: ServerResponse): void {
    active.add(response);
    response.once("close", () => active.delete(response));
    const target = request.url ?? "";
    const older = poa?.serves(target) === true ? poa : null;
    const door = older === null ? "http" : "poa";
    const work =
      older === null
        ? handle(request).then(({ status, body }) => answer(response, status, body))
        : servePoa(older, request, response);
    work
      .then(() => state.figures.count(door, response.statusCode < 400 ? "taken" : "refused"))
      .catch((cause: unknown) => {
        state.figures.count(door, "refused");
        if (cause instanceof Refusal) return answerRefusal(response, cause);
        log.error("ingest.call_failed", { path: target.slice(0, 100), error: messageOf(cause), cause });
        if (response.headersSent) response.destroy();
        else answer(response, 500, { error: "internal" });
      });
  }

  async function servePoa(door: PoaDoor, request: IncomingMessage, response: ServerResponse): Promise<void> {
    admit(request, deps.allowedHosts);
    const wait = await state.rates.byAddress(deps.addressOf(request));
    if (wait !== null) throw new Refusal(429, { error: "too-many-calls" }, { retryAfterMs: wait });
    const { status, body } = await door.handle(request);
    answer(response, status, body);
  }

  const server = createServer(
    {
      maxHeaderSize: MAX_HEADER_BYTES,
      headersTimeout: HEADERS_TIMEOUT_MS,
      requestTimeout: REQUEST_TIMEOUT_MS,
      keepAliveTimeout: KEEP_ALIVE_TIMEOUT_MS,
      requireHostHeader: true,
      insecureHTTPParser: false,
    },
    serve,
  );
  server.maxConnections = limits.maxConnections;
  server.on("upgrade", (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    socket.on("error", () => socket.destroy());
    admitSocket(request, deps, state)
      .then(() => sockets.accept(request, socket as Socket, head))
      .catch((cause: unknown) => {
        state.figures.count("websocket", "refused");
        if (!(cause instanceof Refusal)) log.error("ingest.upgrade_failed", { error: messageOf(cause), cause });
        refuseSocket(socket, cause instanceof Refusal ? cause.status : 500);
      });
  });
  server.on("connect", (_request: IncomingMessage, socket: Duplex) => refuseSocket(socket, 404));
  server.on("clientError", (error: NodeJS.ErrnoException, socket: Duplex) => {
    if (!socket.writable || error.code === "ECONNRESET") return void socket.destroy();
    refuseSocket(socket, error.code === "HPE_HEADER_OVERFLOW" ? 431 : 400);
  });

  return {
    figures: state.figures,
    open: () =>
      new Promise((resolve, reject) => {
        const { host, port } = deps.listen;
        server.once("error", (cause) => {
          reject(
            new OpsError("refused", `Cannot listen for agents on ${host}:${port}: ${messageOf(cause)}`, { cause }),
          );
        });
        server.listen(port, host, () => {
          const address = server.address();
          resolve({ port: address === null || typeof address === "string" ? port : address.port });
        });
      }),
    async close() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeIdleConnections();
      sockets.close();
      for (let waited = 0; waited < DRAIN_MS && (active.size > 0 || sockets.size() > 0); waited += LOOK_EVERY_MS) {
        await clock.sleep(LOOK_EVERY_MS);
      }
      sockets.terminate();
      for (const socket of refused) socket.destroy();
      server.closeAllConnections();
      await closed;
    },
  };
}

const HOST = /^(\[[0-9a-f:.]+\]|[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?)(?::\d{1,5})?$/;

const isLoopbackName = (name: string): boolean =>
  name === "localhost" || name === "[::1]" || (isIPv4(name) && name.startsWith("127."));

/**
 * The path of a request that may be asked at all: one `Host` of ours, so that no page of another site gets here by a
 * name that it has pointed here, and no `Origin`, since agents are no browsers.
 *
 * @throws Refusal 400, 403 or 421
 */
function admit(request: IncomingMessage, allowedHosts: ReadonlySet<string>): string {
  const [host = "", ...others] = request.headersDistinct.host ?? [];
  const name = HOST.exec(host.toLowerCase())?.[1];
  if (name === undefined || others.length > 0) throw new Refusal(400, { error: "host" });
  if (!isLoopbackName(name) && !allowedHosts.has(name)) throw new Refusal(421, { error: "host-not-allowed" });
  if (request.headers.origin !== undefined) throw new Refusal(403, { error: "browsers-not-allowed" });
  const target = request.url ?? "";
  if (!target.startsWith("/")) throw new Refusal(400, { error: "target" });
  return target.split("?", 1)[0] ?? target;
}

async function admitSocket(request: IncomingMessage, deps: GateDeps, { rates }: DoorState): Promise<void> {
  if (admit(request, deps.allowedHosts) !== SOCKET_PATH || request.method !== "GET") throw new Refusal(404, null);
  if ((request.headers.upgrade ?? "").toLowerCase() !== "websocket") throw new Refusal(404, null);
  if ((await rates.byAddress(deps.addressOf(request))) !== null) throw new Refusal(429, null);
}

const STATUS_WORDS: Readonly<Record<number, string>> = {
  400: "Bad Request",
  403: "Forbidden",
  404: "Not Found",
  421: "Misdirected Request",
  429: "Too Many Requests",
  431: "Request Header Fields Too Large",
  500: "Internal Server Error",
};
