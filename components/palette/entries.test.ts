import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { routes } from "#components/ui/routes.ts";
import { EMPTY_DNA, type NodeFold } from "#server/contract/fold/dna.ts";
import { EMPTY_DYNFLOW, type PlanFold, type WorldFold } from "#server/contract/fold/dynflow.ts";
import { agentsWith, anAgent, anApp, hafWith, recordOf } from "#server/contract/view/estate.test-kit.ts";
import { epochMs } from "#server/kernel/clock.ts";
import { actorOf, entriesOf, GROUP_MAX, type Known, search } from "./entries.ts";

const PLAN = "7be1c0de-41f3-4f0a-9a52-5d0c6c3f1b80";
const plan: PlanFold = {
  label: "Actions::Katello::ContentView::Publish",
  state: "paused",
  result: "error",
  rootActionClass: "Actions::Katello::ContentView::Publish",
  startedAt: null,
  endedAt: null,
  steps: null,
  stepCount: 0,
  failure: null,
  stateSince: epochMs(0),
  movedAt: epochMs(0),
  unlockedSince: null,
};
const node = (name: string, state: NodeFold["state"]): NodeFold => ({
  cluster: "prod",
  node: name,
  createdAt: epochMs(0),
  nodeId: "1",
  state,
  since: epochMs(0),
  silentMsThen: 0,
  evidence: "",
  flags: {},
  firstSeenAt: epochMs(0),
});
const A_WORLD: WorldFold = {
  class: "Dynflow::Coordinator::ExecutorWorld",
  executor: true,
  active: true,
  hostname: null,
  pid: 7,
  queues: {},
  lastSeenText: null,
  unreadable: null,
  seenSince: epochMs(0),
  ping: null,
};
const known: Known = {
  folds: {
    "dna:eu-1": { ...EMPTY_DNA, nodes: { "1:1": node("dna@10.0.1.9", "alive"), "1:2": node("dna@10.0.1.17", "gone") } },
    "dynflow:foreman": { ...EMPTY_DYNFLOW, plans: { [PLAN]: plan } },
  },
  pages: [{ title: "Plans", href: routes.plans(), key: "P" }],
  types: [{ source: "eu-1", namespace: "weather", moduleId: 0, module: "City" }],
  plan: null,
  actor: null,
  idle: new Map(),
  refusals: {
    ...{ resume: null, failover: "Needs admin", drain: null, stop: null, ping: null, invalidate: null },
    scenario: null,
  },
  readOnly: { on: false, refusal: null },
  demo: true,
};
const titles = (text: string) =>
  search(entriesOf(known), text).flatMap(({ entries }) => entries.map(({ title }) => title));

describe("the palette", () => {
  it("finds a plan by label, by id and by a part of its id", () => {
    expect(titles("publish")).toContain("ContentView::Publish");
    expect(titles(PLAN)).toContain("ContentView::Publish");
    expect(titles("41f3")).toContain("ContentView::Publish");
  });

  it("finds stacks, apps, agents, gateways, receivers, hosts by any of their names, and life cycles", () => {
    const at = epochMs(0);
    const folds: Known["folds"] = {
      ...known.folds,
      "haf:hive": hafWith({ apps: recordOf([["hivemind", anApp()]]) }),
      "ingest:agents": agentsWith(recordOf([["edge-7", anAgent("web1.example.org", ["10.0.1.9"])]]), {
        gateways: recordOf([["gw1:100", { state: "up", since: at, host: "gw1", evidence: "", receivers: {} }]]),
        pipeline: {
          ...{ types: [], routes: [], inactiveAfterMs: 7_000, poa: false },
          receivers: [{ id: "points", use: "sqlite-table", overflow: "block", capacity: 100 }],
        },
      }),
    };
    const find = (text: string) =>
      search(entriesOf({ ...known, folds }), text).flatMap(({ group, entries }) =>
        entries.map(({ title, act }) => `${group} ${title} ${act.kind === "go" ? act.href : act.kind}`),
      );
    expect(find("hive stack")).toEqual(["HAF hive /haf?source=hive"]);
    expect(find("hivemind")).toEqual(["HAF hivemind /haf?source=hive&app=hivemind"]);
    expect(find("edge-7")).toContain("Agents edge-7 /agents/edge-7");
    expect(find("gw1:100")).toContain("Agents gw1:100 /topology?thing=gateway&of=agents&id=gw1%3A100");
    expect(find("points")).toContain("Agents points /pipeline?receiver=points");
    expect(find("host 10.0.1.9")).toContain("Hosts web1.example.org /topology?host=web1.example.org");
    expect(find("life cycle plan").some((line) => line.endsWith("/lifecycles?kind=plan"))).toBe(true);
    expect(find("architecture")).toContain("Pages Architecture /architecture");
    expect(find("pipeline").some((line) => line.startsWith("Pages Pipeline"))).toBe(true);
  });

  it("finds nodes, actor types and pages", () => {
    expect(titles("10.0.1.9")).toContain("dna@10.0.1.9");
    expect(titles("weather city")).toEqual(["weather / 0 City"]);
    expect(titles("plans")[0]).toBe("Plans");
  });

  it("offers what can be done, and keeps what is refused with its reason", () => {
    const found = search(entriesOf(known), "");
    const actions = found.find(({ group }) => group === "Actions")?.entries ?? [];
    expect(actions.map(({ title, refusal }) => [title, refusal])).toEqual([
      ["Fail over dna@10.0.1.17…", "Needs admin"],
      ["Resume ContentView::Publish…", null],
      ["Make everything read-only…", null],
    ]);
  });

  it("offers what can be done to the plan whose page is open, what is refused with its reason", () => {
    const refusals = { start: "It is paused", skip: null, cancel: "It is paused", abort: "It is paused", halt: null };
    const open: Known = {
      ...known,
      plan: { source: "foreman", planId: PLAN, name: "Actions::Katello::ContentView::Publish", stepId: 7, refusals },
    };
    const actions = search(entriesOf(open), "").find(({ group }) => group === "Actions")?.entries ?? [];
    expect(actions.slice(0, 5).map(({ title, refusal }) => [title, refusal])).toEqual([
      ["Start ContentView::Publish now…", "It is paused"],
      ["Skip in ContentView::Publish…", null],
      ["Cancel ContentView::Publish…", "It is paused"],
      ["Abort steps of ContentView::Publish…", "It is paused"],
      ["Halt ContentView::Publish…", null],
    ]);
    expect(actions[4]?.act).toEqual({ kind: "plan-act", source: "foreman", planId: PLAN, stepId: 7, act: "halt" });
    const ids = entriesOf(open).map(({ id }) => id);
    expect(new Set(ids).size).toBe(ids.length);
  });

  it("offers on a found node, world or actor what its page does, by the page's own dialog", () => {
    const actor = { source: "eu-1", namespace: "weather", moduleId: 0, name: "ljubljana" };
    const world = { ...A_WORLD, hostname: "exec-one" };
    const folds: Known["folds"] = {
      ...known.folds,
      "dynflow:foreman": { ...EMPTY_DYNFLOW, worlds: { w1: world } },
    };
    const acts = (text: string, over: Partial<Known> = {}) =>
      search(entriesOf({ ...known, demo: false, folds, actor, ...over }), text)
        .flatMap(({ entries }) => entries)
        .filter(({ group }) => group === "Actions");
    expect(acts("10.0.1.9").map(({ title, act }) => [title, act])).toEqual([
      ["Drain and stop dna@10.0.1.9…", { kind: "drain", source: "eu-1", incarnation: "1:1" }],
    ]);
    // The keys of one that is dead are failed over; there is nothing left to drain.
    expect(acts("10.0.1.17").map(({ act }) => act.kind)).toEqual(["failover"]);
    expect(acts("invalidate exec-one").map(({ title, act }) => [title, act])).toEqual([
      ["Invalidate exec-one…", { kind: "invalidate", source: "foreman", worldId: "w1" }],
    ]);
    expect(acts("stop ljubljana").map(({ title, act }) => [title, act])).toEqual([
      ["Stop actor ljubljana…", { kind: "stop", place: actor }],
    ]);
    // Nothing typed: what is of every node and world there is does not bury the rest.
    const first = acts("").map(({ act }) => act.kind);
    expect(first).toContain("stop");
    for (const kind of ["drain", "invalidate", "ping"]) expect(first).not.toContain(kind);
    const off = "Acting on this source is switched off (act: false).";
    const idle = new Map([["eu-1", off]]);
    expect(acts("drain", { idle }).map(({ refusal }) => refusal)).toEqual([off]);
    const refused = { ...known.refusals, drain: "Not live", stop: "Not live", invalidate: "Not live" };
    for (const text of ["drain", "stop ljubljana", "invalidate"])
      expect(acts(text, { refusals: refused }).map(({ refusal }) => refusal)).toContain("Not live");
  });

  it("offers scenarios only in the demo", () => {
    expect(titles("kill")).toEqual(["Kill dna@10.0.1.9"]);
    expect(search(entriesOf({ ...known, demo: false }), "kill")).toEqual([]);
  });

  it("shows of each group no more than fits, and says how many more there are", () => {
    const nodes = Object.fromEntries(Array.from({ length: 30 }, (_, at) => [`1:${at}`, node(`dna@n${at}`, "alive")]));
    const [found] = search(
      entriesOf({ ...known, demo: false, folds: { "dna:eu-1": { ...EMPTY_DNA, nodes } } }),
      "dna@",
    );
    expect(found?.entries).toHaveLength(GROUP_MAX);
    expect(found?.more).toBe(30 - GROUP_MAX);
  });

  it("has ids that are its own, and finds for any text only what contains each of its words", () => {
    const entries = entriesOf(known);
    expect(new Set(entries.map(({ id }) => id)).size).toBe(entries.length);
    fc.assert(
      fc.property(fc.stringMatching(/^[a-z0-9 .:@]{1,12}$/), (text) => {
        const words = text.split(/\s+/).filter((word) => word !== "");
        if (words.length === 0) return;
        for (const { entries: found } of search(entries, text))
          for (const each of found) {
            const all = `${each.title} ${each.detail} ${each.words}`.toLowerCase();
            for (const word of words) expect(all).toContain(word);
          }
      }),
    );
  });
});

describe("actorOf", () => {
  it("reads namespace, module and name, the name as it is", () => {
    expect(actorOf("weather/0/a/b c")).toEqual({ namespace: "weather", moduleId: 0, name: "a/b c" });
    expect(actorOf("weather/x/a")).toBeNull();
  });
});
