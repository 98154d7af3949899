/** What the console must say of each thing that may befall a cluster. */
import { afterEach, describe, expect, it } from "vitest";
import { CLUSTER, KEYSPACE, NODES, openScenario, type ScenarioWorld, TYPE } from "./scenario-world.test-kit.ts";

let world: ScenarioWorld;
const open = async (options: Parameters<typeof openScenario>[0] = {}): Promise<ScenarioWorld> => {
  world = await openScenario(options);
  return world;
};
afterEach(() => world.close());

it("nothing: all alive, nothing to warn of, nothing releasable", async () => {
  const { fold, stateOf, releasable, idOf, clock, health } = await open({ load: true });
  await clock.advance(60_000);
  const ids = NODES.map(idOf);
  expect(ids.map(stateOf)).toEqual(ids.map(() => "alive"));
  expect(Object.keys(fold().nodes)).toHaveLength(NODES.length);
  expect(Object.values(fold().beam).map(({ state }) => state)).toEqual(ids.map(() => "connected"));
  const troubles = Object.entries(fold().health).filter(([, { level }]) => level === "critical" || level === "warning");
  expect(troubles).toEqual([]);
  expect(health("one-cluster")?.level).toBe("ok");
  expect(ids.map((id) => releasable(id)?.releasable)).toEqual(ids.map(() => false));
});

describe("a node that ends", () => {
  it("crash: late within 13 s, gone within 25 s, proven dead and releasable without the wait of 75 s", async () => {
    const { scenarios, clock, stateOf, idOf, releasable } = await open();
    const id = idOf("dna@b");
    scenarios.killNode("dna@b");
    await clock.advance(13_000);
    expect(["late", "gone"]).toContain(stateOf(id));
    await clock.advance(17_000);
    expect(stateOf(id)).toBe("gone");
    expect(releasable(id)).toMatchObject({ releasable: true, certainty: "proven" });
  });
  it("crash, told by the database alone: releasable after 75 s of silence, and presumed dead", async () => {
    const { scenarios, clock, idOf, releasable, levelOf } = await open({ beam: false });
    const id = idOf("dna@b");
    scenarios.killNode("dna@b");
    await clock.advance(70_000);
    expect(releasable(id)?.releasable).toBe(false);
    await clock.advance(12_000);
    expect(releasable(id)).toMatchObject({ releasable: true, certainty: "presumed" });
    expect(levelOf("doubles")).toBe("not-known");
  });
  it("clean stop: the same to DNA, whose row stays; its name is no longer registered", async () => {
    const { scenarios, simulation, clock, idOf, stateOf, releasable, beam, told } = await open();
    const id = idOf("dna@b");
    scenarios.stopNode("dna@b");
    await clock.advance(2_000);
    expect(await told(beam.registration("dna@b"))).toEqual({ kind: "not-registered" });
    expect(simulation.database.nodes(KEYSPACE, CLUSTER)).toHaveLength(NODES.length);
    await clock.advance(25_000);
    expect(stateOf(id)).toBe("gone");
    expect(releasable(id)?.certainty).toBe("proven");
  });
  it("database cut for one node: its refresh fails after 30 s and its VM ends; then it is proven dead", async () => {
    const { scenarios, simulation, clock, idOf, stateOf, releasable } = await open();
    const id = idOf("dna@b");
    scenarios.cutDatabase("dna@b", 120_000);
    await clock.advance(25_000);
    expect(["late", "gone"]).toContain(stateOf(id));
    expect(releasable(id)?.releasable).toBe(false);
    await clock.advance(30_000);
    expect(simulation.node("dna@b").vm.state()).toBe("halted");
    expect(releasable(id)).toMatchObject({ releasable: true, certainty: "proven" });
  });
  it("whole cluster stop: every row stays for ever, every node is silent, and nobody is left to be given keys", async () => {
    const { scenarios, simulation, clock, idOf, stateOf, assembly, releasable } = await open();
    const ids = NODES.map(idOf);
    scenarios.stopCluster(KEYSPACE, CLUSTER);
    await clock.advance(120_000);
    expect(ids.map(stateOf)).toEqual(ids.map(() => "silent"));
    expect(simulation.database.nodes(KEYSPACE, CLUSTER)).toHaveLength(NODES.length);
    expect(ids.map((id) => releasable(id)?.releasable)).toEqual(ids.map(() => true));
    const [dead = "", ...others] = ids;
    expect(others.some((id) => assembly.source.liveness.target(id, dead).eligible)).toBe(false);
  });
  it("rolling restart: each is superseded by its next life, and in the end all are alive again", async () => {
    const { scenarios, clock, idOf, stateOf, flagsOf } = await open();
    const before = NODES.map(idOf);
    scenarios.rollingRestart(KEYSPACE, CLUSTER, 30_000);
    await clock.advance(NODES.length * 30_000 + 30_000);
    const after = NODES.map(idOf);
    expect(after.map(stateOf)).toEqual(after.map(() => "alive"));
    expect(before.filter((id) => after.includes(id))).toEqual([]);
    expect(before.map((id) => [stateOf(id), flagsOf(id)])).toEqual(before.map(() => ["gone", ["superseded"]]));
  });
});

describe("a node that stands still", () => {
  it("pause of 15 s: late or gone for a while, then there again, and at no moment releasable", async () => {
    const { scenarios, clock, idOf, stateOf, statesOf, releasable } = await open();
    const id = idOf("dna@b");
    scenarios.freezeNode("dna@b", 15_000);
    for (let each = 0; each < 30; each += 1) {
      await clock.advance(1_000);
      expect(releasable(id)?.releasable).toBe(false);
    }
    expect(statesOf(id).some((state) => state === "late" || state === "gone")).toBe(true);
    await clock.advance(45_000);
    expect([stateOf(id), idOf("dna@b")]).toEqual(["alive", id]);
  });
  it("pause of 40 s: gone, then returned under the same identity, and never releasable", async () => {
    const { scenarios, clock, idOf, stateOf, releasable, fold } = await open();
    const id = idOf("dna@b");
    scenarios.freezeNode("dna@b", 40_000);
    await clock.advance(30_000);
    expect(stateOf(id)).toBe("gone");
    expect(fold().beam["dna@b"]?.state).toBe("unreachable");
    expect(releasable(id)?.releasable).toBe(false);
    await clock.advance(16_000);
    expect(stateOf(id)).toBe("returned");
    await clock.advance(45_000);
    expect(stateOf(id)).toBe("alive");
  });
  it("pause of 90 s: only presumed dead after 75 s, as its name is registered and it does not answer", async () => {
    const { scenarios, clock, idOf, releasable, stateOf } = await open();
    const id = idOf("dna@b");
    scenarios.freezeNode("dna@b", 90_000);
    await clock.advance(60_000);
    expect(releasable(id)?.releasable).toBe(false);
    await clock.advance(25_000);
    expect(releasable(id)).toMatchObject({ releasable: true, certainty: "presumed" });
    await clock.advance(15_000);
    expect(stateOf(id)).toBe("returned");
    expect(releasable(id)?.releasable).toBe(false);
  });
  it("suspended with its clock: it never notices, which only its own peer table shows", async () => {
    const { scenarios, clock, idOf, stateOf, beam, told } = await open();
    const id = idOf("dna@b");
    scenarios.suspendNode("dna@b", 60_000);
    await clock.advance(59_000);
    expect(stateOf(id)).toBe("gone");
    await clock.advance(1_500);
    expect(await told(beam.lastRefresh("dna@b"), 100)).toBeLessThan(10_000);
    await clock.advance(10_000);
    expect(stateOf(id)).toBe("returned");
  });
  it("a worker that hangs: gone by the database and a zombie by its machine, so it is never releasable", async () => {
    const { scenarios, clock, idOf, stateOf, flagsOf, releasable, levelOf } = await open();
    const id = idOf("dna@b");
    scenarios.hangWorker("dna@b");
    await clock.advance(30_000);
    expect([stateOf(id), flagsOf(id)]).toEqual(["gone", ["zombie"]]);
    await clock.advance(120_000);
    expect(flagsOf(id)).toEqual(["zombie"]);
    expect(releasable(id)?.releasable).toBe(false);
    expect(levelOf("refresh")).toBe("critical");
  });
  it("a worker that hangs, told by the database alone: the residual risk, named where it is released", async () => {
    const { scenarios, clock, idOf, releasable } = await open({ beam: false });
    const id = idOf("dna@b");
    scenarios.hangWorker("dna@b");
    await clock.advance(90_000);
    expect(releasable(id)).toMatchObject({ releasable: true, certainty: "presumed" });
    expect(releasable(id)?.residualRisk).toContain("cluster worker hangs");
  });
});

describe("clocks", () => {
  it("at half speed: late now and then under one identity, never releasable, and its clock is told as slow", async () => {
    const { scenarios, clock, idOf, statesOf, health, releasable } = await open();
    const id = idOf("dna@b");
    scenarios.slowClock("dna@b", 0.5);
    for (let each = 0; each < 30; each += 1) {
      await clock.advance(10_000);
      expect(releasable(id)?.releasable).toBe(false);
    }
    expect(statesOf(id)).toContain("late");
    expect(idOf("dna@b")).toBe(id);
    expect(health("clocks")).toMatchObject({ level: "warning", about: ["dna@b"] });
  });
  it("slower still: it flaps, deleted by its peers and returned under one identity, and is never releasable", async () => {
    const { scenarios, clock, idOf, statesOf, releasable } = await open();
    const id = idOf("dna@b");
    scenarios.slowClock("dna@b", 0.42);
    for (let each = 0; each < 30; each += 1) {
      await clock.advance(10_000);
      expect(releasable(id)?.releasable).toBe(false);
    }
    expect(statesOf(id).filter((state) => state === "gone").length).toBeGreaterThan(3);
    expect(statesOf(id).filter((state) => state === "returned").length).toBeGreaterThan(3);
    expect(idOf("dna@b")).toBe(id);
  });
  it.each([15_000, -15_000])("a wall clock %d ms off changes nothing of what is judged: beats are", async (skewMs) => {
    const { scenarios, clock, idOf, stateOf, statesOf } = await open();
    scenarios.restartNode("dna@b", skewMs);
    await clock.advance(30_000);
    const id = idOf("dna@b");
    expect(stateOf(id)).toBe("alive");
    await clock.advance(60_000);
    expect(statesOf(id)).toEqual(["alive"]);
  });
  it("a wall clock ahead makes requests for its new keys fail elsewhere; one behind loses them at birth", async () => {
    const { scenarios, clock, ask, trace } = await open();
    const requestNew = async (skewMs: number, name: string) => {
      scenarios.restartNode("dna@b", skewMs);
      await clock.advance(600);
      ask("dna@b", name);
      await clock.advance(400);
      for (const entry of ["dna@a", "dna@c", "dna@d"]) ask(entry, name);
      await clock.advance(400);
    };
    await requestNew(15_000, "ahead");
    expect(trace.flatMap((event) => (event.kind === "raised" ? event.reason : []))).toContain(
      "no verdict on the owner",
    );
    await clock.advance(60_000);
    await requestNew(-15_000, "behind");
    const changes = trace.filter((event) => event.kind === "owner-changed" && event.key.endsWith("behind"));
    const ways = changes.map((event) => event.kind === "owner-changed" && event.by);
    expect(ways.slice(0, 2)).toEqual(["insert", "replace"]);
  });
  it("aliasing: a key of a beating owner is taken, and that is told while both are alive", async () => {
    const { scenarios, clock, assembly, keysOf, idOf, stateOf, health, told } = await open();
    const [name = ""] = keysOf("dna@a");
    await told(assembly.source.actors.look({ ...TYPE, name }));
    scenarios.alias("dna@a", "dna@b", [{ type: TYPE, name }]);
    await clock.advance(40_000);
    expect([stateOf(idOf("dna@a")), stateOf(idOf("dna@b"))]).toEqual(["alive", "alive"]);
    expect(health("takeover")?.level).toBe("warning");
    expect(health("takeover")?.evidence).toContain(name);
  });
});

describe("misconfigurations", () => {
  it("two VMs of one name: both beat, both are in conflict, and nothing of either is releasable", async () => {
    const { scenarios, clock, simulation, flagsOf, health, releasable } = await open();
    scenarios.twin("dna@b");
    await clock.advance(40_000);
    const both = simulation.vms(KEYSPACE).filter((vm) => vm.name === "dna@b");
    const ids = both.map((vm) => vm.worker().id);
    expect(ids).toHaveLength(2);
    expect(ids.map(flagsOf)).toEqual([["name_conflict"], ["name_conflict"]]);
    expect(health("names")).toMatchObject({ level: "critical", about: ["dna@b"] });
    expect(ids.map((id) => releasable(id)?.releasable)).toEqual([false, false]);
    scenarios.endTwin("dna@b");
    await clock.advance(60_000);
    expect(health("names")?.level).toBe("ok");
  });
  it("two VMs of one name, then one dead and one paused: neither is ever proven dead by what is at their address", async () => {
    const { scenarios, clock, simulation, idOf, releasable } = await open();
    scenarios.twin("dna@b");
    await clock.advance(40_000);
    const dead = idOf("dna@b");
    const twin = simulation.vms(KEYSPACE).find((node) => node.vm.id !== node.name);
    scenarios.killNode("dna@b");
    twin?.vm.pause();
    await clock.advance(50_000);
    const judged = [dead, twin?.worker().id ?? ""].map((id) => releasable(id));
    expect(judged.map((each) => [each?.releasable, each?.certainty])).toEqual([
      [false, "presumed"],
      [false, "presumed"],
    ]);
  });
  it("two clusters in one keyspace: they steal, both are named, and nothing is releasable while both live", async () => {
    const { scenarios, clock, ask, keysOf, idOf, health, releasable, trace } = await open();
    const [name = ""] = keysOf("dna@a");
    scenarios.foreignCluster(KEYSPACE, "other", ["dna@x", "dna@y"]);
    await clock.advance(20_000);
    ask("dna@x", name);
    await clock.advance(40_000);
    expect(health("one-cluster")).toMatchObject({ level: "critical", about: ["other", "prod"] });
    expect(trace.some((event) => event.kind === "owner-changed" && event.by === "replace")).toBe(true);
    const dead = idOf("dna@b");
    scenarios.killNode("dna@b");
    await clock.advance(100_000);
    expect(releasable(dead)?.releasable).toBe(false);
    const missing = releasable(dead)?.reasons.filter(({ holds }) => !holds) ?? [];
    expect(missing.map(({ text }) => text).join()).toContain("No other DNA cluster");
  });
});

describe("actors", () => {
  it("a poison actor: all actors of its node end at once, and that is told as a cascade", async () => {
    const { scenarios, clock, keysOf, idOf, stateOf, health, eventsOf } = await open();
    const [name = ""] = keysOf("dna@b");
    const id = idOf("dna@b");
    scenarios.poisonActor("dna@b", { type: TYPE, name }, { times: 5, everyMs: 300 });
    await clock.advance(15_000);
    expect([stateOf(id), idOf("dna@b")]).toEqual(["alive", id]);
    expect(eventsOf("dna.node.count_fell")).toHaveLength(1);
    expect(health("cascade")).toMatchObject({ level: "critical", about: ["dna@b"] });
  });
  it("a worse one: the worker is replaced too, and the same VM has a new incarnation beside its old row", async () => {
    const { scenarios, simulation, clock, keysOf, idOf, stateOf, flagsOf, releasable } = await open();
    const [name = ""] = keysOf("dna@b");
    const before = idOf("dna@b");
    scenarios.poisonActor("dna@b", { type: TYPE, name }, { times: 40, everyMs: 50 });
    await clock.advance(30_000);
    expect(simulation.node("dna@b").vm.state()).toBe("running");
    const after = idOf("dna@b");
    expect(after).not.toBe(before);
    expect([stateOf(after), stateOf(before)]).toEqual(["alive", "gone"]);
    expect(flagsOf(before)).toEqual(["superseded"]);
    expect(releasable(before)?.certainty).toBe("proven");
  });
  it("a hot actor: its backlog is in its buffer while its mailbox is empty", async () => {
    const { scenarios, clock, keysOf, beam, told } = await open();
    const [name = ""] = keysOf("dna@b");
    const heat = { eventsPerSecond: 500, writeMs: 400, forMs: 60_000 };
    scenarios.hotActor(KEYSPACE, CLUSTER, { type: TYPE, name }, heat);
    await clock.advance(30_000);
    const [top] = await told(beam.top("dna@b", null, 3), 10);
    expect(top).toMatchObject({ instance: { key: { ...TYPE, name } }, mailbox: 0 });
    expect(top?.buffered).toBeGreaterThan(2_000);
  });
  it("two owners after a pause: the doubled actor is told within 30 s, and the end of it", async () => {
    const { scenarios, clock, keysOf, ask, fold, health } = await open();
    const [name = ""] = keysOf("dna@b");
    ask("dna@b", name);
    scenarios.freezeNode("dna@b", 25_000);
    await clock.advance(20_000);
    ask("dna@a", name);
    await clock.advance(35_000);
    expect(Object.values(fold().doubled).map((double) => double.name)).toEqual([name]);
    expect(health("doubles")?.level).toBe("critical");
    scenarios.killNode("dna@b");
    await clock.advance(40_000);
    expect(fold().doubled).toEqual({});
  });
});
