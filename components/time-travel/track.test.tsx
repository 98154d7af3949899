// @vitest-environment happy-dom
import { fireEvent, screen } from "@testing-library/react";
import { describe, expect, it } from "vitest";
import { renderInConsole } from "#components/ui/render.test-kit.tsx";
import type { JournalEvent } from "#server/contract/event.ts";
import type { Mark } from "#server/contract/wire/journal.ts";
import { epochMs } from "#server/kernel/clock.ts";
import { GoToInstant } from "./go-to-instant.tsx";
import { gapsOf } from "./lane-marks.ts";
import { type Happened, Track } from "./track.tsx";

const NOW = Date.UTC(2026, 10, 22, 6, 52, 14, 300);
const SPAN = { from: NOW - 3_600_000, to: NOW };
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
const mark = (what: Mark["what"], stream: string, kind: string, agoMs: number): Mark => ({
  id: `${kind}${agoMs}`,
  stream,
  what,
  kind,
  subject: "s",
  at: new Date(NOW - agoMs).toISOString(),
});
const source = (to: string, agoMs: number) =>
  event("source.state_changed", "dna:eu-1", agoMs, { from: "up", to, reason: null });

function draw(over: Partial<Happened>, past = false) {
  const happened = { events: [], marks: [], begins: null, lostSince: null, ...over };
  const props = { width: 1_000, span: SPAN, zone: "utc", cursor: NOW - 60_000, other: null, past } as const;
  return renderInConsole(<Track {...props} happened={happened} />).container;
}
const marks = (drawing: HTMLElement, name: string) =>
  (drawing.querySelector(name)?.getAttribute("d") ?? "").split("M").length - 1;
const titles = (drawing: HTMLElement) => [...drawing.querySelectorAll("title")].map((title) => title.textContent);

describe("the track of the time bar", () => {
  it("draws events in the lane of their source, by weight", () => {
    const late = { from: "alive", to: "late", evidence: "", silentMs: 1 };
    const drawing = draw({
      events: [
        event("op.requested", "operator", 80_000, { action: "a", target: "t", found: null }),
        event("dna.incarnation.state_changed", "dna:eu-1", 90_000, late),
        event("dynflow.plan.gone", "dynflow:f", 70_000, { from: "running" }),
        source("down", 60_000),
      ],
    });
    expect([".failed", ".attention", ".operator"].map((name) => marks(drawing, name))).toEqual([1, 1, 1]);
  });

  it("draws what stands out where no events are at hand", () => {
    const drawing = draw({
      marks: [
        mark("operator", "operator", "op.requested", 900_000),
        mark("need", "dna:eu-1", "dna.incarnation.state_changed", 800_000),
        mark("gap", "dna:eu-1", "source.state_changed", 700_000),
      ],
    });
    expect([".failed", ".operator"].map((name) => marks(drawing, name))).toEqual([1, 1]);
    expect(titles(drawing)).toEqual(["eu-1 was not heard"]);
  });

  it("draws a thousand events on one pixel once, and nothing from outside the span", () => {
    const many = Array.from({ length: 1_000 }, (_, index) =>
      event("dynflow.plan.gone", "dynflow:f", 60_000 + index / 1_000, { from: "running" }),
    );
    expect(marks(draw({ events: many }), ".plain")).toBe(1);
    expect(marks(draw({ events: [event("dynflow.plan.gone", "dynflow:f", 3_700_000, { from: "r" })] }), ".plain")).toBe(
      0,
    );
  });

  it("hatches what is not known, and says why: before the horizon, not heard, not running", () => {
    const begins = { at: NOW - 1_800_000, words: "before the horizon: not kept" };
    const events = [
      event("console.stopped", "console", 900_000, { reason: "SIGTERM" }),
      event("console.started", "console", 800_000, { version: "1", demo: false }),
    ];
    const drawing = draw({ begins, events, lostSince: NOW - 30_000 });
    expect(titles(drawing)).toEqual(["before the horizon: not kept", "Worldline did not run", "not heard"]);
    expect(drawing.textContent).toContain("before the horizon: not kept");
  });

  it("leaves what follows on the cursor visible under a hatch, in the past only", () => {
    expect(draw({}, false).querySelectorAll(".future")).toHaveLength(0);
    expect(draw({}, true).querySelectorAll(".future")).toHaveLength(1);
  });
});

describe("gaps", () => {
  it("last from the event that a source went to the one that it came back", () => {
    const gaps = gapsOf([source("down", 600_000), source("down", 500_000), source("up", 300_000)], [], SPAN);
    expect(gaps).toEqual([{ from: NOW - 600_000, to: NOW - 300_000, lane: "dna", words: "eu-1 was not heard" }]);
  });

  it("last to the end of what is shown while it has not come back", () => {
    expect(gapsOf([source("down", 600_000)], [], SPAN)[0]?.to).toBe(SPAN.to);
  });
});

describe("the dialog for an instant", () => {
  const open = () => renderInConsole(<GoToInstant at={null} now={epochMs(NOW)} onClose={() => undefined} />);
  const type = (label: string, value: string) =>
    fireEvent.change(screen.getByLabelText(new RegExp(label)), { target: { value } });

  it("says what it has read, and refuses what is none or has not come yet", () => {
    open();
    type("Everything as of", "03:12");
    expect(screen.getByText("2026-11-22 03:12:00.000 UTC")).toBeTruthy();
    type("Everything as of", "soon");
    expect(screen.getAllByText("The instant to show is none that can be read.").length).toBeGreaterThan(0);
    type("Everything as of", "2026-11-23 03:12");
    expect(screen.getAllByText("It has not come yet.").length).toBeGreaterThan(0);
  });
});
