/**
 * tRPC's calls over HTTP: queries by GET, mutations by POST, plain JSON, one request a call. The types are those of
 * `@trpc/client`; its own code is 5 kB of links, batches and sockets that this console does not use.
 *
 * Source of the protocol: trpc.io/docs/rpc (`{"result":{"data":…}}`, `{"error":{"message":…,"data":…}}`).
 */
import type { TRPCClient } from "@trpc/client";
import type { AppRouter } from "#server/trpc/app-router.ts";

export type RpcClient = TRPCClient<AppRouter>;
type Kind = "query" | "mutate";
type Fetch = (address: string, init: RequestInit) => Promise<Response>;

/** The slowest answer there is takes a few reads of 2 s each; after this nobody waits any more. */
const CALL_TIMEOUT_MS = 30_000;

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
  return procedure(address, fetchWith, []) as RpcClient;
}

/** Every name leads further into the router; `query` and `mutate` at the end are called. */
function procedure(address: string, fetchWith: Fetch, path: readonly string[]): unknown {
  return new Proxy(() => undefined, {
    get: (_, name) =>
      typeof name === "string" && name !== "then" ? procedure(address, fetchWith, [...path, name]) : undefined,
    apply: (_, __, [input, options]: [unknown, { readonly signal?: AbortSignal } | undefined]) => {
      const kind = path.at(-1);
      if (kind !== "query" && kind !== "mutate") throw new TypeError(`${path.join(".")} is no call`);
      return call(`${address}/${path.slice(0, -1).join(".")}`, fetchWith, kind, input, options?.signal);
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
