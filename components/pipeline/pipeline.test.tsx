// @vitest-environment happy-dom
import { screen } from "@testing-library/react";
import { describe, expect, it, vi } from "vitest";
import { renderInConsole, TEST_NOW } from "#components/ui/render.test-kit.tsx";
import type { IngestSample, ReceiverState } from "#server/contract/agents.ts";
import { EMPTY_INGEST, type IngestFold } from "#server/contract/fold/ingest.ts";
import { epochMs } from "#server/kernel/clock.ts";
import { pipelineDiagram, pipelineMarks } from "./pipeline-diagram.ts";
import { PipelinePage } from "./pipeline-page.tsx";
import { pipelineView } from "./pipeline-view.ts";

const address = vi.hoisted(() => ({ search: "" }));
vi.mock("next/navigation", () => ({
  usePathname: () => "/pipeline",
  useSearchParams: () => new URLSearchParams(address.search),
}));

const AT = epochMs(TEST_NOW - 60_000);
const receiver = (state: ReceiverState, reason: string | null = null) => ({ state, since: AT, reason });
const fold: IngestFold = {
  ...EMPTY_INGEST,
  source: { state: "up", since: AT, reason: null },
  gateways: {
    "a:1": {
      ...{ state: "up", since: AT, host: "a", evidence: "it said so" },
      receivers: { live: receiver("ok"), hook: receiver("failing", "it answered <b>500</b>") },
    },
    "b:2": {
      ...{ state: "gone", since: AT, host: "b", evidence: "silent" },
      receivers: { live: receiver("full"), hook: receiver("ok") },
    },
  },
  pipeline: {
    types: [
      { type: "system_metrics", kinds: ["statistics"] },
      { type: 'x"]; click n0 <img>', kinds: [] },
    ],
    receivers: [
      { id: "live", use: "live-view", overflow: "keep-latest", capacity: 1_000 },
      { id: "hook", use: "webhook", overflow: "drop-oldest", capacity: 100 },
    ],
    routes: [
      { types: ["*"], kinds: ["statistics"], to: ["live"] },
      { types: ["system_metrics"], kinds: [], to: ["live", "hook"] },
    ],
    inactiveAfterMs: 7_000,
    poa: false,
  },
};
const one = { queued: 25, capacity: 100, perSecond: 4, lagMs: 12_000, dropped: 3, deadLettered: 1 };
const sample: IngestSample = {
  agents: {},
  receivers: { "a:1/hook": one },
  doors: { "a:1/http": { perSecond: 8, refusedPerSecond: 1 }, "b:2/http": { perSecond: 2, refusedPerSecond: 0 } },
  types: { system_metrics: { perSecond: 5 } },
};

const view = (with_: IngestSample | null) => {
  const found = pipelineView(fold, with_);
  if (found === null) throw new Error("there is a pipeline");
  return found;
};

describe("the pipeline", () => {
  it("is as bad as the worst gateway that is up; those that are gone do not count", () => {
    expect(view(sample).receivers.map(({ id, state }) => [id, state])).toEqual([
      ["live", "ok"],
      ["hook", "failing"],
    ]);
  });

  it("joins the routes of a way, and one for every kind holds all of them", () => {
    expect(view(sample).ways.map(({ type, receiver: to, kinds }) => [type.slice(0, 6), to, kinds])).toEqual([
      ["system", "live", []],
      ['x"]; c', "live", ["statistics"]],
      ["system", "hook", []],
    ]);
  });

  it("sums the doors of all gateways; without samples nothing is known", () => {
    expect(view(sample).doors).toEqual([
      { door: "http", perSecond: 10, refusedPerSecond: 1 },
      { door: "websocket", perSecond: 0, refusedPerSecond: 0 },
    ]);
    expect(view(null).doors[0]).toEqual({ door: "http", perSecond: null, refusedPerSecond: null });
    expect(pipelineMarks(view(null)).notes).toEqual({});
  });

  it("is drawn without a word of its own in the source, and turns red where a receiver fails", () => {
    const { source, text } = pipelineDiagram(view(sample));
    expect(source).not.toMatch(/click|img|system_metrics|hook/);
    expect(text).not.toContain("<img>");
    const { tones } = pipelineMarks(view(sample));
    expect(tones?.["receiver hook"]).toBe("failed");
    expect(tones?.["receiver live"]).toBe("good");
  });

  it("says on its page which receiver fails, why, and how much waits where", async () => {
    address.search = "receiver=hook";
    renderInConsole(<PipelinePage />, {
      folds: { "ingest:agents": fold },
      samples: { "ingest:agents": { asOf: AT, readMs: 1, ingest: sample } },
      procedures: {
        "agents.deadLetters": () => ({ asOf: new Date(TEST_NOW).toISOString(), faults: [], letters: [], next: null }),
      },
    });
    expect(await screen.findByRole("heading", { level: 1, name: "Receiver hook is failing" })).toBeTruthy();
    expect(screen.getByText("it answered <b>500</b>")).toBeTruthy();
    const row = screen.getByRole("row", { name: /hook webhook/ });
    expect(row.className).toBe("sel");
    expect(screen.getByRole("table", { name: "Gateways and receivers" }).textContent).toContain("25 waiting");
  });

  it("says how a gateway is had where there is none", async () => {
    renderInConsole(<PipelinePage />, { folds: {} });
    expect(await screen.findByText("No gateway is running.")).toBeTruthy();
  });
});
