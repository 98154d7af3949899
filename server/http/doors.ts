import type { IncomingMessage, ServerResponse } from "node:http";
import type { Logger } from "#server/kernel/logger.ts";
import { answerText } from "./answer.ts";
import { answerExport } from "./export.ts";
import type { Metrics } from "./metrics.ts";
import { answerPlansExport } from "./plans-export.ts";
import { answerHealth, answerPing, answerReadiness } from "./probes.ts";
import type { RpcHandler } from "./rpc.ts";
import type { HttpDeps } from "./server.ts";
import { type Visit, visitorOf } from "./visit.ts";

/** Handlers that are made once. */
export interface Doors {
  readonly rpc: RpcHandler;
  readonly metrics: Metrics;
}

/** A request that may be asked, on its way to its handler. */
export interface Entry {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly visit: Visit;
  /** Content-Security-Policy of a document here. */
  readonly documentPolicy: string;
  readonly log: Logger;
}

/** Leads one request to its one handler. Rejects when that fails unexpectedly. */
export async function lead(deps: HttpDeps, doors: Doors, entry: Entry): Promise<void> {
  const { request, response, visit, log } = entry;
  switch (visit.surface) {
    case "health":
      return answerHealth(response);
    case "operations":
      return answerOperations(deps, doors, entry);
    case "rpc":
      return doors.rpc(request, response, visit, log);
    case "live":
      return serveLive(deps, request, response);
    case "export":
      return serveExport(deps, entry);
    case "plans-export":
      return servePlansExport(deps, entry);
    case "nothing":
      // In development Next serves more below /_next than built files.
      if (deps.dev && visit.pathname.startsWith("/_next/")) break;
      return answerText(response, 404, "nothing is here");
    case "static":
    case "diagram":
    case "page":
      break;
  }
  return servePage(deps, entry);
}

async function answerOperations(
  { app, authenticator, clock }: HttpDeps,
  { metrics }: Doors,
  { request, response, visit }: Entry,
): Promise<void> {
  const visitor = await visitorOf(request, authenticator);
  if (!visit.local && visitor.principal === null) return refuseStranger(response);
  if (visit.pathname === "/readyz") return answerReadiness(response, app.health);
  if (visit.pathname === "/metrics") return metrics.answer(response);
  return answerPing(response, visit.pathname, app.health, clock);
}

async function serveLive(
  { app, authenticator }: HttpDeps,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const { principal, sessionId, expiresAt } = await visitorOf(request, authenticator);
  if (principal === null) return refuseStranger(response);
  app.live.serve(request, response, { principal, sessionId, tokenId: principal.tokenId, expiresAt });
}

async function serveExport({ app, authenticator }: HttpDeps, { request, response, visit, log }: Entry): Promise<void> {
  const { principal } = await visitorOf(request, authenticator);
  if (principal === null) return refuseStranger(response);
  const caller = { principal, address: visit.address };
  return answerExport(response, { caller, target: visit.facts.target, journal: app.services.journal, log });
}

async function servePlansExport(
  { app, authenticator }: HttpDeps,
  { request, response, visit, log }: Entry,
): Promise<void> {
  const { principal } = await visitorOf(request, authenticator);
  if (principal === null) return refuseStranger(response);
  const caller = { principal, address: visit.address };
  return answerPlansExport(response, { caller, target: visit.facts.target, plans: app.services.dynflowList, log });
}

function refuseStranger(response: ServerResponse): void {
  response.setHeader("www-authenticate", "Bearer");
  answerText(response, 401, "log in first");
}

/** Headers of a request by which older or other set-ups of Next could be steered past their own checks. */
const NOT_FOR_NEXT = /^(x-middleware-|x-invoke-|x-matched-path$|x-nextjs-|x-now-|next-action$|x-forwarded-host$)/;

async function servePage({ pages }: HttpDeps, { request, response, documentPolicy }: Entry): Promise<void> {
  const next = await pages;
  for (const name of Object.keys(request.headers)) {
    if (NOT_FOR_NEXT.test(name)) delete request.headers[name];
  }
  // Next takes the nonce for its own scripts from the policy on the request.
  request.headers["content-security-policy"] = documentPolicy;
  await next.handle(request, response);
}
