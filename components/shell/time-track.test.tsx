// @vitest-environment happy-dom
import { describe, expect, it } from "vitest";
import { renderInConsole } from "#components/ui/render.test-kit.tsx";
import type { JournalEvent } from "#server/contract/event.ts";
import { tickInstants, timeScale } from "./time-scale.ts";
import { TimeTrack } from "./time-track.tsx";

const NOW = Date.UTC(2026, 10, 22, 6, 52, 14, 300);
const event = (kind: string, stream: string, agoMs: number, body: object) =>
  ({
    id: `${kind}${agoMs}`,
    kind,
    stream,
    subject: "s",
    observedAt: NOW - agoMs,
    actor: null,
    body,
  }) as unknown as JournalEvent;

function draw(events: readonly JournalEvent[], knownFrom = NOW - 3_600_000, lostSince: number | null = null) {
  return renderInConsole(
    <TimeTrack width={1_000} now={NOW} zone="utc" recent={{ events, knownFrom }} lostSince={lostSince} />,
  ).container;
}
const marks = (drawing: HTMLElement, name: string) =>
  (drawing.querySelector(name)?.getAttribute("d") ?? "").split("M").length - 1;

describe("TimeTrack", () => {
  it("draws events in the lane of their source, by weight", () => {
    const drawing = draw([
      event("source.state_changed", "dna:eu-1", 60_000, { from: "up", to: "down", reason: null }),
      event("dna.incarnation.state_changed", "dna:eu-1", 90_000, {
        from: "alive",
        to: "late",
        evidence: "",
        silentMs: 1,
      }),
      event("dynflow.plan.gone", "dynflow:f", 70_000, { from: "running" }),
      event("op.requested", "operator", 80_000, { action: "a", target: "t", found: null }),
    ]);
    expect([".failed", ".attention", ".operator"].map((name) => marks(drawing, name))).toEqual([1, 2, 1]);
  });

  it("does not draw what is older than the hour", () => {
    expect(marks(draw([event("dynflow.plan.gone", "dynflow:f", 3_700_000, { from: "running" })]), ".attention")).toBe(
      0,
    );
  });

  it("hatches what was not read, and what is not heard", () => {
    const hatched = (drawing: HTMLElement) => drawing.querySelectorAll('rect[fill="url(#hatch)"]').length;
    expect(hatched(draw([]))).toBe(0);
    expect(hatched(draw([], NOW - 600_000))).toBe(1);
    expect(hatched(draw([], NOW - 600_000, NOW - 60_000))).toBe(2);
  });

  it("says in words what it shows", () => {
    const drawing = draw([event("source.state_changed", "dna:eu-1", 60_000, { from: "up", to: "down", reason: null })]);
    expect(drawing.querySelector("svg")?.getAttribute("aria-label")).toBe(
      "1\u00a0event in the last hour, 1\u00a0failure among them",
    );
  });
});

describe("the scale", () => {
  const scale = timeScale({ from: 72, to: 972, now: NOW });
  it("keeps every instant within the line", () => {
    expect(scale.toX(NOW + 1e9)).toBe(972);
    expect(scale.toX(0)).toBe(72);
    expect(scale.toX(scale.start + 1_800_000)).toBe(522);
  });
  it("ticks every ten minutes, clear of both ends", () => {
    const ticks = tickInstants(scale);
    expect(ticks).toHaveLength(6);
    for (const at of ticks) expect(at % 600_000).toBe(0);
  });
});
