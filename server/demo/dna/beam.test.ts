import { describe, expect, it } from "vitest";
import type { BeamInstance } from "#server/dna/beam-ports.ts";
import { sameIncarnation } from "#server/dna/domain/identity.ts";
import { createManualClock } from "#server/runtime/clock.ts";
import { createSimulatedDnaBeam, type SimulatedBeamOptions } from "./beam.ts";
import { simulatedKey } from "./database.ts";
import { driveSimulation } from "./driver.ts";
import { createSimulation } from "./simulation.ts";

const TYPE = { namespace: "n", moduleId: 0 };
const KEYS = 60;

function open(options: SimulatedBeamOptions = {}) {
  const clock = createManualClock();
  const simulation = createSimulation({ seed: 3, startEpoch: clock.now() });
  simulation.addKeyspace("dna");
  for (const name of ["a", "b"])
    simulation.addNode({ keyspace: "dna", cluster: "prod", name, uptimeMs: 3_600_000, schedulers: 5 });
  const baseOwners = simulation.nodes().map((node) => node.worker().incarnation);
  const spec = { ...TYPE, prefix: "k", count: KEYS, baseOwners, claimedWithinMs: 1 };
  const table = simulation.addActorType("dna", spec);
  simulation.warmUp("dna", TYPE, KEYS);
  const driver = driveSimulation(simulation, clock);
  const beam = createSimulatedDnaBeam(driver, "dna", { latencyMs: [1, 1], ...options });
  /** Waits for an answer under the manual clock. */
  async function told<T>(answer: Promise<T>, withinMs = 5_000): Promise<T> {
    const settled = answer.then(
      (value) => ({ value }),
      (cause: unknown) => ({ cause }),
    );
    await clock.advance(withinMs);
    const end = await settled;
    if ("cause" in end) throw end.cause;
    return end.value;
  }
  const instances = async (node: string): Promise<readonly BeamInstance[]> => {
    const pages = await Promise.all(
      Array.from({ length: 5 }, (_, partition) =>
        told(beam.instances(node, { partition, type: null, prefix: "", limit: 100 }), 5),
      ),
    );
    return pages.flatMap((page) => page.instances);
  };
  const key = (name: string) => ({ ...TYPE, name });
  const simulated = (name: string) => simulatedKey(table, name);
  return { clock, simulation, beam, told, instances, key, simulated };
}

async function firstOf(world: ReturnType<typeof open>, node = "a"): Promise<BeamInstance> {
  const [first] = await world.instances(node);
  if (first === undefined) throw new Error("nothing runs");
  return first;
}

describe("a node that is well", () => {
  it("tells its identity, its partitions, what runs in each, its vitals and itself among its peers", async () => {
    const world = open();
    const { beam, told, simulation } = world;
    expect(beam.link("a")).toEqual({ kind: "idle" });
    const identity = await told(beam.identity("a"));
    expect(identity).toEqual(simulation.node("a").worker().incarnation);
    expect(beam.link("a")).toEqual({ kind: "connected", otpRelease: "25" });
    expect(await told(beam.registration("a"))).toMatchObject({ kind: "registered" });
    const partitions = await told(beam.partitions("a"));
    expect(partitions.map(({ index, alive }) => [index, alive])).toEqual([0, 1, 2, 3, 4].map((each) => [each, true]));
    const listed = await world.instances("a");
    expect(partitions.reduce((sum, each) => sum + (each.running ?? 0), 0)).toBe(listed.length);
    const perPartition = partitions.map(({ index }) => listed.filter((each) => each.partition === index).length);
    expect(partitions.map(({ running }) => running)).toEqual(perPartition);
    expect(Math.min(...perPartition)).toBeGreaterThan(0);
    expect(new Set(listed.map(({ ref }) => ref)).size).toBe(listed.length);
    expect(await told(beam.vitals("a"))).toMatchObject({ schedulersOnline: 5, processLimit: 262_144 });
    const table = await told(beam.peers("a"));
    expect(table.lastRefreshMs).toBeLessThan(5_200);
    const own = table.peers.filter((peer) => peer.local);
    expect(own.map((peer) => [peer.node, sameIncarnation(peer.incarnation, identity)])).toEqual([["a", true]]);
    expect(table.peers.filter((peer) => !peer.local).map((peer) => peer.node)).toEqual(["b"]);
  });
  it("finds an instance by its key on the node that runs it, and nowhere else", async () => {
    const world = open();
    const first = await firstOf(world);
    expect(await world.told(world.beam.instance("a", first.key))).toEqual(first);
    expect(await world.told(world.beam.instance("b", first.key))).toBeNull();
    expect(await world.told(world.beam.instance("a", world.key("nobody")))).toBeNull();
  });
  it("lists by prefix and range in the order of UTF-8 bytes, and says when there is more", async () => {
    const { beam, told } = open();
    const query = { partition: 1, type: TYPE, prefix: "k-", limit: 2 };
    const first = await told(beam.instances("a", query));
    expect(first.instances).toHaveLength(2);
    expect(first.more).toBe(true);
    const from = first.instances[1]?.key.name ?? "";
    expect((await told(beam.instances("a", { ...query, from }))).instances[0]).toEqual(first.instances[1]);
    const below = await told(beam.instances("a", { ...query, below: from }));
    expect(below).toEqual({ instances: first.instances.slice(0, 1), more: false });
    expect((await told(beam.instances("a", { ...query, type: { namespace: "m", moduleId: 0 } }))).instances).toEqual(
      [],
    );
  });
  it("tells what it holds for the owner of a key, and for how long still", async () => {
    const world = open();
    const { beam, told, simulation, clock } = world;
    const { key } = await firstOf(world, "b");
    expect(await told(beam.cachedOwner("a", key))).toBeNull();
    simulation.node("a").execute(world.simulated(key.name));
    await clock.advance(1_000);
    const cached = await told(beam.cachedOwner("a", key), 10);
    expect(cached?.owner).toEqual(simulation.node("b").worker().incarnation);
    expect(cached?.ttlMs).toBeGreaterThan(50_000);
    await told(beam.clearOwnerCache("a"));
    expect(await told(beam.cachedOwner("a", key))).toBeNull();
  });
});

describe("a node that is not well", () => {
  it("answers nobody while it stands still, although it is registered; then it does again", async () => {
    const { beam, told, simulation, clock } = open();
    await told(beam.identity("a"));
    simulation.scenarios.pauseNode("a");
    await expect(told(beam.identity("a"))).rejects.toMatchObject({ code: "upstream-unavailable" });
    expect(beam.link("a")).toMatchObject({ kind: "unreachable" });
    expect(await told(beam.registration("a"))).toMatchObject({ kind: "registered" });
    simulation.scenarios.resumeNode("a");
    await clock.advance(1_000);
    expect(await told(beam.identity("a"))).toBeDefined();
  });
  it("is unreachable and not registered once it was killed, or has stopped in order", async () => {
    const { beam, told, simulation } = open();
    simulation.scenarios.killNode("a");
    await expect(told(beam.identity("a"))).rejects.toMatchObject({ code: "upstream-unavailable" });
    expect(await told(beam.registration("a"))).toEqual({ kind: "not-registered" });
    expect(await told(beam.stopVm("b", "stop"))).toEqual({ kind: "stopped" });
    expect(simulation.node("b").vm.state()).toBe("halted");
    expect(await told(beam.registration("b"))).toEqual({ kind: "not-registered" });
  });
  it("tells another identity once a VM of its name has started again", async () => {
    const { beam, told, simulation } = open();
    const before = await told(beam.identity("a"));
    simulation.scenarios.restartNode("a");
    expect(sameIncarnation(await told(beam.identity("a")), before)).toBe(false);
  });
  it("goes on telling who it is while its worker hangs, but not that it has refreshed", async () => {
    const { beam, told, simulation, clock } = open();
    simulation.scenarios.hangWorker("a");
    await clock.advance(30_000);
    expect(await told(beam.identity("a"))).toEqual(simulation.node("a").worker().incarnation);
    expect(await told(beam.lastRefresh("a"))).toBeGreaterThan(29_000);
  });
  it("that turns the console away is said to do so", async () => {
    const { beam, told } = open({ refuses: (node) => (node === "a" ? "another cookie" : null) });
    expect(beam.link("a")).toMatchObject({ kind: "refused", reason: "another cookie" });
    await expect(told(beam.identity("a"))).rejects.toMatchObject({ code: "refused" });
    expect(await told(beam.identity("b"))).toBeDefined();
  });
});

describe("a hot actor", () => {
  const heat = { eventsPerSecond: 600, writeMs: 400, forMs: 60_000 };
  async function hot(options: SimulatedBeamOptions = {}) {
    const world = open(options);
    const instance = await firstOf(world);
    world.simulation.scenarios.hotActor("dna", "prod", { type: TYPE, name: instance.key.name }, heat);
    await world.clock.advance(30_000);
    return { ...world, instance };
  }
  it("has its backlog in its buffer while its mailbox is empty, and is the first of the largest", async () => {
    const { beam, told, instance } = await hot();
    const backlog = await told(beam.backlog("a", instance), 10);
    expect(backlog).toMatchObject({ kind: "known", phase: "pending_storage", mailbox: 0 });
    expect(backlog.kind === "known" ? backlog.buffered : 0).toBeGreaterThan(3_000);
    const [top] = await told(beam.top("a", null, 5), 10);
    expect(top?.instance).toEqual(instance);
    const [process] = await told(beam.inspect("a", [instance]), 10);
    expect(process).toMatchObject({ mailbox: 0 });
  });
  it("is busy when it shall be stopped safely, is stopped by force with its backlog, and starts again", async () => {
    const { beam, told, instance, clock } = await hot();
    expect(await told(beam.stopSafe("a", instance, 1_000), 1_200)).toMatchObject({ kind: "busy", mailbox: 0 });
    expect(await told(beam.stopForced("a", instance), 10)).toEqual({ kind: "stopped" });
    expect(await told(beam.backlog("a", instance), 10)).toEqual({ kind: "ended" });
    await clock.advance(2_000);
    const again = await told(beam.instance("a", instance.key));
    expect(again?.ref).not.toBe(instance.ref);
    expect(await told(beam.stopForced("a", instance), 10)).toMatchObject({ kind: "moved" });
  });
  it("is too large to be looked into where nothing may be evaluated", async () => {
    const { beam, told, instance } = await hot({ evaluate: false });
    expect(await told(beam.backlog("a", instance), 10)).toMatchObject({ kind: "too-large" });
    await expect(told(beam.top("a", null, 5), 10)).rejects.toMatchObject({ code: "refused" });
    await expect(told(beam.stopSafe("a", instance, 1_000), 10)).rejects.toMatchObject({ code: "refused" });
    expect((await told(beam.abilities("a"))).missing).toMatchObject({ "stop-safe": expect.any(String) });
  });
});

describe("stopping an instance", () => {
  it("that is idle ends it for good, until the next message", async () => {
    const world = open();
    const first = await firstOf(world);
    expect(await world.told(world.beam.stopSafe("a", first, 1_000))).toEqual({ kind: "stopped" });
    expect(await world.told(world.beam.instance("a", first.key))).toBeNull();
  });
  it("inside a callback is busy, with what waits in its mailbox", async () => {
    const world = open();
    const first = await firstOf(world);
    world.simulation.scenarios.blockActor("a", { type: TYPE, name: first.key.name }, 60_000);
    for (let each = 0; each < 3; each += 1) world.simulation.node("a").execute(world.simulated(first.key.name));
    await world.clock.advance(100);
    expect(await world.told(world.beam.backlog("a", first), 10)).toMatchObject({ kind: "busy", mailbox: 3 });
    expect(await world.told(world.beam.stopSafe("a", first, 500))).toEqual({
      kind: "busy",
      buffered: null,
      mailbox: 3,
    });
  });
  it("whose answer is lost is unknown, whether it was done or not, and never throws", async () => {
    const world = open();
    const [first, second] = await world.instances("a");
    if (first === undefined || second === undefined) throw new Error("too little runs");
    world.beam.inject({ node: "a", kind: "before", times: 1 });
    expect(await world.told(world.beam.stopForced("a", first))).toMatchObject({ kind: "unknown" });
    expect(await world.told(world.beam.instance("a", first.key))).toEqual(first);
    world.beam.inject({ node: "a", kind: "after", times: 1 });
    expect(await world.told(world.beam.stopForced("a", second))).toMatchObject({ kind: "unknown" });
    expect(await world.told(world.beam.instance("a", second.key))).toBeNull();
  });
  it("of a VM that stands still is unknown, and may happen when it goes on", async () => {
    const world = open();
    const first = await firstOf(world);
    world.simulation.scenarios.pauseNode("a");
    expect(await world.told(world.beam.stopForced("a", first))).toMatchObject({ kind: "unknown" });
    world.simulation.scenarios.resumeNode("a");
    await world.clock.advance(1_000);
    expect(await world.told(world.beam.instance("a", first.key))).toBeNull();
  });
});

it("answers nothing after it was closed", async () => {
  const { beam, told } = open();
  await beam.close();
  await expect(told(beam.identity("a"))).rejects.toMatchObject({ code: "upstream-unavailable" });
  expect(await told(beam.registration("a"))).toMatchObject({ kind: "unknown" });
});
