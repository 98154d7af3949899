// @vitest-environment happy-dom
import { act, fireEvent, screen, waitFor, within } from "@testing-library/react";
import { describe, expect, it } from "vitest";
import { renderInConsole, TEST_NOW } from "#components/ui/render.test-kit.tsx";
import { EMPTY_DNA, type NodeFold } from "#server/contract/fold/dna.ts";
import { epochMs } from "#server/kernel/clock.ts";
import { InsideNode } from "./inside-node.tsx";
import { sortInstances } from "./instance-order.ts";

const ID = "1795300000000:7";
const STREAM = "dna:eu-1";
const node: NodeFold = {
  cluster: "prod",
  node: "dna@a",
  createdAt: epochMs(1_795_300_000_000),
  nodeId: "7",
  state: "alive",
  since: epochMs(TEST_NOW - 60_000),
  silentMsThen: 0,
  evidence: "its heartbeat changed",
  flags: {},
  firstSeenAt: epochMs(TEST_NOW - 90_000),
};
const counted = {
  asOf: epochMs(TEST_NOW - 22 * 60_000),
  counts: [{ incarnationId: ID, namespace: "demo", moduleId: 0, keys: 101_233 }],
};
const folds = { [STREAM]: { ...EMPTY_DNA, nodes: { [ID]: node }, owned: { [ID]: counted } } };

const at = new Date(TEST_NOW - 3_000).toISOString();
const told = {
  asOf: at,
  faults: [],
  node: "dna@a",
  configured: true,
  evaluate: false,
  link: { state: "connected", reason: null, retryInMs: null },
  identity: ID,
  identityAt: at,
  verdict: { kind: "alive", detail: "its node answered under this identity 3.0 s ago" },
  failure: null,
  abilities: { otpRelease: "25", elixir: "1.14.0", missing: [{ ability: "top", reason: "evaluate is off" }] },
  partitions: [
    { index: 0, alive: true, running: 3_000 },
    { index: 1, alive: false, running: 104 },
  ],
  partitionsAt: at,
  running: 3_104,
  vitals: {
    processes: 4_000,
    processLimit: 262_144,
    atoms: 20_000,
    atomLimit: 1_048_576,
    runQueue: 0,
    schedulersOnline: 4,
    memoryBytes: { total: 64_000_000, processes: 20_000_000, binary: 1_000_000, ets: 2_000_000, atom: 500_000 },
    uptimeMs: 3_600_000,
  },
  vitalsAt: at,
  lastRefreshMs: 8_000,
  refreshAt: at,
};
const process = { memoryBytes: 2_600, mailbox: 0, status: "waiting", currentFunction: "gen_server:loop/7" };
const procedures = (over: object = {}) => ({
  "dna.beam.node": () => ({ ...told, ...over }),
  "dna.beam.peers": () => ({ asOf: at, faults: [], lastRefreshMs: 100, unreadable: 0, peers: [], unlisted: [] }),
  "dna.beam.doubles": () => ({
    asOf: at,
    faults: [],
    configured: true,
    coverage: {
      startedAt: at,
      finishedAt: at,
      nodes: 2,
      instances: 3_104,
      slices: 1,
      missed: [{ node: "dna@c", reason: "no answer" }],
    },
    nodesAsked: 3,
    nodesAnswering: 2,
  }),
  "dna.types.list": () => ({ asOf: at, faults: [], types: [{ namespace: "demo", moduleId: 0, module: "City" }] }),
  "dna.beam.partition": () => ({
    asOf: at,
    faults: [],
    instances: [{ namespace: "demo", moduleId: 0, name: "berlin", partition: 0, ref: "<0.1.0>", process }],
    more: true,
  }),
  "dna.beam.top": () => ({
    asOf: at,
    faults: [],
    found: "largest by mailbox and memory",
    among: 5_000,
    entries: [
      {
        namespace: "demo",
        moduleId: 0,
        name: "hot",
        partition: 0,
        ref: "<0.2.0>",
        phase: "pending_storage",
        buffered: 900,
        mailbox: 2,
        memoryBytes: 9_000,
        backlog: 902,
      },
      {
        namespace: "demo",
        moduleId: 0,
        name: "shut",
        partition: 0,
        ref: "<0.3.0>",
        phase: "in a callback",
        buffered: null,
        mailbox: 7,
        memoryBytes: 9_000,
        backlog: null,
      },
    ],
  }),
});
const text = () => document.body.textContent?.replaceAll("\u00a0", " ") ?? "";
const draw = (over: object = {}) =>
  renderInConsole(<InsideNode source="eu-1" incarnation={ID} />, { folds, procedures: procedures(over) });

describe("inside a node", () => {
  it("sets what runs beside what is owned, each with its source and age", async () => {
    draw();
    await screen.findByText("it lives");
    expect(text()).toMatch(/owned101 233census .+ ago/);
    expect(text()).toMatch(/running3 104live/);
    expect(text()).toContain("8.0 s earlier, late");
    expect(screen.getByText("is down")).toBeTruthy();
    expect(text()).toContain("find the largest backlog on the node");
  });

  it("lists the instances of a partition that is pressed, and says that there are more", async () => {
    draw();
    fireEvent.click(await screen.findByRole("button", { name: "Partition 0, list its instances" }));
    await waitFor(() => expect(text()).toContain("1 shown, there are more"));
    expect(screen.getByRole("button", { name: "Partition 0, hide its instances" }).getAttribute("aria-pressed")).toBe(
      "true",
    );
  });

  it("looks for the largest backlog when it is asked to, and calls none a backlog that could not be read", async () => {
    const { asked } = draw();
    const button = await screen.findByRole("button", { name: "Find the largest of this node" });
    expect(asked.map(({ path }) => path)).not.toContain("dna.beam.top");
    await act(async () => fireEvent.click(button));
    const table = await screen.findByRole("table", { name: "Largest backlog" });
    expect(within(table).getByText("902")).toBeTruthy();
    expect(within(table).getByText("≥ 7")).toBeTruthy();
    expect(text()).toContain("among the first 5 000 of more");
  });

  it("shows nothing of another incarnation that bears the name now, and links to it", async () => {
    draw({ identity: "1795300009999:8", verdict: { kind: "dead", detail: "its node is another now" } });
    const link = await screen.findByRole("link", { name: "another incarnation" });
    expect(link.getAttribute("href")).toBe("/nodes/eu-1/1795300009999%3A8?tab=inside");
    expect(text()).toContain("Its node is another incarnation now.");
    expect(screen.queryByRole("table", { name: "Partitions" })).toBeNull();
  });

  it("tells the keys of it that run elsewhere too, and what was compared to find them", async () => {
    const doubled = {
      "demo:0:twin": {
        ...{ namespace: "demo", moduleId: 0, name: "twin", evidence: "seen on both", since: epochMs(TEST_NOW) },
        instances: [
          { node: "dna@a", incarnation: ID },
          { node: "dna@b", incarnation: null },
        ],
      },
    };
    renderInConsole(<InsideNode source="eu-1" incarnation={ID} />, {
      folds: { [STREAM]: { ...EMPTY_DNA, nodes: { [ID]: node }, doubled } },
      procedures: procedures(),
    });
    const table = await screen.findByRole("table", { name: "Keys that run elsewhere too" });
    expect(within(table).getByRole("link", { name: "twin" })).toBeTruthy();
    expect(within(table).getByText("dna@b")).toBeTruthy();
    await waitFor(() => expect(text()).toContain("3 104 instances of 2 nodes were compared"));
    expect(text()).toContain("Not covered: dna@c (no answer)");
  });

  it("says without access what is missing and how it is had", async () => {
    draw({
      configured: false,
      link: null,
      identity: null,
      partitions: null,
      verdict: { kind: "not-configured", detail: null },
    });
    await screen.findByText("No access to the nodes of this source is configured");
    expect(text()).toContain("cookieFile");
  });

  it("of the past shows the link as it was known, asks nothing, and says what is not kept", () => {
    const beam = {
      "dna@a": {
        cluster: "prod",
        state: "unreachable" as const,
        reason: "no answer",
        identity: null,
        since: epochMs(1),
      },
    };
    const { asked } = renderInConsole(<InsideNode source="eu-1" incarnation={ID} />, {
      past: { folds: { [STREAM]: { ...folds[STREAM], beam } } as never },
      procedures: {},
    });
    expect(text()).toContain("unreachable");
    expect(text()).toContain("not kept");
    expect(asked).toEqual([]);
  });
});

it("sorts instances by any column, equals by name", () => {
  const line = (name: string, mailbox: number) => ({
    namespace: "demo",
    moduleId: 0,
    name,
    partition: 0,
    ref: name,
    process: { ...process, mailbox },
  });
  const lines = [line("b", 1), line("c", 5), line("a", 1)];
  const names = (by: "mailbox" | "name", descending: boolean) =>
    sortInstances(lines, { by, descending }).map(({ name }) => name);
  expect(names("mailbox", true)).toEqual(["c", "a", "b"]);
  expect(names("name", false)).toEqual(["a", "b", "c"]);
});
