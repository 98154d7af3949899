/**
 * tRPC's calls over HTTP: queries by GET, mutations by POST, plain JSON, one request a call: a source that hangs must
 * not hold up the answers of others. Only what the server answers out of one read goes together. The types are those of
 * `@trpc/client`; its own code is 5 kB of links, batches and sockets that this console does not use.
 *
 * Source of the protocol: trpc.io/docs/rpc (`{"result":{"data":…}}`, `{"error":{"message":…,"data":…}}`).
 */
import type { TRPCClient } from "@trpc/client";
import type { AppRouter } from "#server/trpc/app-router.ts";
import { createGather } from "./rpc-gather.ts";

export type RpcClient = TRPCClient<AppRouter>;
type Kind = "query" | "mutate";
type Ask = (path: string, kind: Kind, input: unknown, signal: AbortSignal | undefined) => Promise<unknown>;
type Fetch = (address: string, init: RequestInit) => Promise<Response>;

/** The slowest answer there is takes a few reads of 2 s each; after this nobody waits any more. */
const CALL_TIMEOUT_MS = 30_000;
/** The parts of one plan. */
const OF_ONE_READ = /^dynflow\.plans\.(get|steps|history)$/;

/** The server's answer that it did not do it, and why. Anything else that fails is no answer at all. */
export class RefusedCall extends Error {
  /** tRPC's code, e.g. `CONFLICT`. */
  readonly code: string;
  readonly reasons: readonly string[];

  constructor(message: string, code: string, reasons: readonly string[]) {
    super(message);
    this.name = "RefusedCall";
    this.code = code;
    this.reasons = reasons;
  }
}

/** @param address of the procedures, without a slash at the end */
export function createRpcClient(address: string, fetchWith: Fetch = (url, init) => fetch(url, init)): RpcClient {
  const together = createGather(async (paths, input) => {
    const inputs = `{${paths.map((_, at) => `"${at}":${input}`).join()}}`;
    const search = `batch=1&input=${encodeURIComponent(inputs)}`;
    const response = await fetchWith(`${address}/${paths.join()}?${search}`, {
      signal: AbortSignal.timeout(CALL_TIMEOUT_MS),
    });
    const body: unknown = await response.json().catch(() => null);
    return paths.map((_, at) => () => unwrap(Array.isArray(body) ? body[at] : body, response.status));
  });
  const ask: Ask = (path, kind, input, signal) =>
    kind === "query" && OF_ONE_READ.test(path)
      ? together(path, JSON.stringify(input))
      : call(`${address}/${path}`, fetchWith, kind, input, signal);
  return procedure(ask, []) as RpcClient;
}

/** Every name leads further into the router; `query` and `mutate` at the end are called. */
function procedure(ask: Ask, path: readonly string[]): unknown {
  return new Proxy(() => undefined, {
    get: (_, name) => (typeof name === "string" && name !== "then" ? procedure(ask, [...path, name]) : undefined),
    apply: (_, __, [input, options]: [unknown, { readonly signal?: AbortSignal } | undefined]) => {
      const kind = path.at(-1);
      if (kind !== "query" && kind !== "mutate") throw new TypeError(`${path.join(".")} is no call`);
      return ask(path.slice(0, -1).join("."), kind, input, options?.signal);
    },
  });
}

async function call(
  address: string,
  fetchWith: Fetch,
  kind: Kind,
  input: unknown,
  wanted?: AbortSignal,
): Promise<unknown> {
  const late = AbortSignal.timeout(CALL_TIMEOUT_MS);
  const signal = wanted === undefined ? late : AbortSignal.any([wanted, late]);
  const text = input === undefined ? null : JSON.stringify(input);
  const response =
    kind === "query"
      ? await fetchWith(text === null ? address : `${address}?input=${encodeURIComponent(text)}`, { signal })
      : await fetchWith(address, {
          method: "POST",
          headers: { "content-type": "application/json" },
          body: text,
          signal,
        });
  return unwrap(await response.json().catch(() => null), response.status);
}

/** What was answered, or the refusal; a body that is neither is no answer of the console (a proxy's page, a cut). */
function unwrap(body: unknown, status: number): unknown {
  if (isRecord(body)) {
    if (isRecord(body.result)) return body.result.data;
    if (isRecord(body.error)) throw refusalOf(body.error);
  }
  throw new Error(`status ${status}, not an answer of Worldline`);
}

function refusalOf(error: Readonly<Record<string, unknown>>): RefusedCall {
  const data = isRecord(error.data) ? error.data : {};
  const reasons = Array.isArray(data.reasons) ? data.reasons.map(String) : [];
  return new RefusedCall(
    String(error.message),
    typeof data.code === "string" ? data.code : "INTERNAL_SERVER_ERROR",
    reasons,
  );
}

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null;
