// @vitest-environment happy-dom
import { fireEvent, screen, waitFor, within } from "@testing-library/react";
import { describe, expect, it } from "vitest";
import { renderInConsole, TEST_NOW } from "#components/ui/render.test-kit.tsx";
import type { NodeFold } from "#server/contract/fold/dna.ts";
import { EMPTY_DNA } from "#server/contract/fold/dna.ts";
import { EMPTY_DYNFLOW, type PlanFold } from "#server/contract/fold/dynflow.ts";
import type { Folds } from "#server/contract/fold/fold.ts";
import { EMPTY_OPERATOR } from "#server/contract/fold/operator.ts";
import { attention } from "#server/contract/view/attention.ts";
import { epochMs } from "#server/kernel/clock.ts";
import { Bundle, labelPlaces, pitchOf } from "./bundle.tsx";
import { Needs } from "./needs.tsx";
import { nodeLines } from "./node-lines.ts";
import { Sources } from "./sources.tsx";

const node = (name: string, state: NodeFold["state"], ageMs = 60_000): NodeFold => ({
  cluster: "prod",
  node: name,
  createdAt: epochMs(TEST_NOW - 3 * 3_600_000),
  nodeId: "1",
  state,
  since: epochMs(TEST_NOW - ageMs),
  silentMsThen: 10_000,
  evidence: "row deleted by a peer",
  flags: {},
  firstSeenAt: epochMs(TEST_NOW - 2 * 3_600_000),
});
const up = { state: "up" as const, since: epochMs(TEST_NOW - 1_000), reason: null };
const counts = (incarnationId: string, keys: number) => ({
  asOf: epochMs(TEST_NOW - 22 * 60_000),
  counts: [{ incarnationId, namespace: "w", moduleId: 0, keys }],
});
const folds: Folds = {
  "dna:eu-1": {
    ...EMPTY_DNA,
    source: up,
    nodes: { "1:7": node("dna@10.0.0.7", "gone"), "1:8": node("<img src=x onerror=alert(1)>", "late") },
    owned: { "1:7": counts("1:7", 101_233) },
  },
  "dna:us-1": {
    ...EMPTY_DNA,
    source: { state: "down", since: epochMs(TEST_NOW - 240_000), reason: "connect ECONNREFUSED" },
  },
};

describe("Needs", () => {
  it("tells the worst first, with its evidence and the age of the count", () => {
    renderInConsole(<Needs />, { folds });
    const rows = screen.getAllByRole("listitem");
    expect(rows.map((row) => row.querySelector(".ttl")?.textContent)).toEqual([
      "Node dna@10.0.0.7 is gone, its keys are not yet taken over",
      "Source us-1 is down, its part of every page is old",
      "Node <img src=x onerror=alert(1)> is late, peers may judge it dead and take its keys",
    ]);
    expect(rows[0]?.textContent?.replaceAll("\u00a0", " ")).toContain("owns 101 233 keys");
    expect(document.querySelector("img")).toBeNull();
  });

  it("opens the finding of a number key", () => {
    const { went } = renderInConsole(<Needs />, { folds });
    fireEvent.keyDown(window, { key: "1" });
    fireEvent.keyDown(window, { key: "7" });
    expect(went).toEqual(["/topology?of=eu-1&node=1%3A7"]);
  });

  it("offers the failover to whoever may, and the node to whoever may not", () => {
    const { unmount } = renderInConsole(<Needs />, { folds });
    expect(screen.getByRole("button", { name: "Fail over…" })).toBeTruthy();
    unmount();
    renderInConsole(<Needs />, { folds, role: "viewer", permissions: ["dna:read"] });
    expect(screen.queryByRole("button", { name: "Fail over…" })).toBeNull();
    expect(screen.getAllByRole("link", { name: "Open node" })).toHaveLength(2);
  });

  it("says that nothing is needed only when it knows", () => {
    const { unmount } = renderInConsole(<Needs />);
    expect(screen.queryByText("Nothing needs a person now.")).toBeNull();
    unmount();
    renderInConsole(<Needs />, { folds: {} });
    expect(screen.getByText("Nothing needs a person now.")).toBeTruthy();
  });
});

describe("a finding that somebody takes on", () => {
  const failure = { stepId: 3, actionClass: "A::Upload", exceptionClass: "Errno::ENOSPC", message: "full", gist: "g" };
  const paused: PlanFold = {
    label: "A::Publish",
    state: "paused",
    result: "error",
    rootActionClass: "A::Publish",
    startedAt: null,
    endedAt: null,
    steps: null,
    stepCount: 3,
    failure,
    stateSince: epochMs(TEST_NOW - 60_000),
    movedAt: epochMs(TEST_NOW - 60_000),
    unlockedSince: null,
  };
  const dynflow = { ...EMPTY_DYNFLOW, source: up, plans: { p1: paused, p2: paused } };
  const stream = "dynflow:foreman";
  const [need] = attention({ [stream]: dynflow }, epochMs(TEST_NOW));
  const finding = need?.id ?? "";
  const actor = { user: "mira", role: "operator", address: "::1", reason: "looking at the disk" } as const;
  const taken: Folds = {
    [stream]: { ...dynflow, plans: { ...dynflow.plans, p3: paused } },
    operator: {
      ...EMPTY_OPERATOR,
      acknowledgements: {
        [finding]: {
          finding,
          stream,
          severity: "failed",
          count: 2,
          until: epochMs(TEST_NOW + 600_000),
          by: actor,
          at: epochMs(TEST_NOW - 1_000),
        },
      },
    },
  };

  it("says what can be done about it, and offers to resume all", () => {
    renderInConsole(<Needs />, { folds: { [stream]: dynflow } });
    const row = screen.getByRole("listitem");
    expect(row.textContent?.replaceAll("\u00a0", " ")).toContain("2 plans are paused on the same error at A::Upload");
    expect(row.textContent).toContain("→ Mend the cause, then resume");
    expect(screen.getByRole("button", { name: "Resume all…" })).toBeTruthy();
  });

  it("is sent with what was seen, for as long as was chosen, and for a reason", async () => {
    const procedures = {
      "attention.acknowledge": () => ({ journalId: "j", phase: "verified", note: null, until: "" }),
    };
    const { asked } = renderInConsole(<Needs />, { folds: { [stream]: dynflow }, procedures });
    fireEvent.click(screen.getByRole("button", { name: "I have it…" }));
    const dialog = await screen.findByRole("dialog");
    fireEvent.change(within(dialog).getByLabelText("For how long"), { target: { value: "240" } });
    fireEvent.change(within(dialog).getByLabelText(/^Reason/), { target: { value: "looking at the disk" } });
    fireEvent.click(within(dialog).getByRole("button", { name: "Take it on for 4 hours" }));
    await waitFor(() => expect(asked.some(({ path }) => path === "attention.acknowledge")).toBe(true));
    expect(asked.find(({ path }) => path === "attention.acknowledge")?.input).toMatchObject({
      finding,
      expectedSeverity: "failed",
      expectedCount: 2,
      minutes: 240,
      reason: "looking at the disk",
    });
  });

  it("stands apart with whoever has it, how long, why, and what has come since", () => {
    renderInConsole(<Needs />, { folds: taken });
    expect(screen.getByText("Nothing else needs a person now.")).toBeTruthy();
    const row = within(screen.getByRole("list", { name: "Taken on" })).getByRole("listitem");
    expect(row.textContent).toMatch(/mira has it until .*: looking at the disk; 1 more since/);
    expect(screen.getByRole("button", { name: "Let go…" })).toBeTruthy();
  });

  it("is nothing that a viewer can do", () => {
    renderInConsole(<Needs />, { folds: { [stream]: dynflow }, role: "viewer", permissions: ["plans:read"] });
    expect(screen.queryByRole("button", { name: "I have it…" })).toBeNull();
    expect(screen.queryByRole("button", { name: "Resume all…" })).toBeNull();
  });
});

describe("Sources", () => {
  it("says how soon a source finds new plans, and what that costs it", () => {
    const sample = { asOf: epochMs(TEST_NOW), readMs: 3, lapMs: 40_000, lookMs: 6_000, databaseShare: 0.0021 };
    renderInConsole(<Sources />, {
      folds: { "dynflow:foreman": { ...EMPTY_DYNFLOW, source: up } },
      samples: { "dynflow:foreman": sample },
    });
    const row = screen.getByText("foreman").closest("tr");
    expect(row?.textContent).toMatch(/lap 40.s, at most 0\.2 %/);
    expect(within(row ?? document.body).getByTitle(/finds new plans within .*looks only every/)).toBeTruthy();
  });

  it("shows no read time for a source that is down, and since when it is", () => {
    const samples = { "dna:us-1": { asOf: epochMs(TEST_NOW - 240_000), readMs: 4 } };
    renderInConsole(<Sources />, { folds, samples });
    const row = screen.getByText("us-1").closest("tr");
    expect(row?.textContent).toContain("–");
    expect(row?.querySelector(".t-failed")).not.toBeNull();
    expect(screen.getByText("1 of 2 up")).toBeTruthy();
  });
});

describe("Bundle", () => {
  const span = { from: TEST_NOW - 3_600_000, to: TEST_NOW };
  const draw = (count: number, knownFrom = span.from) => {
    const nodes = Array.from(
      { length: count },
      (_, index) => [`1:${index}`, node(`n${index}`, index === 1 ? "gone" : "alive")] as const,
    );
    return renderInConsole(
      <Bundle
        width={240}
        lines={nodeLines(nodes, [], span)}
        span={span}
        knownFrom={knownFrom}
        heardTo={null}
        label="nodes"
      />,
    ).container;
  };
  it("draws one line a node and names those that are not simply well", () => {
    const drawing = draw(4);
    expect(drawing.querySelectorAll(".wl")).toHaveLength(4);
    expect([...drawing.querySelectorAll(".odd text")].map((text) => text.textContent)).toEqual(["n1"]);
  });
  it("hatches what was not read", () => {
    expect(draw(2, TEST_NOW - 1_800_000).querySelector('rect[fill="url(#hatch)"]')).not.toBeNull();
  });
  it("keeps its height for many nodes, and its labels apart", () => {
    const thousand = draw(1_000);
    expect(Number(thousand.querySelector("svg")?.getAttribute("height"))).toBeLessThan(130);
    expect(thousand.querySelectorAll(".wl")).toHaveLength(1);
    expect(thousand.querySelector(".band")).not.toBeNull();
    expect(pitchOf(4)).toBe(8);
    const places = labelPlaces([10, 11, 12], 112);
    expect(places).toEqual([10, 21, 32]);
  });
});
