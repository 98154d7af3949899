import { isLoopbackName } from "./address.ts";
import type { Surface } from "./surfaces.ts";

/** What a request says about where it comes from. Header values as received; `undefined` = not there. */
export interface RequestFacts {
  readonly method: string;
  /** The request target as on the request line. */
  readonly target: string;
  /** All `Host` lines. */
  readonly hosts: readonly string[];
  readonly origin: string | undefined;
  readonly secFetchSite: string | undefined;
  readonly secFetchMode: string | undefined;
  readonly secFetchDest: string | undefined;
  readonly hasCookie: boolean;
  readonly hasAuthorization: boolean;
  readonly surface: Surface;
}

export interface RequestPolicy {
  /** Names without port, lower case, besides the loopback names. */
  readonly allowedHosts: ReadonlySet<string>;
  /** `https://ops.example`, or `null`. */
  readonly publicOrigin: string | null;
}

export type RequestVerdict =
  | { readonly allowed: true }
  | { readonly allowed: false; readonly status: 400 | 403 | 405 | 421; readonly reason: string };

const ALLOWED: RequestVerdict = { allowed: true };
const refuse = (status: 400 | 403 | 405 | 421, reason: string): RequestVerdict => ({ allowed: false, status, reason });

/**
 * Whether a request is answered at all, whatever its method, before anybody is asked who sent it: form of the target,
 * method, `Host` against the allowed names (a page of another site that has its name point here cannot get past
 * that), then where the browser says that it comes from.
 *
 * A bearer token without a cookie needs no origin: no page of another site can send one.
 */
export function judgeRequest(facts: RequestFacts, policy: RequestPolicy): RequestVerdict {
  return judgeTarget(facts) ?? judgeMethod(facts) ?? judgeHost(facts, policy) ?? judgeOrigin(facts, policy) ?? ALLOWED;
}

function judgeTarget({ target }: RequestFacts): RequestVerdict | null {
  if (!target.startsWith("/") || target.startsWith("//")) return refuse(400, "the target must be a path");
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
  if (/[\\#\u0000-\u0020\u007f]/.test(target)) return refuse(400, "the target holds characters that no path has");
  const [path = ""] = target.split("?", 1);
  return /(^|\/)\.\.?(\/|$)/.test(path) ? refuse(400, "the target climbs") : null;
}

/** Whose answers are made anew each time: there is nothing to say of them before. */
const HEADLESS: ReadonlySet<Surface> = new Set(["rpc", "live", "export", "plans-export"]);

function judgeMethod({ method, surface }: RequestFacts): RequestVerdict | null {
  if (method === "GET") return null;
  if (method === "HEAD") return HEADLESS.has(surface) ? refuse(405, "HEAD is for pages") : null;
  if (method === "POST" && surface === "rpc") return null;
  return refuse(405, `${method.slice(0, 20)} is not answered here`);
}

const HOST = /^(\[[0-9a-f:.]+\]|[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?)(?::(\d{1,5}))?$/;

function judgeHost({ hosts }: RequestFacts, { allowedHosts }: RequestPolicy): RequestVerdict | null {
  if (hosts.length !== 1) return refuse(400, "exactly one Host is needed");
  const name = HOST.exec((hosts[0] ?? "").toLowerCase())?.[1];
  if (name === undefined) return refuse(400, "the Host is none");
  return isLoopbackName(name) || allowedHosts.has(name)
    ? null
    : refuse(421, "this host name is not in listen.allowedHosts");
}

function judgeOrigin(facts: RequestFacts, policy: RequestPolicy): RequestVerdict | null {
  const { method, origin, hasCookie, hasAuthorization, surface } = facts;
  if (surface === "static" || surface === "health") return null;
  if (hasAuthorization && !hasCookie) return null;
  if (origin !== undefined) {
    return origin === ownOrigin(facts, policy)
      ? null
      : refuse(403, "the Origin is another site (behind a proxy with https, set listen.publicOrigin)");
  }
  if (method !== "GET" && method !== "HEAD") {
    if (hasCookie) return refuse(403, "a cookie without an Origin changes nothing");
    return isForeign(facts) ? refuse(403, "sent by another site") : null;
  }
  return judgeRead(facts, policy);
}

/** A read without an Origin: by Sec-Fetch-Site, which every browser sends to https and to loopback. */
function judgeRead(facts: RequestFacts, policy: RequestPolicy): RequestVerdict | null {
  const { secFetchSite, hasCookie } = facts;
  if (secFetchSite === undefined) {
    // Over plain http beyond loopback no browser sends it; SameSite=Strict is what is left there.
    return hasCookie && isTrustworthy(facts, policy) ? refuse(403, "a cookie needs Sec-Fetch-Site or an Origin") : null;
  }
  return isForeign(facts) && !isFollowedLink(facts) ? refuse(403, "asked for by another site") : null;
}

const isForeign = ({ secFetchSite }: RequestFacts): boolean =>
  secFetchSite !== undefined && secFetchSite !== "same-origin" && secFetchSite !== "none";

/** Somebody followed a link to a page: it is a shell without data, and is not shown in anybody's frame. */
const isFollowedLink = ({ surface, secFetchMode, secFetchDest }: RequestFacts): boolean =>
  surface === "page" && secFetchMode === "navigate" && secFetchDest === "document";

/** The one Origin that requests to this Host may come from. */
function ownOrigin({ hosts }: RequestFacts, { publicOrigin }: RequestPolicy): string {
  const host = (hosts[0] ?? "").toLowerCase();
  return publicOrigin !== null && new URL(publicOrigin).host === host ? publicOrigin : `http://${host}`;
}

function isTrustworthy(facts: RequestFacts, policy: RequestPolicy): boolean {
  const url = new URL(ownOrigin(facts, policy));
  return url.protocol === "https:" || isLoopbackName(url.hostname);
}
