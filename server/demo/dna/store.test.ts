import { describe, expect, it } from "vitest";
import { type DnaStoreHarness, describeDnaStore, type SeedActor } from "#server/dna/dna-store.contract.ts";
import type { ActorKey } from "#server/dna/domain/identity.ts";
import { toIncarnationId } from "#server/dna/domain/identity.ts";
import { type EpochMs, epochMs } from "#server/kernel/clock.ts";
import { createManualClock } from "#server/runtime/clock.ts";
import type { OwnerRecord } from "./actor-table.ts";
import { driveSimulation } from "./driver.ts";
import { createSimulation } from "./simulation.ts";
import { createSimulatedDnaStore } from "./store.ts";

function open(latencyMs: readonly [number, number]) {
  const clock = createManualClock();
  const simulation = createSimulation({ seed: 7, startEpoch: clock.now() });
  simulation.addKeyspace("dna");
  const driver = driveSimulation(simulation, clock);
  const store = createSimulatedDnaStore(driver, "dna", { latencyMs });
  const { database } = simulation;
  const [coordinator] = database.coordinators;
  if (coordinator === undefined) throw new Error("the database has no coordinator");
  const tableOf = (key: ActorKey) => {
    const { namespace, moduleId } = key;
    const spec = { namespace, moduleId, prefix: "-", count: 0, baseOwners: [], claimedWithinMs: 0 };
    return database.table("dna", key) ?? database.addActorType("dna", spec);
  };
  const harness: DnaStoreHarness = {
    store,
    clock,
    seed: {
      async writeNode({ cluster, writtenAgoMs, ...cells }) {
        driver.catchUp();
        database.writeNode("dna", cluster, cells, coordinator, writtenAgoMs);
      },
      async deleteNode(cluster, incarnation) {
        driver.catchUp();
        database.deleteNode("dna", cluster, toIncarnationId(incarnation), coordinator);
      },
      writeActor: async (row) => tableOf(row).set(row.name, toRecord(row)),
      deleteActor: async (key) => tableOf(key).delete(key.name),
      writeStorage: async (key, row) => store.storage.write(key, row),
    },
    close: () => store.close(),
  };
  return { ...harness, store, simulation };
}

function toRecord({ nodeCreated, nodeId, claimedAt }: SeedActor): OwnerRecord {
  const instant: EpochMs | null = claimedAt === null ? null : epochMs(claimedAt);
  if (nodeCreated !== null && nodeId !== null) {
    return { owner: { createdAt: epochMs(nodeCreated), id: nodeId }, claimedAt: instant, unreadable: null };
  }
  const half = nodeCreated !== nodeId;
  return { owner: null, claimedAt: instant, unreadable: half ? "only half of the owner is there" : null };
}

describeDnaStore("simulator", async () => open([0, 0]));

describe("what goes wrong with a call of the simulated store", () => {
  const owner = { createdAt: epochMs(1), id: 2n };
  const key = { namespace: "n", moduleId: 0, name: "x" };
  const seeded = async () => {
    const world = open([0, 0]);
    await world.seed.writeActor({ ...key, nodeCreated: owner.createdAt, nodeId: owner.id, claimedAt: 3 });
    return world;
  };

  it("lost on the way there: the outcome is unknown, and nothing was done", async () => {
    const { store } = await seeded();
    store.inject({ call: "release", kind: "before", times: 1 });
    expect(await store.release(key, owner)).toMatchObject({ kind: "unknown" });
    expect(await store.actor(key, "serial")).toMatchObject({ owner });
    expect(await store.release(key, owner)).toEqual({ kind: "applied" });
  });
  it("lost on the way back: the outcome is unknown, and it was done", async () => {
    const { store } = await seeded();
    store.inject({ call: "release", kind: "after", times: 1 });
    expect(await store.release(key, owner)).toMatchObject({ kind: "unknown" });
    expect(await store.actor(key, "serial")).toBeNull();
  });
  it("refused: it throws, as a real database's certain refusal does", async () => {
    const { store } = await seeded();
    store.inject({ call: "release", kind: "unavailable", times: 1 });
    await expect(store.release(key, owner)).rejects.toMatchObject({ code: "upstream-unavailable" });
    expect(await store.actor(key, "serial")).toMatchObject({ owner });
  });
  it("with the database stopped, reads fail and conditional writes are unknown; started, both work", async () => {
    const { store, simulation } = await seeded();
    simulation.scenarios.stopDatabase();
    await expect(store.nodes("prod")).rejects.toMatchObject({ code: "upstream-unavailable" });
    expect(await store.release(key, owner)).toMatchObject({ kind: "unknown" });
    simulation.scenarios.startDatabase();
    expect(await store.nodes("prod")).toEqual([]);
  });
  it("takes its time by the clock it was given", async () => {
    const { store, clock } = open([10, 10]);
    let answered = false;
    const call = store.nodes("prod").then(() => {
      answered = true;
    });
    await clock.advance(9);
    expect(answered).toBe(false);
    await clock.advance(2);
    expect(answered).toBe(true);
    await call;
  });
});
