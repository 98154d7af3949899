import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { outAddress } from "./out-link.ts";

const PATH = "https://foreman.example/logs/{planId}/steps?query=plan%3A{planId}#at-{stepId}";

describe("links out", () => {
  it("hold each value where the template has its place", () => {
    expect(outAddress(PATH, { planId: "a b/c&d", stepId: "4" })).toBe(
      "https://foreman.example/logs/a%20b%2Fc%26d/steps?query=plan%3Aa%20b%2Fc%26d#at-4",
    );
    expect(outAddress("https://f.example/", {})).toBe("https://f.example/");
  });

  it("are not made where a value is missing", () => {
    expect(outAddress(PATH, { planId: "p" })).toBeNull();
    expect(outAddress(PATH, { planId: "", stepId: "4" })).toBeNull();
  });

  it.each(["javascript:alert({planId})", "data:text/html,{planId}", "//{planId}", "{planId}", "ftp://h/{planId}", ""])(
    "lead by http and https only: %j",
    (template) => expect(outAddress(template, { planId: "p" })).toBeNull(),
  );

  it("never leave host and path of their template, whatever the id", () => {
    const hostile = fc.oneof(
      fc.string({ unit: "binary", minLength: 1 }),
      fc.constantFrom(
        "..",
        ".",
        "../../admin",
        "@evil.example",
        "\\evil.example",
        "//evil.example",
        "?a=b",
        "#x",
        "%2e%2e",
        "\ud800",
        "javascript:alert(1)",
        "\n",
        "x y",
      ),
    );
    fc.assert(
      fc.property(hostile, hostile, (planId, stepId) => {
        const address = outAddress("https://foreman.example:8443/a/{planId}/b?q={stepId}&r=1#{planId}", {
          planId,
          stepId,
        });
        if (address === null) return;
        const url = new URL(address);
        expect(url.origin).toBe("https://foreman.example:8443");
        expect(url.pathname.split("/")).toHaveLength(4);
        expect(url.pathname.startsWith("/a/")).toBe(true);
        expect(url.pathname.endsWith("/b")).toBe(true);
        expect([...url.searchParams.keys()]).toEqual(["q", "r"]);
        expect(url.searchParams.get("q")).toBe(stepId.toWellFormed());
      }),
      { numRuns: 2_000 },
    );
    expect(outAddress("https://foreman.example/a/{planId}/b", { planId: ".." })).toBeNull();
  });
});
