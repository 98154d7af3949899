import type { IncomingMessage, ServerResponse } from "node:http";
import { incomingMessageToRequest } from "@trpc/server/adapters/node-http";
import { resolveResponse } from "@trpc/server/http";
import type { Authenticator, Visitor } from "#server/auth/authenticator.ts";
import type { Principal } from "#server/auth/permissions.ts";
import { OpsError } from "#server/kernel/errors.ts";
import type { Logger } from "#server/kernel/logger.ts";
import type { Context } from "#server/trpc/init.ts";
import { appRouter } from "#server/trpc/root.ts";
import { answerJson } from "./answer.ts";
import type { App } from "./app.ts";
import { toDenial } from "./denial.ts";
import { RPC_PATH } from "./surfaces.ts";
import { type Visit, visitorOf } from "./visit.ts";

/** Far above what any input of ours needs, far below what hurts. */
export const MAX_BODY_BYTES = 1_048_576;
/** A screen asks for about ten things at once. */
export const MAX_BATCH = 25;

export interface RpcDeps {
  readonly app: Pick<App, "services" | "operations" | "calls">;
  readonly authenticator: Authenticator;
}

/** Answers one request under `/api/trpc`. Rejects when that fails unexpectedly. */
export type RpcHandler = (
  request: IncomingMessage,
  response: ServerResponse,
  visit: Visit,
  log: Logger,
) => Promise<void>;

/**
 * tRPC over HTTP; who calls is looked up once a request, also for a batch. Unlike tRPC's own adapter it sends an answer
 * in one piece: head, body and length in one packet instead of a stream of chunks.
 */
export function createRpcHandler(deps: RpcDeps): RpcHandler {
  return async (request, response, visit, log) => {
    const unreadable = judgeBody(request);
    if (unreadable !== null) return refuseBody(response, unreadable);
    const answer = await resolveResponse({
      router: appRouter,
      req: incomingMessageToRequest(request, response, { maxBodySize: MAX_BODY_BYTES }),
      path: visit.pathname.slice(RPC_PATH.length),
      error: null,
      maxBatchSize: MAX_BATCH,
      allowMethodOverride: false,
      createContext: async (): Promise<Context> =>
        toContext(deps, await visitorOf(request, deps.authenticator), response, visit, log),
    });
    const body = Buffer.from(await answer.arrayBuffer());
    response.statusCode = answer.status;
    for (const [name, value] of answer.headers) response.setHeader(name, value);
    response.end(body);
  };
}

interface BodyFault {
  readonly status: 413 | 415;
  readonly message: string;
}

/** Said before a byte of the body is read. JSON alone: no form of another site can send that unasked. */
function judgeBody(request: IncomingMessage): BodyFault | null {
  if (request.method !== "POST") return null;
  if (Number(request.headers["content-length"] ?? 0) > MAX_BODY_BYTES) {
    return { status: 413, message: "The body is larger than 1 MB" };
  }
  const type = (request.headers["content-type"] ?? "").split(";", 1)[0]?.trim().toLowerCase();
  return type === "application/json" ? null : { status: 415, message: "The body must be application/json" };
}

function refuseBody(response: ServerResponse, { status, message }: BodyFault): void {
  response.setHeader("connection", "close");
  answerJson(response, status, { error: { message } });
}

function toContext(deps: RpcDeps, visitor: Visitor, response: ServerResponse, visit: Visit, log: Logger): Context {
  const { app, authenticator } = deps;
  const { principal } = visitor;
  const setCookie = (header: string) => {
    if (response.headersSent)
      throw new OpsError("refused", "The answer has gone: no session begins without its cookie");
    response.appendHeader("set-cookie", header);
  };
  return {
    principal,
    address: visit.address,
    services: app.services,
    log: principal === null ? log : log.child({ user: principal.id }),
    ...(app.calls === undefined ? {} : { calls: app.calls }),
    async denied({ path, permission, input }) {
      if (principal === null) return;
      const denial = toDenial({ path, permission, input, principal, address: visit.address });
      await app.operations.deny(denial.facts, denial.actor);
    },
    cookie: {
      async login(token): Promise<Principal> {
        const login = await authenticator.login(token, visit.address);
        setCookie(login.setCookie);
        return login.principal;
      },
      async logout() {
        const logout = await authenticator.logout(visitor, visit.address);
        setCookie(logout.setCookie);
      },
    },
  };
}
