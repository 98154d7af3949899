import { describe, expect, it } from "vitest";
import { policyOf, securityHeaders } from "./security-headers.ts";

const context = { surface: "page", nonce: "bm9uY2U=", https: true, dev: false } as const;

describe("the policy of a page", () => {
  const policy = policyOf(context);
  it("lets scripts and styles in by nonce, and never inline or evaluated", () => {
    expect(policy).toContain("script-src 'self' 'nonce-bm9uY2U=' 'strict-dynamic';");
    expect(policy).toContain("style-src 'self' 'nonce-bm9uY2U=';");
    expect(policy).not.toMatch(/unsafe|\*|https?:/);
    expect(policy).toContain("frame-ancestors 'none'");
    expect(policy).toContain("base-uri 'none'");
  });
});

describe("the policy of the diagram's frame", () => {
  const policy = policyOf({ ...context, surface: "diagram" });
  it("gives it scripts and nothing else: no network, no storage, no other site, our frames only", () => {
    expect(policy).toContain("default-src 'none'");
    expect(policy).toContain("sandbox allow-scripts");
    expect(policy).not.toContain("allow-same-origin");
    expect(policy).not.toContain("connect-src");
    expect(policy).toContain("frame-ancestors 'self'");
  });
});

describe("every answer", () => {
  it.each(["health", "operations", "rpc", "live", "static", "diagram", "nothing", "page"] as const)(
    "of %s says how it may be used",
    (surface) => {
      const headers = securityHeaders({ ...context, surface });
      expect(headers["x-content-type-options"]).toBe("nosniff");
      expect(headers["content-security-policy"]).toMatch(/default-src '(none|self)'/);
      expect(headers["content-security-policy"]).toContain("frame-ancestors");
      expect(headers["strict-transport-security"]).toBeDefined();
      expect(headers["cross-origin-opener-policy"]).toBe("same-origin");
      expect(headers["access-control-allow-origin"]).toBe(surface === "static" ? "*" : undefined);
      expect(headers["cache-control"]).toBe(["page", "diagram", "static"].includes(surface) ? undefined : "no-store");
    },
  );

  it("promises https only where it is true", () => {
    const headers = securityHeaders({ ...context, https: false });
    expect(headers["strict-transport-security"]).toBeUndefined();
    expect(headers["content-security-policy"]).not.toContain("upgrade-insecure-requests");
  });
});
