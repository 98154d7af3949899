// @vitest-environment happy-dom
import { fireEvent, screen, waitFor } from "@testing-library/react";
import { describe, expect, it } from "vitest";
import { renderInConsole, TEST_NOW } from "#components/ui/render.test-kit.tsx";
import { MASKED } from "#server/contract/event.ts";
import { type AgentFold, EMPTY_INGEST } from "#server/contract/fold/ingest.ts";
import { epochMs } from "#server/kernel/clock.ts";
import { AgentPage } from "./agent-page.tsx";
import { AgentsPage } from "./agents-page.tsx";

const agent = (over: Partial<AgentFold> = {}): AgentFold => ({
  about: { hostname: "build-7", addresses: ["10.0.0.7"], program: "worldline-agent 1.0" },
  door: "http",
  peer: "10.0.0.7",
  bootId: "boot-1",
  gateway: "ops-1:10",
  state: "active",
  stateSince: epochMs(TEST_NOW - 60_000),
  seenSince: epochMs(TEST_NOW - 3_600_000),
  evidence: "it was heard",
  restarts: 0,
  missing: 0,
  missingAt: null,
  skewMs: null,
  ...over,
});
const up = { state: "up" as const, since: epochMs(1), reason: null };
const folds = (agents: Readonly<Record<string, AgentFold>>) => ({
  "ingest:agents": { ...EMPTY_INGEST, source: up, agents },
});
const sample = {
  "ingest:agents": {
    asOf: epochMs(TEST_NOW),
    readMs: 1,
    ingest: {
      agents: {
        a: {
          ...{ lastAt: epochMs(TEST_NOW - 2_000), perSecond: 2.5, skewMs: -3_600_000, roundTripMs: 4 },
          ...{ gaps: 0, duplicates: 3, rejected: 0 },
        },
      },
      receivers: {},
      doors: {},
      types: {},
    },
  },
};
const nothingSent = {
  "agents.last": () => ({ asOf: null, faults: [], values: [] }),
  "agents.points": () => ({ asOf: null, faults: [], from: "memory", series: [] }),
  "agents.tail": () => ({ asOf: null, faults: [], messages: [] }),
};
const plain = (text: string | null | undefined) => text?.replaceAll("\u00a0", " ");
const rows = () => [...document.querySelectorAll("tr[data-row]")].map((row) => plain(row.textContent));

describe("the agents", () => {
  it("puts who is inactive first, and says so in the title", () => {
    const inactive = agent({ state: "inactive", evidence: "no sign of life for 7 s" });
    renderInConsole(<AgentsPage />, { folds: folds({ a: agent(), z: inactive }), samples: sample });
    expect(rows()[0]).toContain("no sign of life for 7 s");
    expect(rows()[1]).toContain("1 h ahead");
    expect(plain(screen.getByRole("heading", { level: 1 }).textContent)).toBe("1 agent of 2 inactive");
  });

  it("counts states, and puts a pressed one into the address", () => {
    const { went } = renderInConsole(<AgentsPage />, { folds: folds({ a: agent(), b: agent({ state: "late" }) }) });
    fireEvent.click(screen.getByRole("button", { name: /late/ }));
    expect(went.at(-1)).toBe("/agents?state=late");
  });

  it("opens an agent by keyboard", () => {
    const { went } = renderInConsole(<AgentsPage />, { folds: folds({ a: agent(), b: agent() }) });
    fireEvent.keyDown(document.body, { key: "j" });
    fireEvent.keyDown(document.body, { key: "j" });
    fireEvent.keyDown(document.body, { key: "Enter" });
    expect(went.at(-1)).toBe("/agents/b");
  });

  it("says how to have a gateway where there is none, and where to point an agent where none is heard", () => {
    const { unmount } = renderInConsole(<AgentsPage />, { folds: {} });
    expect(screen.getByText("Nothing listens for agents here.")).toBeTruthy();
    unmount();
    renderInConsole(<AgentsPage />, { folds: folds({}) });
    expect(screen.getByText("No agent has been heard yet.")).toBeTruthy();
  });

  it("draws of five thousand agents a few hundred rows at most", () => {
    const many = Object.fromEntries(Array.from({ length: 5_000 }, (_, n) => [`agent-${n}`, agent()]));
    renderInConsole(<AgentsPage />, { folds: folds(many) });
    expect(rows().length).toBeLessThan(300);
  });

  it("of the past says what was not kept", () => {
    renderInConsole(<AgentsPage />, { folds: folds({ a: agent() }), past: {} });
    expect(rows()[0]).toContain("not kept");
  });
});

describe("one agent", () => {
  it("tells its state with the evidence, and what it says of itself", async () => {
    renderInConsole(<AgentPage agentId="a" />, {
      folds: folds({ a: agent() }),
      samples: sample,
      procedures: nothingSent,
    });
    await waitFor(() => expect(screen.getByText("No numbers yet.")).toBeTruthy());
    expect(screen.getByText("worldline-agent 1.0")).toBeTruthy();
    expect(screen.getByText("it was heard")).toBeTruthy();
    expect(screen.getByText("1 h ahead")).toBeTruthy();
    // What another gateway took in is not here.
    expect(screen.getAllByText(/came to this console's own gateway/)).toHaveLength(3);
  });

  it("shows viewers the numbers of what it sent and hides the rest, and its addresses", async () => {
    const message = {
      ...{ bootId: "boot-1", seq: 7, type: "system_metrics", kind: "statistics", numbers: { cpu_load: 12.5 } },
      ...{ at: new Date(TEST_NOW).toISOString(), receivedAt: new Date(TEST_NOW).toISOString(), body: MASKED },
    };
    const masked = agent({ peer: MASKED, about: { hostname: "build-7", addresses: MASKED, program: null } });
    renderInConsole(<AgentPage agentId="a" />, {
      folds: folds({ a: masked }),
      role: "viewer",
      procedures: { ...nothingSent, "agents.last": () => ({ asOf: null, faults: [], values: [message] }) },
    });
    await waitFor(() => expect(screen.getByText("cpu_load 12.5, the rest is hidden from viewers")).toBeTruthy());
    expect(screen.getAllByText("hidden from viewers")).toHaveLength(2);
  });

  it("says what cannot be read, and stands with the rest", async () => {
    renderInConsole(<AgentPage agentId="a" />, {
      folds: folds({ a: agent() }),
      procedures: {
        ...nothingSent,
        "agents.last": () => {
          throw new Error("The gateway of this process is not open");
        },
      },
    });
    await waitFor(() => expect(screen.getByText("Cannot read its last values")).toBeTruthy());
    expect(screen.getByText("No numbers yet.")).toBeTruthy();
  });

  it("of one that is not listed says where it may be found", () => {
    renderInConsole(<AgentPage agentId="gone" />, { folds: folds({}) });
    expect(screen.getByText("No agent gone is listed.")).toBeTruthy();
  });

  it("of the past says that what it sent is not in the journal", () => {
    renderInConsole(<AgentPage agentId="a" />, { folds: folds({ a: agent() }), past: {} });
    expect(screen.getByText(/not in the journal/)).toBeTruthy();
  });
});
