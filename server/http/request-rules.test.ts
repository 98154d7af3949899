import { describe, expect, it } from "vitest";
import { judgeRequest, type RequestFacts } from "./request-rules.ts";
import { type Surface, surfaceOf } from "./surfaces.ts";

const HTTPS = { allowedHosts: new Set(["ops.example", "10.0.0.9"]), publicOrigin: "https://ops.example" };
const LOCAL = { allowedHosts: new Set<string>(), publicOrigin: null };

const facts = (over: Partial<RequestFacts> = {}): RequestFacts => ({
  method: "GET",
  target: "/",
  hosts: ["127.0.0.1:3000"],
  origin: undefined,
  secFetchSite: undefined,
  secFetchMode: undefined,
  secFetchDest: undefined,
  hasCookie: false,
  hasAuthorization: false,
  surface: "page",
  ...over,
});
const statusOf = (over: Partial<RequestFacts>, policy = LOCAL as typeof HTTPS | typeof LOCAL) => {
  const verdict = judgeRequest(facts(over), policy);
  return verdict.allowed ? 200 : verdict.status;
};

const METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT", "PROPFIND", "get"];
const SURFACES: readonly Surface[] = [
  "health",
  "operations",
  "rpc",
  "live",
  "export",
  "plans-export",
  "static",
  "diagram",
  "nothing",
  "page",
];

describe("the target", () => {
  it.each([
    "http://127.0.0.1:3000/",
    "http://169.254.169.254/latest/meta-data",
    "//evil.example/x",
    "*",
    "evil.example:443",
    "/\\evil.example",
    "/a b",
    "/a#b",
    "/a\u0000b",
    "/../etc/passwd",
    "/a/../b",
    "/a/..",
    "/./a",
    "",
  ])("%j is refused", (target) => {
    expect(statusOf({ target })).toBe(400);
  });

  it.each(["/", "/plans/a%2Fb?q=..//x", "/a..b/c", "/.well-known/x", "/x?y=http://z/../"])("%s is a path", (target) => {
    expect(statusOf({ target })).toBe(200);
  });
});

describe("the method", () => {
  it.each(METHODS.flatMap((method) => SURFACES.map((surface) => [method, surface] as const)))(
    "%s on %s is answered only where it has a meaning",
    (method, surface) => {
      const meaningful =
        method === "GET" ||
        (method === "POST" && surface === "rpc") ||
        (method === "HEAD" && !["rpc", "live", "export", "plans-export"].includes(surface));
      expect(statusOf({ method, surface })).toBe(meaningful ? 200 : 405);
    },
  );
});

describe("the host", () => {
  const everywhere = METHODS.slice(0, 3).flatMap((method) => SURFACES.map((surface) => ({ method, surface })));

  it.each([
    "evil.example",
    "evil.example:3000",
    "ops.example.evil.example",
    "127.0.0.1.evil.example",
    "0.0.0.0:3000",
    "169.254.169.254",
  ])("%s is refused for every method on every part of the site", (host) => {
    for (const { method, surface } of everywhere) {
      if (statusOf({ method, surface }) !== 200) continue;
      expect(statusOf({ method, surface, hosts: [host] }, HTTPS)).toBe(421);
      expect(statusOf({ method, surface, hosts: [host], hasAuthorization: true }, HTTPS)).toBe(421);
    }
  });

  it.each([
    [[]],
    [["127.0.0.1", "127.0.0.1"]],
    [[""]],
    [["127.0.0.1:3000/x"]],
    [["a@127.0.0.1"]],
    [["[::1"]],
    [["localhost."]],
    [["127.0.0.1:999999"]],
  ])("%j is none", (hosts) => {
    expect(statusOf({ hosts })).toBe(400);
  });

  it.each(["127.0.0.1:3000", "127.0.0.1", "localhost:1", "LOCALHOST", "[::1]:3000", "127.1.2.3"])(
    "%s is this machine",
    (host) => {
      expect(statusOf({ hosts: [host] })).toBe(200);
    },
  );

  it("may be a configured name, with any port", () => {
    expect(statusOf({ hosts: ["OPS.example:8443"] }, HTTPS)).toBe(200);
    expect(statusOf({ hosts: ["10.0.0.9:3000"] }, HTTPS)).toBe(200);
  });
});

/** What each door may do, by what the browser says about the origin. */
describe("the origin", () => {
  const own = { hosts: ["ops.example"] };
  type Row = readonly [what: string, over: Partial<RequestFacts>, read: number, write: number];
  const rows: readonly Row[] = [
    // A program: neither Origin nor Sec-Fetch-Site.
    ["a program without anything", {}, 200, 200],
    ["a program with a bearer token", { hasAuthorization: true }, 200, 200],
    ["a program with a cookie", { hasCookie: true }, 403, 403],
    // Our own pages.
    ["our page, by fetch", { hasCookie: true, origin: "https://ops.example", secFetchSite: "same-origin" }, 200, 200],
    ["our page's read, without Origin", { hasCookie: true, secFetchSite: "same-origin" }, 200, 403],
    ["our shared worker's stream", { hasCookie: true, secFetchSite: "same-origin", surface: "live" }, 200, 405],
    ["typed into the address bar", { hasCookie: true, secFetchSite: "none" }, 200, 403],
    // Other sites, with and without what the browser may add for them.
    ["another site", { origin: "https://evil.example", secFetchSite: "cross-site" }, 403, 403],
    ["another site with our cookie", { hasCookie: true, origin: "https://evil.example" }, 403, 403],
    ["a site beside us", { hasCookie: true, origin: "https://x.ops.example", secFetchSite: "same-site" }, 403, 403],
    ["our name over http", { hasCookie: true, origin: "http://ops.example" }, 403, 403],
    ["our name on another port", { hasCookie: true, origin: "https://ops.example:8443" }, 403, 403],
    ["the null origin", { origin: "null", secFetchSite: "cross-site" }, 403, 403],
    ["the null origin with a cookie", { hasCookie: true, origin: "null" }, 403, 403],
    ["an empty origin", { hasCookie: true, origin: "" }, 403, 403],
    ["two origins", { hasCookie: true, origin: "https://ops.example, https://evil.example" }, 403, 403],
    ["a foreign read without Origin", { secFetchSite: "cross-site" }, 403, 403],
    ["a foreign read with a cookie", { hasCookie: true, secFetchSite: "cross-site" }, 403, 403],
    ["a neighbour's read", { hasCookie: true, secFetchSite: "same-site" }, 403, 403],
    ["a value that is not known", { secFetchSite: "elsewhere" }, 403, 403],
    // A bearer token beside a cookie does not lift the rule.
    ["a foreign page with both", { hasCookie: true, hasAuthorization: true, origin: "https://evil.example" }, 403, 403],
    ["a program with both", { hasCookie: true, hasAuthorization: true }, 403, 403],
  ];

  it.each(rows)("%s", (_what, over, read, write) => {
    const at = { ...own, surface: "rpc" as const, ...over };
    expect(statusOf({ ...at, method: "GET" }, HTTPS)).toBe(read);
    expect(statusOf({ ...at, method: "POST" }, HTTPS)).toBe(write);
  });

  it("is required on the loopback console too, where everyone is the administrator", () => {
    const at = { surface: "rpc", hosts: ["127.0.0.1:3000"] } as const;
    const origin = "http://evil.example";
    expect(statusOf({ ...at, method: "POST", origin })).toBe(403);
    expect(statusOf({ ...at, method: "GET", origin })).toBe(403);
    expect(statusOf({ ...at, method: "GET", secFetchSite: "cross-site" })).toBe(403);
    expect(statusOf({ ...at, method: "POST", origin: "null" })).toBe(403);
    expect(statusOf({ ...at, method: "POST", origin: "http://127.0.0.1:3001" })).toBe(403);
    expect(statusOf({ ...at, method: "POST", origin: "http://localhost:3000" })).toBe(403);
    expect(statusOf({ ...at, method: "POST", origin: "http://127.0.0.1:3000" })).toBe(200);
  });

  it("lets a link from elsewhere open a page, and nothing but a page", () => {
    const link = { secFetchSite: "cross-site", secFetchMode: "navigate", secFetchDest: "document", hasCookie: true };
    expect(statusOf({ ...link, surface: "page" })).toBe(200);
    for (const surface of ["rpc", "live", "operations", "diagram"] as const)
      expect(statusOf({ ...link, surface })).toBe(403);
    expect(statusOf({ ...link, surface: "page", secFetchDest: "iframe" })).toBe(403);
    expect(statusOf({ ...link, surface: "page", secFetchMode: "no-cors", secFetchDest: "image" })).toBe(403);
  });

  it("does not matter for built files, which the sandboxed frame loads from an opaque origin", () => {
    expect(statusOf({ surface: "static", origin: "null", secFetchSite: "cross-site" })).toBe(200);
  });

  it("over plain http on a network, where browsers send no Sec-Fetch-Site, a cookie may still read", () => {
    const policy = { allowedHosts: new Set(["10.0.0.9"]), publicOrigin: "http://10.0.0.9:3000" };
    const at = { hosts: ["10.0.0.9:3000"], hasCookie: true, surface: "rpc" as const };
    expect(statusOf({ ...at, method: "GET" }, policy)).toBe(200);
    expect(statusOf({ ...at, method: "POST" }, policy)).toBe(403);
    expect(statusOf({ ...at, method: "POST", origin: "http://10.0.0.9:3000" }, policy)).toBe(200);
  });
});

describe("the parts of the site", () => {
  it.each([
    ["/", "page"],
    ["/plans/1", "page"],
    ["/healthz", "health"],
    ["/healthz/", "page"],
    ["/readyz", "operations"],
    ["/metrics", "operations"],
    ["/ping/eu-1", "operations"],
    ["/api/trpc/overview.get", "rpc"],
    ["/api/trpc", "nothing"],
    ["/api/live", "live"],
    ["/api/live/x", "nothing"],
    ["/api/journal/export", "export"],
    ["/api/plans/export", "plans-export"],
    ["/api/plans/exports", "nothing"],
    ["/api%2Ftrpc/x", "page"],
    ["/_next/static/x.js", "static"],
    ["/_next/image", "nothing"],
    ["/_next/data/x.json", "nothing"],
    ["/diagram", "diagram"],
    ["/diagram/x", "diagram"],
    ["/diagrams", "page"],
  ])("%s is %s", (path, surface) => {
    expect(surfaceOf(path)).toBe(surface);
  });
});
