import { describe, expect, it } from "vitest";
import { dnaStream, type JournalEvent } from "#server/contract/event.ts";
import { driveSimulation } from "#server/demo/dna/driver.ts";
import { createSimulation, type Simulation } from "#server/demo/dna/simulation.ts";
import { createSimulatedDnaStore } from "#server/demo/dna/store.ts";
import { silentLogger } from "#server/kernel/logger.ts";
import { createMemoryRecorder } from "#server/live/memory-recorder.test-kit.ts";
import { createManualClock } from "#server/runtime/clock.ts";
import { createActorWatch } from "./actor-watch.ts";
import { BY_ANN, createTestCensus } from "./census.test-kit.ts";
import { toIncarnationId } from "./domain/identity.ts";
import { createHealthWatch } from "./health-watch.ts";
import { createDnaReader } from "./reader.ts";

const KEYSPACE = "dna";
const CITY = { namespace: "eu", moduleId: 0 };

/** Reader, watch of keys and health over a simulated keyspace, all on one stepped clock. */
function setUp(build: (simulation: Simulation) => void, clusterFilter: string | null = null) {
  const clock = createManualClock();
  const memory = createMemoryRecorder(clock);
  const { recorder } = memory;
  const simulation = createSimulation({ seed: 11, startEpoch: clock.now() });
  simulation.addKeyspace(KEYSPACE);
  build(simulation);
  const driver = driveSimulation(simulation, clock);
  const store = createSimulatedDnaStore(driver, KEYSPACE, { latencyMs: [0, 0] });
  const shared = { sourceId: "eu-1", store, recorder, view: recorder, clock, log: silentLogger };
  const abort = new AbortController();
  const actors = createActorWatch(shared);
  const reader = createDnaReader({ ...shared, clusterFilter, loopDelay: { maxLateSince: () => 0 } });
  const health = createHealthWatch({ ...shared, beam: false, clusterFilter });
  const running = Promise.all([reader, actors, health].map((each) => each.run(abort.signal)));
  const changes = () =>
    memory.events.filter(
      (event): event is Extract<JournalEvent, { kind: "dna.health.changed" }> => event.kind === "dna.health.changed",
    );
  return {
    clock,
    simulation,
    recorder,
    store,
    actors,
    changes,
    levelOf: (check: string) => recorder.dna("eu-1").health[check]?.level,
    advance: async (seconds: number) => {
      for (let step = 0; step < seconds; step += 1) await clock.advance(1_000);
    },
    async stop() {
      abort.abort();
      await clock.advance(10_000);
      await running;
    },
  };
}

const nodes = (simulation: Simulation, cluster: string, count: number, prefix = cluster) => {
  for (let index = 0; index < count; index += 1)
    simulation.addNode({ keyspace: KEYSPACE, cluster, name: `dna@${prefix}-${index}`, uptimeMs: 600_000 });
};

describe("the health of a source", () => {
  it("of a cluster that is well is told once, and again by nobody", async () => {
    const at = setUp((simulation) => nodes(simulation, "prod", 3));
    await at.advance(120);
    const bad = at.changes().filter(({ body }) => body.to === "critical" || body.to === "warning");
    expect(bad).toEqual([]);
    expect(at.levelOf("one-cluster")).toBe("ok");
    expect(at.levelOf("clocks")).toBe("ok");
    const told = at.changes().length;
    await at.advance(600);
    expect(at.changes()).toHaveLength(told);
    await at.stop();
  });

  it("tells two live clusters of one keyspace, and that it is over when one ends", async () => {
    const at = setUp((simulation) => {
      nodes(simulation, "prod", 2);
      nodes(simulation, "blue", 1);
    });
    await at.advance(40);
    expect(at.recorder.dna("eu-1").health["one-cluster"]).toMatchObject({ level: "critical", about: ["blue", "prod"] });
    at.simulation.scenarios.killNode("dna@blue-0");
    await at.advance(60);
    expect(at.levelOf("one-cluster")).toBe("ok");
    await at.stop();
  });

  it("tells a second cluster also when it is told to follow the first one only", async () => {
    const at = setUp((simulation) => {
      nodes(simulation, "prod", 1);
      nodes(simulation, "blue", 2);
    }, "prod");
    await at.advance(90);
    expect(at.recorder.dna("eu-1").health["one-cluster"]).toMatchObject({ level: "critical", about: ["blue", "prod"] });
    await at.stop();
  });

  it("tells the clock that runs at half its speed, which keeps beating", async () => {
    const at = setUp((simulation) => nodes(simulation, "prod", 3));
    await at.advance(60);
    at.simulation.scenarios.slowClock("dna@prod-1", 0.8);
    await at.advance(120);
    expect(at.recorder.dna("eu-1").health.clocks).toMatchObject({ level: "warning", about: ["dna@prod-1"] });
    await at.stop();
  });

  it("tells a key that left a beating owner, seen by whoever looks at it", async () => {
    const at = setUp((simulation) => {
      nodes(simulation, "prod", 2);
      simulation.addActorType(KEYSPACE, { ...CITY, prefix: "city", count: 0, baseOwners: [], claimedWithinMs: 0 });
    });
    const key = { ...CITY, name: "k" };
    const [a, b] = at.simulation.nodes(KEYSPACE).map((node) => node.worker().incarnation);
    const table = at.simulation.database.table(KEYSPACE, CITY);
    if (a === undefined || b === undefined || table === null) throw new Error("the world has no nodes");
    table.set("k", { owner: a, claimedAt: at.clock.now(), unreadable: null });
    await at.advance(30);
    await at.actors.look(key);
    await at.advance(10);
    expect(at.levelOf("takeover")).toBe("ok");
    table.set("k", { owner: b, claimedAt: at.clock.now(), unreadable: null });
    await at.advance(10);
    expect(at.recorder.dna("eu-1").health.takeover).toMatchObject({ level: "warning", about: ["eu / 0 k"] });
    await at.stop();
  });

  it("tells keys that a beating owner lost from one census to the next", async () => {
    const at = setUp((simulation) => {
      nodes(simulation, "prod", 2);
      const owners = simulation.nodes(KEYSPACE).map((node) => node.worker().incarnation);
      const spec = { ...CITY, prefix: "city", count: 1_000, baseOwners: owners, claimedWithinMs: 0 };
      simulation.addActorType(KEYSPACE, spec);
    });
    const { census } = createTestCensus({ sourceId: "eu-1", store: at.store, recorder: at.recorder, clock: at.clock });
    await at.advance(30);
    await census.start(BY_ANN(null));
    await at.advance(20);
    const table = at.simulation.database.table(KEYSPACE, CITY);
    const [a, b] = at.simulation.nodes(KEYSPACE).map((node) => node.worker().incarnation);
    if (a === undefined || b === undefined || table === null) throw new Error("the world has no nodes");
    const own = Array.from({ length: 1_000 }, (_, index) => table.nameAt(index)).filter(
      (name) => table.get(name)?.owner === a,
    );
    for (const name of own.slice(0, 3)) table.set(name, { owner: b, claimedAt: at.clock.now(), unreadable: null });
    await census.start(BY_ANN(null));
    await at.advance(20);
    expect(at.recorder.dna("eu-1").health.takeover).toMatchObject({ level: "warning", about: ["dna@prod-0"] });
    expect(at.recorder.dna("eu-1").health.takeover?.evidence).toContain("3 keys less");
    expect(at.recorder.dna("eu-1").owned[toIncarnationId(a)]?.counts[0]?.keys).toBe(own.length - 3);
    await at.stop();
  });

  it("judges nothing while the source is down, and what was said stands", async () => {
    const at = setUp((simulation) => nodes(simulation, "prod", 2));
    await at.advance(60);
    const before = at.changes().length;
    at.simulation.scenarios.stopDatabase();
    await at.advance(120);
    expect(at.changes()).toHaveLength(before);
    expect(at.levelOf("one-cluster")).toBe("ok");
    await at.stop();
  });

  it("is journalled under the stream of its source, as a judgement of the console", async () => {
    const at = setUp((simulation) => nodes(simulation, "prod", 1));
    await at.advance(30);
    for (const { stream, synthetic } of at.changes()) expect([stream, synthetic]).toEqual([dnaStream("eu-1"), true]);
    await at.stop();
  });
});
