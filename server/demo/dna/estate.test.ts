import { describe, expect, it } from "vitest";
import { CLUSTER_MISHAP_IDS, NODE_MISHAP_IDS } from "#server/contract/view/demo-mishaps.ts";
import { createDnaReader, type DnaReader } from "#server/dna/reader.ts";
import { toIncarnationWatch } from "#server/dna/reader-views.ts";
import { silentLogger } from "#server/kernel/logger.ts";
import { createMemoryRecorder } from "#server/live/memory-recorder.test-kit.ts";
import { createManualClock } from "#server/runtime/clock.ts";
import { createDemoEstate } from "./estate.ts";

function open() {
  const clock = createManualClock();
  const estate = createDemoEstate({ clock, seed: 42 });
  return { clock, estate, abort: new AbortController() };
}

/** The estate with a reader on each of its sources, as the console runs it. */
function openWatched() {
  const world = open();
  const journal = createMemoryRecorder(world.clock);
  const readers = new Map<string, DnaReader>();
  const done = [world.estate.run(world.abort.signal)];
  for (const source of world.estate.sources) {
    const reader = createDnaReader({
      ...{ sourceId: source.id, store: source.store, clusterFilter: source.cluster, log: silentLogger },
      ...{ recorder: journal.recorder, view: journal.recorder, clock: world.clock },
      loopDelay: { maxLateSince: () => 0 },
    });
    readers.set(source.id, reader);
    done.push(reader.run(world.abort.signal));
  }
  const stop = async () => {
    world.abort.abort();
    await Promise.all(done);
  };
  return { ...world, journal, readers, stop, fold: (id: string) => journal.recorder.dna(id) };
}

const nodesOf = (world: ReturnType<typeof openWatched>, id: string) => Object.entries(world.fold(id).nodes);

describe("the estate", () => {
  it("has two regions, three clusters, forty nodes and some thousand running actors", () => {
    const { estate } = open();
    expect(estate.regions).toHaveLength(2);
    expect(estate.sources.map((source) => source.id)).toEqual(["eu-1", "eu-2", "us-1"]);
    const nodes = estate.sources.flatMap((source) => source.driver.simulation.nodes(source.keyspace));
    expect(nodes).toHaveLength(40);
    const running = nodes.reduce((sum, node) => sum + node.registry.size(), 0);
    expect(running).toBeGreaterThan(2_000);
    expect(running).toBeLessThan(10_000);
  });
  it("keeps what runs within its bound, however long it lives", async () => {
    const { clock, estate } = open();
    const count = () => {
      for (const { driver } of estate.sources) driver.catchUp();
      return estate.sources
        .flatMap((source) => source.driver.simulation.nodes(source.keyspace))
        .reduce((sum, node) => sum + node.registry.size(), 0);
    };
    await clock.advance(1_800_000);
    expect(count()).toBeLessThan(10_000);
  });
  it("is the same for the same seed", async () => {
    const rowsOf = async () => {
      const { clock, estate } = open();
      const rows = estate.sources[0]?.store.nodes("prod");
      await clock.advance(100);
      return rows;
    };
    expect(await rowsOf()).toEqual(await rowsOf());
  });
});

describe("under the console's readers", () => {
  it("is all alive within 3 s, and stays so", async () => {
    const world = openWatched();
    await world.clock.advance(3_000);
    const states = () => ["eu-1", "eu-2", "us-1"].flatMap((id) => nodesOf(world, id).map(([, node]) => node.state));
    expect(states()).toEqual(Array.from({ length: 40 }, () => "alive"));
    const before = world.journal.events.length;
    await world.clock.advance(60_000);
    expect(states().every((state) => state === "alive")).toBe(true);
    expect(world.journal.events.length).toBe(before);
    await world.stop();
  });
  it("shows a killed node late within 13 s, gone within 25 s, then releasable, and its heir when it comes back", async () => {
    const world = openWatched();
    await world.clock.advance(10_000);
    const [id, node] = nodesOf(world, "eu-1")[3] ?? ["", undefined];
    expect(world.estate.killNode("eu-1", id)).toContain(node?.node);
    const stateOf = () => world.fold("eu-1").nodes[id]?.state;
    await world.clock.advance(13_000);
    expect(["late", "gone"]).toContain(stateOf());
    await world.clock.advance(12_000);
    expect(stateOf()).toBe("gone");
    world.estate.bringBack("eu-1", node?.node ?? "");
    await world.clock.advance(60_000);
    expect(world.fold("eu-1").nodes[id]?.flags.superseded).toBeDefined();
    const reader = world.readers.get("eu-1");
    if (reader === undefined) throw new Error("no reader");
    const check = toIncarnationWatch(reader).check(id);
    await world.clock.advance(1_000);
    expect(await check).toMatchObject({ releasable: true, beats: false, waitingFor: null });
    expect(nodesOf(world, "eu-1")).toHaveLength(17);
    await world.stop();
  });
  it("shows a node that stands still gone, then returned", async () => {
    const world = openWatched();
    await world.clock.advance(10_000);
    const [id] = nodesOf(world, "us-1")[0] ?? [""];
    world.estate.freezeNode("us-1", id, 40_000);
    await world.clock.advance(30_000);
    expect(world.fold("us-1").nodes[id]?.state).toBe("gone");
    await world.clock.advance(15_000);
    const { state } = world.fold("us-1").nodes[id] ?? {};
    expect(["returned", "gone"]).toContain(state);
    await world.stop();
  });
  it("refuses what cannot be done, with the reason", () => {
    const { estate } = open();
    expect(() => estate.killNode("nowhere", "1:1")).toThrow(expect.objectContaining({ code: "not-found" }));
    expect(() => estate.killNode("eu-1", "1:1")).toThrow(expect.objectContaining({ code: "not-found" }));
    expect(() => estate.bringBack("eu-1", "dna@10.1.1.11")).toThrow(expect.objectContaining({ code: "conflict" }));
    expect(() => estate.bringBack("eu-1", "dna@10.2.1.11")).toThrow(expect.objectContaining({ code: "not-found" }));
  });
});

describe("what it can be told to let happen", () => {
  const alive = (estate: ReturnType<typeof createDemoEstate>) => {
    const [source] = estate.sources;
    source?.driver.catchUp();
    const node = source?.driver.simulation
      .nodes(source.keyspace)
      .findLast((each) => each.cluster === "prod" && each.vm.state() === "running");
    if (source === undefined || node === undefined) throw new Error("nothing runs");
    return { source, node };
  };
  it.each(NODE_MISHAP_IDS)("%s befalls a node, and the world goes on", async (mishap) => {
    const { clock, estate } = open();
    await clock.advance(10_000);
    const { source, node } = alive(estate);
    expect(estate.befallNode(source.id, node.worker().id, mishap)).toContain(node.name);
    await clock.advance(60_000);
    source.driver.catchUp();
    const others = source.driver.simulation.nodes(source.keyspace).filter((each) => each.name !== node.name);
    expect(others.filter((each) => each.vm.state() !== "running")).toEqual([]);
  });
  it("every one befalls a cluster, one after the other, and it is whole again in the end", async () => {
    const { clock, estate } = open();
    const { source } = alive(estate);
    for (const mishap of CLUSTER_MISHAP_IDS) {
      await clock.advance(2_000);
      if (mishap === "end-twins") estate.befallNode(source.id, alive(estate).node.worker().id, "twin");
      expect(estate.befallCluster(source.id, mishap).length).toBeGreaterThan(10);
    }
    await clock.advance(500_000);
    // Without their database they have halted, as soon as they were asked for the key of another.
    expect(estate.befallCluster(source.id, "start-all")).toContain("starts again");
    await clock.advance(10_000);
    source.driver.catchUp();
    const nodes = source.driver.simulation.nodes(source.keyspace).filter((each) => each.cluster === source.cluster);
    expect(nodes.map((each) => each.vm.state())).toEqual(nodes.map(() => "running"));
    expect(source.driver.simulation.database.down).toBe(false);
  });
  it("refuses what cannot be done", () => {
    const { estate } = open();
    const { source } = alive(estate);
    expect(() => estate.befallCluster(source.id, "end-twins")).toThrow(expect.objectContaining({ code: "conflict" }));
    expect(() => estate.befallCluster(source.id, "start-all")).toThrow(expect.objectContaining({ code: "conflict" }));
    expect(() => estate.befallNode(source.id, "1:1", "stop")).toThrow(expect.objectContaining({ code: "not-found" }));
  });
});
