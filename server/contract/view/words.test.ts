import { describe, expect, it } from "vitest";
import {
  formatAgeMs,
  formatBytes,
  formatClockMs,
  formatCoarseAgeMs,
  formatCount,
  formatDurationMs,
  formatInstant,
  formatInstantFull,
  plural,
  shortId,
  shortIncarnation,
  shortNode,
  splitClassName,
  zoneName,
} from "./words.ts";

const plain = (text: string) => text.replaceAll("\u00a0", " ");

describe("numbers", () => {
  it.each([
    [0, "0"],
    [999, "999"],
    [101_233, "101 233"],
    [-1_234_567, "−1 234 567"],
  ])("%i reads %s", (value, text) => expect(plain(formatCount(value))).toBe(text));

  it.each([
    [999, "999 B"],
    [2_100, "2.1 kB"],
    [9_949, "9.9 kB"],
    [10_000, "10 kB"],
    [1_500_000, "1.5 MB"],
  ])("%i bytes read %s", (value, text) => expect(plain(formatBytes(value))).toBe(text));

  it("joins a count to its noun", () => {
    expect(plain(plural(1, "node"))).toBe("1 node");
    expect(plain(plural(2_040, "key"))).toBe("2 040 keys");
  });
});

describe("durations", () => {
  it.each([
    [0, "0 ms"],
    [612, "612 ms"],
    [999.6, "1.0 s"],
    [1_580, "1.6 s"],
    [9_949, "9.9 s"],
    [34_400, "34 s"],
    [59_600, "1 min"],
    [581_000, "9 min 41 s"],
    [1_320_000, "22 min"],
    [18_480_000, "5 h 8 min"],
    [187_200_000, "2 d 4 h"],
    [-1_500, "−1.5 s"],
  ])("%i ms read %s", (ms, text) => expect(plain(formatDurationMs(ms))).toBe(text));

  it.each([
    [59_900, "59 s"],
    [581_000, "9 min"],
    [3_600_000, "1 h"],
    [18_481_000, "5 h 8 min"],
  ])("a coarse age of %i ms reads %s", (ms, text) => expect(plain(formatCoarseAgeMs(ms))).toBe(text));

  it("never shows an age in milliseconds, nor a negative one", () => {
    expect(plain(formatAgeMs(412))).toBe("0.4 s");
    expect(plain(formatAgeMs(-300))).toBe("0.0 s");
  });
});

describe("instants", () => {
  const at = Date.UTC(2026, 10, 22, 6, 52, 14, 204);
  it("say the zone, UTC or the local offset", () => {
    expect(zoneName("utc", at)).toBe("UTC");
    expect(zoneName("local", at)).toBe("UTC+05:45");
    expect(formatInstantFull(at, "local")).toBe("2026-11-22 12:37:14.204 UTC+05:45");
    expect(formatClockMs(at, "utc")).toBe("06:52:14.204");
  });
  it("carry the day when it is another one", () => {
    expect(plain(formatInstant(at, "utc", at + 3_600_000))).toBe("06:52:14");
    expect(plain(formatInstant(at, "utc", at + 86_400_000))).toBe("22 Nov 06:52:14");
    expect(plain(formatInstant(at, "utc", Date.UTC(2027, 1, 1)))).toBe("22 Nov 2026 06:52:14");
  });
});

describe("names", () => {
  it("shortens ids in the middle, by whole characters", () => {
    expect(shortId("7be10000-0000-0000-0000-000000001b80")).toBe("7be1…1b80");
    expect(shortId("short")).toBe("short");
    expect(shortId("𝒳".repeat(20))).toBe("𝒳𝒳𝒳𝒳…𝒳𝒳𝒳𝒳");
  });
  it("shortens the random half of an incarnation", () => {
    expect(shortIncarnation("1795311820417:-6140123412340123")).toBe("1795311820417:−6140…0123");
    expect(shortIncarnation("1795311820417:12")).toBe("1795311820417:12");
  });
  it.each([
    ["dna@10.0.1.17", ".17"],
    ["dna@host-3.example.org", "host-3"],
    ["nonode@nohost", "nohost"],
    ["weird@", "weird@"],
  ])("tells %s from its neighbours as %s", (node, short) => expect(shortNode(node)).toBe(short));
  it("keeps the last two of a class name", () => {
    expect(splitClassName("Actions::Katello::ContentView::Publish")).toEqual([
      "Actions::Katello::",
      "ContentView::Publish",
    ]);
    expect(splitClassName("Publish")).toEqual(["", "Publish"]);
  });
});
