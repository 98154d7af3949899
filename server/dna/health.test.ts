import { describe, expect, it } from "vitest";
import { type DnaFold, EMPTY_DNA, type NodeFold } from "#server/contract/fold/dna.ts";
import type { StreamSample } from "#server/contract/live.ts";
import { HEALTH_CHECKS, type HealthCheckId } from "#server/contract/view/health-checks.ts";
import { type EpochMs, epochMs } from "#server/kernel/clock.ts";
import { type KeyspaceFacts, PLAIN_CQL, SCYLLA_CQL } from "./domain/keyspace-facts.ts";
import { type HealthInput, judgeHealth } from "./health.ts";

const NOW = epochMs(1_795_326_407_000);
const ago = (ms: number): EpochMs => epochMs(NOW - ms);
const node = (name: string, over: Partial<NodeFold> = {}): NodeFold => ({
  cluster: "prod",
  node: name,
  createdAt: ago(3_600_000),
  nodeId: "1",
  state: "alive",
  since: ago(3_000_000),
  silentMsThen: 0,
  evidence: "",
  flags: {},
  firstSeenAt: ago(3_000_000),
  ...over,
});
const FACTS: KeyspaceFacts = {
  keyspace: "dna",
  product: "cassandra",
  version: "5.0.4",
  capabilities: PLAIN_CQL,
  tablets: "none",
  replication: { strategy: "NetworkTopologyStrategy", byDataCenter: { dc1: 3 } },
  gcGraceSec: 864_000,
};
const SCYLLA: KeyspaceFacts = { ...FACTS, product: "scylla", capabilities: SCYLLA_CQL, tablets: "off" };
const sampleOf = (over: Partial<StreamSample>): StreamSample => ({ asOf: NOW, readMs: 3, ...over });

const input = (over: Partial<Omit<HealthInput, "fold">> & { readonly fold?: Partial<DnaFold> } = {}): HealthInput => ({
  sample: sampleOf({ skewMs: 20, nodes: { "1:1": { silentMs: 0, load: 1, writeAgeMs: 3, clockHealth: 1 } } }),
  facts: FACTS,
  size: null,
  strangers: [],
  takeovers: [],
  beam: false,
  now: NOW,
  ...over,
  fold: { ...EMPTY_DNA, nodes: { "1:1": node("a") }, ...over.fold },
});
const judge = (id: HealthCheckId, over: Parameters<typeof input>[0] = {}) => judgeHealth(input(over)).get(id) ?? null;
const CONNECTED = { cluster: "prod", state: "connected", reason: null, identity: "1:1", since: NOW } as const;

describe("the checks of a source", () => {
  it("judge everything of the list, and what needs the nodes says so when nobody may ask there", () => {
    const verdicts = judgeHealth(input());
    expect([...verdicts.keys()].sort()).toEqual(HEALTH_CHECKS.map(({ id }) => id).sort());
    const unknown = [...verdicts].filter(([, { level }]) => level === "not-known").map(([id]) => id);
    expect(unknown.sort()).toEqual(["cascade", "doubles", "refresh", "takeover", "wide-partition"]);
    for (const id of ["cascade", "doubles", "refresh"] as const)
      expect(verdicts.get(id)?.evidence).toMatch(/needs access to the nodes .*`beam:`/);
    expect([...verdicts.values()].filter(({ level }) => level === "critical" || level === "warning")).toEqual([]);
  });

  it("two clusters that beat in one keyspace are critical, also one that is not followed", () => {
    const nodes = { "1:1": node("a"), "2:2": node("b", { cluster: "blue", state: "late" }) };
    expect(judge("one-cluster", { fold: { nodes } })).toMatchObject({ level: "critical", about: ["blue", "prod"] });
    const strangers = [{ cluster: "green", beating: 3 }];
    expect(judge("one-cluster", { strangers })).toMatchObject({ level: "critical", about: ["green", "prod"] });
    expect(judge("one-cluster", { strangers: [{ cluster: "green", beating: 0 }] })?.level).toBe("ok");
    const silent = { "1:1": node("a"), "2:2": node("b", { cluster: "blue", state: "silent" }) };
    expect(judge("one-cluster", { fold: { nodes: silent } })?.level).toBe("ok");
  });

  it("nothing good is said of clusters while nodes are not judged yet", () => {
    expect(judge("one-cluster", { fold: { nodes: { "1:1": node("a", { state: "observing" }) } } })).toBeNull();
  });

  it.each([
    [FACTS, "ok"],
    [SCYLLA, "ok"],
    [{ ...SCYLLA, tablets: "on", version: "2025.3.1" }, "critical"],
    [{ ...SCYLLA, tablets: "on", version: "2025.4.0" }, "ok"],
    [{ ...SCYLLA, tablets: "not-told", version: "2025.1.0" }, "not-known"],
  ] as const)("tablets of %j: %s", (facts, level) => {
    expect(judge("tablets", { facts })?.level).toBe(level);
  });

  it("keyspaces and data centres are not judged before the database has told", () => {
    expect(judge("tablets", { facts: null })).toBeNull();
    expect(judge("data-centers", { facts: null })).toBeNull();
  });

  it("copies in several data centres are told with their numbers, even when the console reads one", () => {
    const facts = { ...FACTS, replication: { ...FACTS.replication, byDataCenter: { dc1: 3, dc2: 2 } } };
    expect(judge("data-centers", { facts })).toMatchObject({ level: "warning", about: ["dc1", "dc2"] });
    expect(judge("data-centers")?.level).toBe("ok");
  });

  it("a name that beats twice is critical, once for each name", () => {
    const conflict = { flags: { name_conflict: "both beat" } };
    const nodes = { "1:1": node("a", conflict), "2:2": node("a", conflict) };
    expect(judge("names", { fold: { nodes } })).toMatchObject({ level: "critical", about: ["a"] });
  });

  it("a key that was taken from a beating owner is told for a day, the latest first", () => {
    const takeovers = [
      { at: ago(3_600_000), text: "k1 went from a to b", about: "k1" },
      { at: ago(1_000), text: "k2 went from a to b", about: "k2" },
    ];
    expect(judge("takeover", { takeovers })).toMatchObject({ level: "warning", about: ["k1", "k2"] });
    expect(judge("takeover", { takeovers })?.evidence).toBe("k2 went from a to b; 2\u00a0times within a day.");
    expect(judge("takeover", { takeovers: [{ ...takeovers[0], at: ago(25 * 3_600_000) }] as never })?.level).toBe(
      "not-known",
    );
    const census = { startedAt: NOW, finishedAt: NOW, rows: 1, unreadableRows: 0, types: [], otherKeys: 0 };
    expect(judge("takeover", { fold: { census } })?.level).toBe("ok");
  });

  it("a node that lost its actors at once is acute for ten minutes, and told for a day", () => {
    const fell = (at: EpochMs) => ({ "1:1": { node: "a", at, before: 500, after: 3, withinMs: 6_000 } });
    expect(judge("cascade", { fold: { fell: fell(ago(60_000)) } })).toMatchObject({ level: "critical", about: ["a"] });
    expect(judge("cascade", { fold: { fell: fell(ago(3_600_000)) } })?.level).toBe("warning");
    expect(judge("cascade", { beam: true, fold: { fell: fell(ago(90_000_000)), beam: { a: CONNECTED } } })?.level).toBe(
      "ok",
    );
  });

  it("a key with two instances is critical, and not told of while no node answers", () => {
    const instances = [
      { node: "a", incarnation: "1:1" },
      { node: "b", incarnation: "2:2" },
    ];
    const doubled = { k: { namespace: "eu", moduleId: 0, name: "x", instances, evidence: "", since: NOW } };
    expect(judge("doubles", { fold: { doubled } })).toMatchObject({ level: "critical", about: ["eu / 0 x"] });
    expect(judge("doubles", { beam: true })?.level).toBe("not-known");
    expect(judge("doubles", { beam: true, fold: { beam: { a: CONNECTED } } })?.level).toBe("ok");
  });

  it.each([
    [6_900, 0, "ok"],
    [7_100, 0, "warning"],
    [10_000, 0, "critical"],
    [12_000, 180_000, "not-known"],
  ] as const)("a refresh %d ms ago, told %d ms ago, is %s", (refreshMs, toldAgoMs, level) => {
    const beam = { "1:1": { asOf: ago(toldAgoMs), running: 1, refreshMs } };
    expect(judge("refresh", { beam: true, sample: sampleOf({ beam }) })?.level).toBe(level);
  });

  it("slow clocks are told with the worst of them; those of the dead are not", () => {
    const nodes = { "1:1": node("a"), "2:2": node("b"), "3:3": node("c", { state: "gone" }) };
    const health = (clockHealth: number | null) => ({ silentMs: 0, load: null, writeAgeMs: null, clockHealth });
    const samples = { "1:1": health(0.52), "2:2": health(0.89), "3:3": health(0.1) };
    const verdict = judge("clocks", { fold: { nodes }, sample: sampleOf({ nodes: samples }) });
    expect(verdict).toMatchObject({ level: "warning", about: ["a", "b"] });
    expect(verdict?.evidence).toContain("a runs at 0.52");
    expect(judge("clocks", { sample: sampleOf({ nodes: { "1:1": health(null) } }) })?.level).toBe("not-known");
  });

  it.each([
    [null, "not-known"],
    [300, "ok"],
    [4_999, "ok"],
    [5_000, "critical"],
  ] as const)("coordinators %s ms apart: %s", (skewMs, level) => {
    expect(judge("skew", { sample: sampleOf({ skewMs }) })?.level).toBe(level);
  });

  it("coordinators that are apart by more than can be told are held apart sooner, as a release is", () => {
    const judged = (skewMs: number) => judge("skew", { sample: sampleOf({ skewMs, skewIsLeast: true }) });
    expect(judged(2_000)?.level).toBe("ok");
    expect(judged(2_500)).toMatchObject({ level: "critical" });
    expect(judged(2_500)?.evidence).toContain("at least");
  });

  it("a type of over ten million rows is told from the census, else by the sizes of the database", () => {
    const census = (rows: number) => ({
      ...{ startedAt: NOW, finishedAt: NOW, rows, unreadableRows: 0, otherKeys: 0 },
      types: [{ namespace: "eu", moduleId: 0, rows }],
    });
    expect(judge("wide-partition", { fold: { census: census(10_000_001) } })).toMatchObject({
      level: "warning",
      about: ["eu / 0"],
    });
    expect(judge("wide-partition", { fold: { census: census(10_000_000) } })?.level).toBe("ok");
    const size = { rows: null, bytes: null, hostsAsked: 1, hostsAnswered: 1 };
    expect(judge("wide-partition", { size: { ...size, largestPartitionBytes: 1_100_000_000 } })?.level).toBe("warning");
    expect(judge("wide-partition", { size: { ...size, largestPartitionBytes: 1_000 } })?.level).toBe("ok");
  });

  it("rows that cannot be read are told by their keys", () => {
    const unreadable = { "nodes/prod/1": { cluster: "prod", reason: "node is empty" } };
    expect(judge("rows", { fold: { unreadable } })).toMatchObject({ level: "warning", about: ["nodes/prod/1"] });
  });
});
