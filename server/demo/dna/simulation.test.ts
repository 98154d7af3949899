import { describe, expect, it } from "vitest";
import { epochMs } from "#server/kernel/clock.ts";
import { simulatedKey } from "./database.ts";
import { createSimulation, type SimulationOptions } from "./simulation.ts";
import type { TraceEvent } from "./trace.ts";

const START = epochMs(1_795_300_000_000);
const TYPE = { namespace: "n", moduleId: 0 };
const KEYS = 40;

function world(options: Partial<SimulationOptions> = {}, names: readonly string[] = ["a", "b", "c"]) {
  const simulation = createSimulation({ seed: 5, startEpoch: START, ...options });
  const events: TraceEvent[] = [];
  simulation.onTrace((event) => events.push(event));
  simulation.addKeyspace("dna");
  for (const name of names) simulation.addNode({ keyspace: "dna", cluster: "prod", name, uptimeMs: 3_600_000 });
  const baseOwners = simulation.nodes().map((node) => node.worker().incarnation);
  const table = simulation.addActorType("dna", { ...TYPE, prefix: "k", count: KEYS, baseOwners, claimedWithinMs: 1 });
  const key = (index: number) => simulatedKey(table, table.nameAt(index));
  return {
    simulation,
    events,
    key,
    /** The first key that this node owns. */
    keyOf: (name: string) => {
      const { id } = simulation.node(name).worker().incarnation;
      const index = Array.from({ length: KEYS }, (_, each) => each).find((each) => {
        return table.get(table.nameAt(each))?.owner?.id === id;
      });
      return key(index ?? 0);
    },
    ask: (name: string, which: ReturnType<typeof key>) => simulation.node(name).execute(which),
    rows: () =>
      simulation.database
        .nodes("dna", "prod")
        .map((row) => row.node)
        .toSorted(),
    beatsOf: (name: string) => events.filter((event) => event.kind === "beat" && event.vm === name).map(({ at }) => at),
    count: (kind: TraceEvent["kind"]) => events.filter((event) => event.kind === kind).length,
    raised: () => events.flatMap((event) => (event.kind === "raised" ? event.reason : [])),
  };
}

describe("the core", () => {
  it("gives the same history for the same seed, and another for another", () => {
    const play = (seed: number) => {
      const { simulation, events } = world({ seed });
      simulation.addLoad("dna", "prod", { requestsPerSecond: 3, hotKeys: 20 });
      simulation.queue.after(20_000, () => simulation.scenarios.killNode("b"));
      simulation.runUntil(60_000);
      return JSON.stringify(events);
    };
    expect(play(1)).toBe(play(1));
    expect(play(1)).not.toBe(play(2));
  });
  it("shifts nobody's draws by what befalls another: each entity has its own stream", () => {
    const quiet = world();
    const troubled = world();
    troubled.simulation.queue.after(20_000, () => troubled.simulation.scenarios.killNode("b"));
    for (const each of [quiet, troubled]) each.simulation.runUntil(60_000);
    expect(troubled.beatsOf("a")).toEqual(quiet.beatsOf("a"));
    expect(troubled.beatsOf("b").length).toBeLessThan(quiet.beatsOf("b").length);
  });
  it("does not depend on the steps in which it is run", () => {
    const once = world();
    const stepped = world();
    once.simulation.runUntil(30_000);
    for (let at = 0; at <= 30_000; at += 7) stepped.simulation.runUntil(at);
    stepped.simulation.runUntil(30_000);
    expect(stepped.events).toEqual(once.events);
  });
});

describe("a cluster worker", () => {
  it("beats 5 s after the end of its last refresh", () => {
    const { simulation, beatsOf } = world();
    simulation.runUntil(60_000);
    const beats = beatsOf("a").slice(1);
    const distances = beats.slice(1).map((at, index) => at - (beats[index] ?? 0));
    expect(Math.min(...distances)).toBeGreaterThan(5_000);
    expect(Math.max(...distances)).toBeLessThan(5_200);
  });
  it("that died leaves its row until a peer deletes it, 10 to 17 s later", () => {
    const { simulation, events, beatsOf, rows } = world();
    simulation.runUntil(20_000);
    simulation.scenarios.killNode("b");
    simulation.runUntil(60_000);
    const deleted = events.find((event) => event.kind === "row-deleted");
    const silentMs = (deleted?.at ?? 0) - (beatsOf("b").at(-1) ?? 0);
    expect(silentMs).toBeGreaterThan(10_000);
    expect(silentMs).toBeLessThan(17_000);
    expect(rows()).toEqual(["a", "c"]);
  });
  it("of a cluster that is wholly down leaves its row for ever", () => {
    const { simulation, rows } = world();
    simulation.runUntil(20_000);
    for (const name of ["a", "b", "c"]) simulation.scenarios.killNode(name);
    simulation.runUntil(600_000);
    expect(rows()).toEqual(["a", "b", "c"]);
  });
  it("comes back as a new incarnation under the old name", () => {
    const { simulation, rows } = world();
    const before = simulation.node("b").worker().id;
    simulation.runUntil(20_000);
    simulation.scenarios.killNode("b");
    simulation.scenarios.bringBack("b");
    simulation.runUntil(21_000);
    expect(rows().filter((node) => node === "b")).toHaveLength(2);
    expect(simulation.node("b").worker().id).not.toBe(before);
  });
  it("that goes on after a pause beats again under the same identity, or was fenced by a request", () => {
    const { simulation, rows } = world();
    const before = simulation.node("b").worker().id;
    simulation.runUntil(20_000);
    simulation.scenarios.freezeNode("b", 40_000);
    simulation.runUntil(50_000);
    expect(rows()).toEqual(["a", "c"]);
    simulation.runUntil(62_000);
    expect(rows()).toEqual(["a", "b", "c"]);
    expect(simulation.node("b").worker().id).toBe(before);
  });
  it("with a clock at under half speed flaps: deleted by its peers, back under the same identity", () => {
    const { simulation, events, rows } = world();
    simulation.runUntil(10_000);
    simulation.scenarios.slowClock("b", 0.45);
    simulation.runUntil(300_000);
    expect(events.filter((event) => event.kind === "row-deleted").length).toBeGreaterThan(3);
    expect(new Set(rows())).toContain("a");
    expect(simulation.node("b").vm.state()).toBe("running");
  });
  it("cut off from the database ends its VM", () => {
    const { simulation } = world();
    simulation.runUntil(10_000);
    simulation.scenarios.cutDatabase("b", 120_000);
    simulation.runUntil(80_000);
    expect(simulation.node("b").vm.state()).toBe("halted");
  });
});

describe("the way of a request", () => {
  it("is delivered at the owner, and forwarded to it from elsewhere", () => {
    const { simulation, events, keyOf, ask } = world();
    simulation.runUntil(12_000);
    ask("b", keyOf("b"));
    ask("a", keyOf("b"));
    simulation.runUntil(13_000);
    const delivered = events.flatMap((event) => (event.kind === "delivered" ? event.vm : []));
    expect(delivered).toEqual(["b", "b"]);
  });
  it("takes the key of a dead owner over, on ScyllaDB without an error", () => {
    const { simulation, events, keyOf, ask, raised } = world();
    simulation.runUntil(12_000);
    simulation.scenarios.killNode("b");
    simulation.runUntil(40_000);
    ask("a", keyOf("b"));
    simulation.runUntil(41_000);
    expect(events.filter((event) => event.kind === "owner-changed")).toMatchObject([{ by: "replace" }]);
    expect(events.at(-1)).toMatchObject({ kind: "delivered", vm: "a" });
    expect(raised()).toEqual([]);
  });
  it("raises in its caller on Cassandra although the claim was won, and works the next time", () => {
    const { simulation, keyOf, ask, raised, count } = world({ answers: "cassandra" });
    const key = keyOf("b");
    simulation.runUntil(12_000);
    simulation.scenarios.killNode("b");
    simulation.runUntil(40_000);
    ask("a", key);
    simulation.runUntil(41_000);
    expect(raised()).toHaveLength(1);
    expect(count("started")).toBe(1);
    ask("a", key);
    simulation.runUntil(42_000);
    expect(raised()).toHaveLength(1);
    expect(count("delivered")).toBe(1);
  });
  it("raises while a stopped owner is still alive to its peers", () => {
    const { simulation, keyOf, ask, raised } = world();
    simulation.runUntil(12_000);
    simulation.scenarios.killNode("b");
    ask("a", keyOf("b"));
    simulation.runUntil(13_000);
    expect(raised()).toEqual(["the owner's node cannot be reached"]);
  });
  it("halts the entry VM whose own refresh is too old, as soon as it needs a foreign owner", () => {
    const { simulation, keyOf, ask } = world();
    simulation.runUntil(12_000);
    simulation.scenarios.hangWorker("a");
    simulation.runUntil(30_000);
    ask("a", keyOf("a"));
    simulation.runUntil(31_000);
    expect(simulation.node("a").vm.state()).toBe("running");
    ask("a", keyOf("b"));
    simulation.runUntil(32_000);
    expect(simulation.node("a").vm.state()).toBe("halted");
  });
  it("crashes its caller when it meets an owner born in the future of the entry node", () => {
    const { simulation, key, ask, raised } = world();
    simulation.runUntil(12_000);
    simulation.scenarios.restartNode("b", 15_000);
    simulation.runUntil(12_500);
    const fresh = simulatedKey(key(0).table, "new");
    ask("b", fresh);
    simulation.runUntil(12_900);
    ask("a", fresh);
    simulation.runUntil(13_000);
    expect(raised()).toEqual(["no verdict on the owner"]);
  });
  it("finds an owner dead at birth whose clock is behind, until the next look at the peers", () => {
    const { simulation, events, key, ask } = world();
    simulation.runUntil(12_000);
    simulation.scenarios.restartNode("b", -15_000);
    simulation.runUntil(12_500);
    const fresh = simulatedKey(key(0).table, "new");
    ask("b", fresh);
    simulation.runUntil(12_900);
    ask("a", fresh);
    simulation.runUntil(13_200);
    expect(events.filter((event) => event.kind === "owner-changed").map((event) => event.by)).toEqual([
      "insert",
      "replace",
    ]);
  });
});

describe("known defects that operators meet", () => {
  it("aliasing: a healthy owner loses a key while it beats", () => {
    const { simulation, events, keyOf, beatsOf } = world();
    simulation.runUntil(12_000);
    simulation.scenarios.alias("a", "b", [{ type: TYPE, name: keyOf("a").name }]);
    simulation.runUntil(40_000);
    const lost = events.filter((event) => event.kind === "owner-changed" && event.by === "replace");
    expect(lost).toMatchObject([{ from: simulation.node("a").worker().id, to: simulation.node("b").worker().id }]);
    expect(simulation.nodes().every((node) => node.vm.state() === "running")).toBe(true);
    const beats = beatsOf("a");
    expect(Math.max(...beats.slice(1).map((at, index) => at - (beats[index] ?? 0)))).toBeLessThan(6_000);
    expect(events.some((event) => event.kind === "row-deleted")).toBe(false);
  });
  it("aliasing needs nobody's help where the phases of beats drift across each other", () => {
    const { simulation, events } = world({ seed: 11 }, ["a", "b", "c", "d", "e", "f"]);
    simulation.addLoad("dna", "prod", { requestsPerSecond: 150, hotKeys: KEYS });
    simulation.runUntil(1_800_000);
    const lost = events.filter((event) => event.kind === "owner-changed" && event.by === "replace");
    expect(lost.length).toBeGreaterThan(0);
  });
  it("a poison actor empties its node, and in the end the node has a new incarnation", () => {
    const { simulation, keyOf, ask, count } = world({}, ["a"]);
    simulation.runUntil(6_000);
    const before = simulation.node("a").worker().id;
    const poisoned = keyOf("a");
    simulation.scenarios.poison("a", TYPE, poisoned.name);
    for (let each = 0; each < 40; each += 1) {
      ask("a", poisoned);
      simulation.runUntil(6_100 + each * 50);
    }
    expect(count("emptied")).toBeGreaterThan(0);
    simulation.runUntil(12_000);
    expect(simulation.node("a").worker().id).not.toBe(before);
  });
  it("two clusters on one keyspace steal each other's keys", () => {
    const { simulation, events, keyOf, ask } = world();
    simulation.addNode({ keyspace: "dna", cluster: "other", name: "x", uptimeMs: 3_600_000 });
    simulation.runUntil(12_000);
    ask("x", keyOf("a"));
    simulation.runUntil(13_000);
    expect(events.filter((event) => event.kind === "owner-changed")).toMatchObject([{ by: "replace" }]);
    expect(simulation.database.clusters("dna")).toEqual(["other", "prod"]);
  });
});

it.each(["killNode", "freezeNode", "bringBack"] as const)(
  "%s refuses a node that is in no state for it",
  (scenario) => {
    const { simulation } = world();
    if (scenario !== "bringBack") simulation.scenarios.killNode("b");
    expect(() => simulation.scenarios[scenario]("b", 1_000)).toThrow(expect.objectContaining({ code: "conflict" }));
    expect(() => simulation.scenarios[scenario]("nobody", 1_000)).toThrow(
      expect.objectContaining({ code: "not-found" }),
    );
  },
);
