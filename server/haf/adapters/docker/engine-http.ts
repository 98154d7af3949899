import { type ClientRequest, request as httpRequest, type IncomingMessage } from "node:http";
import { request as httpsRequest } from "node:https";
import type { ConnectionOptions } from "node:tls";
import { messageOf, OpsError, type OpsErrorCode } from "#server/kernel/errors.ts";
import { tlsFault } from "#server/kernel/tls.ts";

export type EngineWay =
  | { readonly kind: "socket"; readonly path: string }
  /** With an `https` address, `tls` is how, in full, as Node's TLS takes it. */
  | { readonly kind: "tcp"; readonly url: string; readonly tls?: ConnectionOptions };

/** Longest wait for an answer, its body included. */
const ANSWER_TIMEOUT_MS = 4_000;
/** A list of 500 containers with all their labels has about half of it. */
const BODY_MAX_BYTES = 8 * 1024 * 1024;
const LINE_MAX_BYTES = 256 * 1024;
const PLAIN_PORT = 2_375;
const TLS_PORT = 2_376;

/** The Engine API, of which only GET is spoken: nothing here can start or stop anything. */
export interface EngineHttp {
  /** @throws OpsError; `not-found` for a 404 */
  json(path: string, signal?: AbortSignal): Promise<unknown>;
  /** Lines of a stream that goes on, until it ends, fails or is aborted. @throws OpsError */
  lines(path: string, signal: AbortSignal): AsyncIterable<string>;
}

/** @param answerTimeoutMs shorter in tests only */
export function createEngineHttp(way: EngineWay, answerTimeoutMs = ANSWER_TIMEOUT_MS): EngineHttp {
  const target = targetOf(way);

  function open(path: string, signal: AbortSignal): Promise<IncomingMessage> {
    return new Promise((resolve, reject) => {
      const call: ClientRequest = target.request({ ...target.options, path, method: "GET", agent: false, signal });
      const timer = setTimeout(() => call.destroy(late(path)), answerTimeoutMs);
      call.once("response", (response) => {
        clearTimeout(timer);
        resolve(response);
      });
      call.once("error", (cause) => {
        clearTimeout(timer);
        reject(toOpsError(cause, path));
      });
      call.end();
    });
  }

  async function opened(path: string, signal: AbortSignal): Promise<IncomingMessage> {
    const response = await open(path, signal);
    const { statusCode = 0 } = response;
    if (statusCode === 200) return response;
    const said = await bodyOf(response, path).catch(messageOf);
    throw new OpsError(codeOf(statusCode), `The Docker engine answered ${statusCode} to ${plain(path)}`, {
      details: { said: String(said).slice(0, 500) },
    });
  }

  return {
    async json(path, signal) {
      const limit = AbortSignal.timeout(answerTimeoutMs);
      const both = signal === undefined ? limit : AbortSignal.any([signal, limit]);
      const text = await bodyOf(await opened(path, both), path);
      try {
        return JSON.parse(text);
      } catch (cause) {
        throw new OpsError("upstream-malformed", `The Docker engine's answer to ${plain(path)} is no JSON`, { cause });
      }
    },
    async *lines(path, signal) {
      const response = await opened(path, signal);
      try {
        yield* linesOf(response);
      } catch (cause) {
        throw toOpsError(cause, path);
      } finally {
        response.destroy();
      }
      throw new OpsError("upstream-unavailable", "The Docker engine ended its stream of events");
    },
  };
}

function targetOf(way: EngineWay) {
  if (way.kind === "socket") {
    return { request: httpRequest, options: { socketPath: way.path, headers: { host: "docker" } } };
  }
  const { protocol, hostname, port } = new URL(way.url.replace(/^tcp:/, "http:"));
  const host = hostname.replace(/^\[|\]$/g, "");
  if (protocol !== "https:") {
    return { request: httpRequest, options: { host, port: port === "" ? PLAIN_PORT : Number(port) } };
  }
  const options = { ...way.tls, host, port: port === "" ? TLS_PORT : Number(port) };
  return { request: httpsRequest, options };
}

async function bodyOf(response: IncomingMessage, path: string): Promise<string> {
  const parts: Buffer[] = [];
  let bytes = 0;
  try {
    for await (const part of response) {
      bytes += part.length;
      if (bytes > BODY_MAX_BYTES) throw tooLong(path);
      parts.push(part);
    }
  } catch (cause) {
    throw toOpsError(cause, path);
  } finally {
    response.destroy();
  }
  return Buffer.concat(parts).toString("utf8");
}

async function* linesOf(response: IncomingMessage): AsyncIterable<string> {
  const decoder = new TextDecoder();
  let rest = "";
  for await (const part of response) {
    rest += decoder.decode(part, { stream: true });
    const lines = rest.split("\n");
    rest = lines.pop() ?? "";
    if (rest.length > LINE_MAX_BYTES)
      throw new OpsError("upstream-malformed", "The Docker engine sent a line without end");
    for (const line of lines) if (line.trim() !== "") yield line;
  }
}

const plain = (path: string): string => path.split("?", 1)[0] ?? path;
const late = (path: string) =>
  new OpsError("upstream-unavailable", `The Docker engine did not answer ${plain(path)} in time`);
const tooLong = (path: string) =>
  new OpsError(
    "upstream-malformed",
    `The Docker engine's answer to ${plain(path)} is longer than ${BODY_MAX_BYTES} bytes`,
  );

function codeOf(status: number): OpsErrorCode {
  if (status === 404) return "not-found";
  if (status === 401 || status === 403) return "not-permitted";
  return status >= 500 ? "upstream-unavailable" : "upstream-malformed";
}

function toOpsError(cause: unknown, path: string): OpsError {
  if (cause instanceof OpsError) return cause;
  const code = typeof cause === "object" && cause !== null && "code" in cause ? cause.code : null;
  if (code === "EACCES" || code === "EPERM")
    return new OpsError("not-permitted", "The Docker socket may not be opened by this process", { cause });
  if (cause instanceof Error && (cause.name === "TimeoutError" || cause.name === "AbortError")) return late(path);
  const why = tlsFault(cause) ?? messageOf(cause);
  return new OpsError("upstream-unavailable", `The Docker engine is not reached: ${why}`, { cause });
}
