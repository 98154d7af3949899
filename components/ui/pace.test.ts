import { describe, expect, it } from "vitest";
import { formatDurationMs } from "./format.ts";
import { everyMsOf, paceInShort, paceWords, shareWords } from "./pace.ts";

describe("the pace of a source", () => {
  it("says nothing while nothing is known", () => {
    expect(paceWords(undefined)).toBe(null);
    expect(paceWords({ lapMs: null, databaseShare: null })).toBe(null);
    expect(everyMsOf(undefined)).toBe(2_000);
  });

  it("says how soon a new plan is found, and at what cost", () => {
    expect(paceWords({ lapMs: 40_000, lookMs: 2_000, databaseShare: 0.0021 })).toBe(
      `finds new plans within ${formatDurationMs(40_000)}, at most 0.2 % of the database's time, pages included`,
    );
  });

  it("says it in few words where there is little room", () => {
    expect(paceInShort({ lapMs: 40_000, databaseShare: 0.0021 })).toBe(
      `lap ${formatDurationMs(40_000)}, at most 0.2 %`,
    );
    expect(paceInShort(undefined)).toBe(null);
  });

  it("says nothing of looks that come a little later", () => {
    expect(paceWords({ lapMs: 40_000, lookMs: 2_500 })).not.toContain("looks");
  });

  it("says that looks were slowed down", () => {
    expect(paceWords({ lapMs: 40_000, lookMs: 6_000, databaseShare: 0.009 })).toContain(
      `looks only every ${formatDurationMs(6_000)}`,
    );
    expect(everyMsOf({ lookMs: 6_000 })).toBe(6_000);
  });

  it.each([
    [0.0004, "0.1 %"],
    [0.0123, "1.2 %"],
    [0.123, "12 %"],
  ])("tells a share of %f as %s", (share, words) => {
    expect(shareWords(share)).toBe(words);
  });
});
