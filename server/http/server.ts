import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { Authenticator } from "#server/auth/authenticator.ts";
import { isWildcard } from "#server/config/addresses.ts";
import type { ListenConfiguration } from "#server/config/model.ts";
import type { Clock } from "#server/kernel/clock.ts";
import type { Logger } from "#server/kernel/logger.ts";
import { createProxyList } from "./address.ts";
import { answerText } from "./answer.ts";
import type { App } from "./app.ts";
import { lead } from "./doors.ts";
import { createMetrics, type Metrics } from "./metrics.ts";
import type { Pages } from "./pages.ts";
import { judgeRequest, type RequestPolicy } from "./request-rules.ts";
import { createRpcHandler } from "./rpc.ts";
import { policyOf, securityHeaders } from "./security-headers.ts";
import { refuseOtherProtocols } from "./upgrades.ts";
import { toVisit, type Visit } from "./visit.ts";

/** A cookie of ours takes 500 bytes; nothing that is meant for us needs more. */
const MAX_HEADER_BYTES = 16_384;
const HEADERS_TIMEOUT_MS = 10_000;
const REQUEST_TIMEOUT_MS = 30_000;
const KEEP_ALIVE_TIMEOUT_MS = 65_000;
/** Each browser takes a handful, each stream one. */
const MAX_CONNECTIONS = 4_096;

export interface HttpDeps {
  readonly app: Pick<App, "services" | "operations" | "live" | "health" | "calls">;
  readonly authenticator: Authenticator;
  readonly listen: ListenConfiguration;
  readonly clock: Clock;
  readonly log: Logger;
  readonly dev: boolean;
  /** Settles once Next is ready: who asks for a page earlier waits for it. */
  readonly pages: Promise<Pages>;
}

export interface HttpDoor {
  readonly server: Server;
  /** Requests being answered now, live streams not counted. */
  readonly activeRequests: () => number;
  close(): void;
}

/**
 * The one server of the process. Every request, of whatever method, gets its headers, then is judged, then goes to
 * one handler. Authorisation is not decided here but at each procedure: this is about who may ask at all.
 */
export function createHttpServer(deps: HttpDeps): HttpDoor {
  const metrics = createMetrics(deps.app.health);
  const active = new Set<ServerResponse>();
  const answer = createAnswerer(deps, metrics, active);
  const server = createServer(
    {
      maxHeaderSize: MAX_HEADER_BYTES,
      headersTimeout: HEADERS_TIMEOUT_MS,
      requestTimeout: REQUEST_TIMEOUT_MS,
      keepAliveTimeout: KEEP_ALIVE_TIMEOUT_MS,
      requireHostHeader: true,
      insecureHTTPParser: false,
    },
    answer,
  );
  server.maxConnections = MAX_CONNECTIONS;
  refuseOtherProtocols(server, deps);
  return { server, activeRequests: () => active.size, close: () => metrics.close() };
}

function createAnswerer(deps: HttpDeps, metrics: Metrics, active: Set<ServerResponse>) {
  const { listen, log } = deps;
  const policy = toPolicy(listen);
  const https = listen.publicOrigin?.startsWith("https:") ?? false;
  const trusted = createProxyList(listen.trustedProxies);
  const doors = { rpc: createRpcHandler(deps), metrics };

  return (request: IncomingMessage, response: ServerResponse): void => {
    const visit = toVisit(request, trusted);
    const requestLog = log.child({ request: visit.id });
    followRequest(deps, metrics, request, response, visit);
    if (visit.surface !== "live") {
      active.add(response);
      response.once("close", () => active.delete(response));
    }
    response.setHeader("x-request-id", visit.id);
    for (const [name, value] of Object.entries(securityHeaders({ ...visit, https, dev: deps.dev }))) {
      response.setHeader(name, value);
    }
    const verdict = judgeRequest(visit.facts, policy);
    if (!verdict.allowed) {
      requestLog.warn("http.refused", { reason: verdict.reason, host: visit.facts.hosts, origin: visit.facts.origin });
      response.setHeader("connection", "close");
      response.setHeader("cache-control", "no-store");
      answerText(response, verdict.status, verdict.reason);
      return;
    }
    const documentPolicy = policyOf({ ...visit, https, dev: deps.dev });
    lead(deps, doors, { request, response, visit, documentPolicy, log: requestLog }).catch((cause: unknown) => {
      requestLog.error("http.failed", { path: visit.pathname, error: cause });
      if (response.headersSent) response.destroy();
      else answerText(response, 500, `Worldline failed here; its log says why (request ${visit.id})`);
    });
  };
}

function toPolicy(listen: ListenConfiguration): RequestPolicy {
  const publicHost = listen.publicOrigin === null ? [] : [new URL(listen.publicOrigin).hostname];
  const own = listen.host.includes(":") ? `[${listen.host.replace(/[[\]]/g, "")}]` : listen.host;
  const names = [...listen.allowedHosts, ...publicHost, ...(isWildcard(listen.host) ? [] : [own])];
  return { allowedHosts: new Set(names.map((name) => name.toLowerCase())), publicOrigin: listen.publicOrigin };
}

/** One line when the answer is complete or its reader has gone, with how long it took. */
function followRequest(
  { log, clock }: HttpDeps,
  metrics: Metrics,
  request: IncomingMessage,
  response: ServerResponse,
  visit: Visit,
): void {
  const startedAt = clock.monotonic();
  response.once("close", () => {
    const durationMs = clock.monotonic() - startedAt;
    const aborted = !response.writableFinished;
    metrics.observe(visit.surface, response.statusCode, durationMs / 1_000);
    const quiet = visit.surface === "static" || visit.surface === "health" || visit.surface === "operations";
    log[quiet && response.statusCode < 400 ? "debug" : "info"]("http.answered", {
      request: visit.id,
      method: request.method,
      path: visit.pathname.slice(0, 300),
      status: response.statusCode,
      durationMs: Math.round(durationMs * 10) / 10,
      address: visit.address,
      ...(aborted ? { aborted } : {}),
    });
  });
}
