import { describe, expect, it } from "vitest";
import type { ReleasableView } from "#server/contract/wire/dna.ts";
import { leftOf, refusalOfRelease } from "./release-words.ts";

const at = Date.UTC(2026, 10, 22, 6, 52, 0);
const asOf = new Date(at).toISOString();
const view = (more: Partial<ReleasableView>): ReleasableView => ({
  releasable: false,
  certainty: "presumed",
  reasons: [{ holds: false, text: "Silent for 75 s", detail: "12 s so far" }],
  readyInMs: 63_000,
  residualRisk: "",
  ...more,
});
const plain = (text: string | null) => text?.replaceAll("\u00a0", " ");

describe("refusalOfRelease", () => {
  it("says when it will be possible, and counts down from what the server said", () => {
    expect(plain(refusalOfRelease(view({}), asOf, at + 3_000, "utc"))).toBe(
      "Silent for 75 s. 12 s so far. If it stays so, possible at 06:53:03 UTC, in 1 min.",
    );
  });
  it("names no instant when time alone does not help", () => {
    expect(refusalOfRelease(view({ readyInMs: null }), asOf, at, "utc")).toBe("Silent for 75 s. 12 s so far.");
  });
  it("says nothing when it is releasable", () =>
    expect(refusalOfRelease(view({ releasable: true }), asOf, at, "utc")).toBeNull());
});

describe("leftOf", () => {
  it.each([
    [0, 63_000],
    [60_000, 3_000],
    [90_000, 0],
    [-5_000, 63_000],
  ])("%i ms after the answer %i ms are left", (passed, left) => expect(leftOf(63_000, asOf, at + passed)).toBe(left));
});
