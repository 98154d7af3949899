import { describe, expect, it } from "vitest";
import { epochMs } from "#server/kernel/clock.ts";
import { liveEnd, SPANS, spanAround, tickInstants, tickWords, timeScale, zoomed } from "./bar-scale.ts";
import { parseTyped } from "./typed-instant.ts";

const NOW = Date.UTC(2026, 10, 22, 6, 52, 14, 300);
const HOUR_MS = 3_600_000;
const hour = { from: NOW - HOUR_MS, to: NOW };

describe("the scale of the time bar", () => {
  it("keeps every instant within the line, and every pixel within the span", () => {
    const scale = timeScale(hour, 72, 972);
    expect([scale.toX(NOW + 1e9), scale.toX(0), scale.toX(NOW - HOUR_MS / 2)]).toEqual([972, 72, 522]);
    expect([scale.toInstant(-50), scale.toInstant(5_000)]).toEqual([hour.from, hour.to]);
  });

  it.each(SPANS)("leads from an instant to its pixel and back within a pixel at $words", ({ ms }) => {
    const scale = timeScale({ from: NOW - ms, to: NOW }, 72, 972);
    for (const share of [0, 0.123, 0.5, 0.999]) {
      const at = NOW - ms * share;
      expect(Math.abs(scale.toInstant(scale.toX(at)) - at)).toBeLessThanOrEqual(1);
    }
  });

  it.each(SPANS)("writes as many whole times as have room at $words", ({ ms }) => {
    for (const width of [180, 480, 900, 3_000]) {
      const scale = timeScale({ from: NOW - ms, to: NOW }, 10, width);
      const ticks = tickInstants(scale);
      expect(ticks.length).toBeLessThanOrEqual(Math.floor((width - 10) / 84) + 1);
      for (const at of ticks) expect(at % 60_000).toBe(0);
      expect(new Set(ticks.map((at) => tickWords(at, ms, "utc"))).size).toBe(ticks.length);
    }
  });

  it("ends live at the present, moving in whole steps of a second or more", () => {
    expect(liveEnd(NOW, HOUR_MS) - NOW).toBeLessThanOrEqual(4_000);
    expect(liveEnd(NOW, HOUR_MS)).toBeGreaterThanOrEqual(NOW);
    expect(liveEnd(NOW, 7 * 24 * HOUR_MS)).toBe(liveEnd(NOW + 60_000, 7 * 24 * HOUR_MS));
  });

  it("stands still while the cursor is in view, and moves to it when it is not, never beyond the present", () => {
    expect(spanAround(hour, NOW - 60_000, NOW)).toBe(hour);
    const far = spanAround(hour, NOW - 10 * HOUR_MS, NOW);
    expect(far.to - far.from).toBe(HOUR_MS);
    expect(far.from).toBeLessThan(NOW - 10 * HOUR_MS);
    expect(spanAround({ from: 0, to: HOUR_MS }, NOW - 1_000, NOW).to).toBeLessThanOrEqual(liveEnd(NOW, HOUR_MS));
  });

  it("zooms around the cursor", () => {
    const at = NOW - HOUR_MS / 2;
    const near = zoomed(hour, HOUR_MS / 4, at, NOW);
    expect(near).toEqual({ from: at - HOUR_MS / 8, to: at + HOUR_MS / 8 });
    expect(zoomed(near, HOUR_MS * 6, at, NOW).to).toBeLessThanOrEqual(liveEnd(NOW, HOUR_MS * 6));
  });
});

describe("a typed instant", () => {
  const now = epochMs(NOW);
  it.each([
    ["03:12", "2026-11-22T03:12:00.000Z"],
    ["3:12:07", "2026-11-22T03:12:07.000Z"],
    ["23:59", "2026-11-21T23:59:00.000Z"],
    ["2026-11-20 03:12:07.25", "2026-11-20T03:12:07.250Z"],
    ["2026-11-20T03:12:07 UTC", "2026-11-20T03:12:07.000Z"],
    ["2026-11-20T03:12:07+02:00", "2026-11-20T01:12:07.000Z"],
    ["2026-11-20T03:12:07.001Z", "2026-11-20T03:12:07.001Z"],
  ])("%s is %s", (text, iso) => expect(new Date(parseTyped(text, "utc", now) ?? 0).toISOString()).toBe(iso));

  it.each(["", "now", "25:00", "3:60", "2026-11-31 03:00", "2026-13-01 03:00", "22 Nov 03:12", "12"])(
    "%j is none",
    (text) => expect(parseTyped(text, "utc", now)).toBeNull(),
  );

  it("without a zone is meant in the zone that is shown", () => {
    const typed = parseTyped("2026-11-20 03:12:07", "local", now);
    expect(typed).toBe(new Date(2026, 10, 20, 3, 12, 7).getTime());
  });
});
