// @vitest-environment happy-dom
import mermaid from "mermaid";
import { beforeAll, describe, expect, it } from "vitest";
import { EMPTY_DNA } from "#server/contract/fold/dna.ts";
import { EMPTY_DYNFLOW } from "#server/contract/fold/dynflow.ts";
import type { Folds } from "#server/contract/fold/fold.ts";
import { EMPTY_INGEST } from "#server/contract/fold/ingest.ts";
import { EMPTY_OPERATOR } from "#server/contract/fold/operator.ts";
import type { ArchitectureOutput } from "#server/contract/wire/admin-architecture.ts";
import { epochMs } from "#server/kernel/clock.ts";
import { architectureDiagram, architectureMarks } from "./architecture-diagram.ts";
import { architectureView } from "./architecture-view.ts";
import { ratesOf } from "./rates.ts";

const AT = epochMs(1_795_300_000_000);
const up = { source: { state: "up" as const, since: AT, reason: null } };
const FOLDS: Folds = {
  "dna:eu-1": { ...EMPTY_DNA, ...up },
  "dynflow:foreman": { ...EMPTY_DYNFLOW, source: { state: "down", since: AT, reason: "gone" } },
  "ingest:agents": { ...EMPTY_INGEST, ...up },
  operator: EMPTY_OPERATOR,
};
const SAMPLES = { "dna:eu-1": { asOf: epochMs(AT - 1_000), readMs: 12 } };
const figures = (atMs: number, events: number, bytes: number, asked = 0): ArchitectureOutput => ({
  ...{ asOf: "2026-11-22T00:00:00.000Z", atMs, uptimeMs: atMs },
  process: { rssBytes: 1, heapBytes: 1, loopDelayMs: 0 },
  journal: { store: "sqlite", writer: true, ok: true, events, appends: events, failures: 0, appendMs: null, bytes: 9 },
  hub: { streams: 2, made: events, written: events, bytes, fellBehind: 0 },
  calls: {
    query: { calls: 10 * asked, errors: asked, p95Ms: asked === 0 ? null : 12 },
    mutation: { calls: asked, errors: 0, p95Ms: asked === 0 ? null : 40 },
  },
  streams: { "dna:eu-1": String(events) },
});
const PARTS = [
  { stream: "dna:eu-1", state: "running" as const },
  { stream: "dna:eu-1", state: "parked" as const },
];
const view = () =>
  architectureView({
    live: { folds: FOLDS, samples: SAMPLES },
    figures: figures(2_000, 30, 4_000),
    rates: ratesOf(figures(0, 10, 0), figures(2_000, 30, 4_000)),
    parts: PARTS,
  });

describe("rates", () => {
  it("are what two answers differ by, in their time", () => {
    expect(ratesOf(figures(0, 10, 0), figures(2_000, 30, 4_000))).toEqual({
      eventsPerSecond: 10,
      appendsPerSecond: 10,
      messagesPerSecond: 10,
      bytesPerSecond: 2_000,
      ...{ queriesPerSecond: 0, mutationsPerSecond: 0, errorsPerSecond: 0 },
      streams: { "dna:eu-1": 10 },
    });
  });

  it("of calls are told by kind, errors of both together", () => {
    expect(ratesOf(figures(0, 10, 0, 2), figures(2_000, 10, 0, 6))).toMatchObject({
      ...{ queriesPerSecond: 20, mutationsPerSecond: 2, errorsPerSecond: 2 },
    });
  });

  it("are not known from one answer, nor across a restart of the console", () => {
    expect(ratesOf(null, figures(0, 10, 0))).toBeNull();
    expect(ratesOf(figures(5_000, 100, 0), figures(7_000, 3, 0))).toBeNull();
    expect(ratesOf(figures(5_000, 100, 0), figures(5_000, 100, 0))).toBeNull();
  });
});

describe("the picture of the console", () => {
  beforeAll(() => mermaid.initialize({ startOnLoad: false, securityLevel: "strict", htmlLabels: false }));

  it("is read by mermaid, and holds no word from outside", async () => {
    const diagram = architectureDiagram([{ key: "source x", label: '"] click <img>', family: "dna" }]);
    expect(diagram.source).not.toContain("click");
    await expect(mermaid.parse(diagram.source)).resolves.toBeTruthy();
    await expect(mermaid.parse(diagram.text)).resolves.toBeTruthy();
  });

  it("colours systems and readers by how they fare, and puts figures on the ways", () => {
    const marks = architectureMarks(view(), AT);
    expect(marks.tones).toMatchObject({
      "source dna:eu-1": "good",
      "readers source dna:eu-1": "failed",
      "source dynflow:foreman": "failed",
      journal: "good",
      browsers: "good",
    });
    expect(marks.notes["journal > fold"]).toBe("10/s");
    expect(marks.notes["source dna:eu-1 > readers source dna:eu-1"]).toContain("ago");
    const keys = new Set(architectureDiagram(view().seats).edges.map(({ key }) => key));
    for (const key of [...Object.keys(marks.notes), ...marks.live]) expect(keys).toContain(key);
  });

  it("puts the rate, the errors and the duration of queries and actions on the ways into tRPC", () => {
    const [before, after] = [figures(0, 10, 0, 2), figures(2_000, 10, 0, 6)];
    const live = { folds: FOLDS, samples: SAMPLES };
    const marks = architectureMarks(
      architectureView({ live, figures: after, rates: ratesOf(before, after), parts: PARTS }),
      AT,
    );
    expect(marks.notes).toMatchObject({
      "browsers > tRPC": "22/s, 2.0/s errors",
      "fold > tRPC": "20/s, p95 12 ms",
      "tRPC > commands": "2.0/s, p95 40 ms",
    });
    expect(marks.live).toEqual(expect.arrayContaining(["browsers > tRPC", "fold > tRPC", "tRPC > commands"]));
  });

  it("shows no call as moving while none is made", () => {
    const quiet = architectureMarks(view(), AT);
    expect(quiet.notes["tRPC > commands"]).toBe("0/s");
    expect(quiet.live).not.toContain("tRPC > commands");
  });

  it("says of a reader whose last look is old that it is behind", () => {
    const calm = architectureView({
      live: { folds: FOLDS, samples: SAMPLES },
      figures: null,
      rates: null,
      parts: [{ stream: "dna:eu-1", state: "running" }],
    });
    const tone = (now: number) => architectureMarks(calm, now).tones?.["readers source dna:eu-1"];
    expect([tone(AT), tone(AT + 60_000)]).toEqual(["good", "attention"]);
  });

  it("tells systems by kind where there are many of them", () => {
    const many: Folds = Object.fromEntries(
      Array.from({ length: 20 }, (_, index) => [`dna:c${index}`, { ...EMPTY_DNA, ...up }]),
    );
    const { seats } = architectureView({ live: { folds: many, samples: {} }, figures: null, rates: null, parts: [] });
    expect(seats).toHaveLength(1);
    expect(seats[0]).toMatchObject({ label: "20 DNA clusters", tone: "good", word: "up" });
  });
});
