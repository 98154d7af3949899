/** Tables of a hundred million rows that take no memory: the rows are a function, beside it lies what was changed. */
import { describe, expect, it } from "vitest";
import type { Incarnation } from "#server/dna/domain/identity.ts";
import { epochMs } from "#server/kernel/clock.ts";
import { createManualClock } from "#server/runtime/clock.ts";
import { driveSimulation } from "./driver.ts";
import { streamOf } from "./random.ts";
import { createSimulation } from "./simulation.ts";
import { createSimulatedDnaStore } from "./store.ts";

const COUNT = 100_000_000;
const TYPE = { namespace: "fleet", moduleId: 3 };
const PAGES = 400;
const CHANGES = 20_000;
/** Measured: under 0.2 ms; a table in memory would take seconds to be made alone. */
const PAGE_MAX_MS = 5;
const HEAP_MAX_BYTES = 128 * 1_024 ** 2;
const A: Incarnation = { createdAt: epochMs(1_795_000_000_000), id: 1n };
const B: Incarnation = { createdAt: epochMs(1_795_000_000_001), id: -2n };
const nameAt = (index: number): string => `car-${String(index).padStart(8, "0")}`;

function open() {
  const clock = createManualClock();
  const simulation = createSimulation({ seed: 1, startEpoch: clock.now() });
  simulation.addKeyspace("dna");
  const spec = { ...TYPE, prefix: "car", count: COUNT, baseOwners: [A, A, B], claimedWithinMs: 1_000 };
  const table = simulation.addActorType("dna", spec);
  const store = createSimulatedDnaStore(driveSimulation(simulation, clock), "dna", { latencyMs: [0, 0] });
  return { table, store };
}

describe(`a type of ${COUNT.toLocaleString("en")} keys`, () => {
  it("is paged by prefix anywhere in some milliseconds, and takes no memory", async () => {
    const { store } = open();
    const random = streamOf(1, "prefixes");
    const heapBefore = process.memoryUsage().heapUsed;
    const before = process.cpuUsage();
    for (let each = 0; each < PAGES; each += 1) {
      const block = random.below(COUNT / 1_000);
      const prefix = nameAt(block * 1_000).slice(0, -3);
      const first = await store.actorPage({ type: TYPE, prefix, after: null, limit: 50 });
      expect(first.rows.map((row) => ("name" in row ? row.name : ""))).toEqual(
        Array.from({ length: 50 }, (_, index) => nameAt(block * 1_000 + index)),
      );
      const last = await store.actorPage({ type: TYPE, prefix, after: nameAt(block * 1_000 + 989), limit: 50 });
      expect([last.rows.length, last.nextAfter]).toEqual([10, null]);
    }
    const { user, system } = process.cpuUsage(before);
    expect((user + system) / 1_000 / (2 * PAGES)).toBeLessThan(PAGE_MAX_MS);
    expect(process.memoryUsage().heapUsed - heapBefore).toBeLessThan(HEAP_MAX_BYTES);
  });
  it("is looked up by key, from the first to the last, and has no key beyond", async () => {
    const { store } = open();
    for (const index of [0, 1, 56_789_012, COUNT - 1]) {
      const row = await store.actor({ ...TYPE, name: nameAt(index) }, "quorum");
      expect(row).toMatchObject({ name: nameAt(index) });
    }
    for (const name of ["car-", "car-000000001", "car--0000001", "bus-00000001", `car-${COUNT}`])
      expect(await store.actor({ ...TYPE, name }, "quorum")).toBeNull();
    expect((await store.actorPage({ type: TYPE, prefix: "", after: nameAt(COUNT - 2), limit: 5 })).rows).toHaveLength(
      1,
    );
  });
  it("keeps what was released, taken over and added since, in its place among the others", async () => {
    const { store, table } = open();
    const random = streamOf(2, "changes");
    for (let each = 0; each < CHANGES; each += 1) {
      const name = nameAt(random.below(COUNT));
      if (each % 2 === 0) table.delete(name);
      else table.set(name, { owner: B, claimedAt: epochMs(5), unreadable: null });
    }
    const owner = table.get(nameAt(70_000_000))?.owner ?? A;
    table.delete(nameAt(70_000_001));
    table.set("car-70000001b", { owner: A, claimedAt: epochMs(6), unreadable: null });
    expect(await store.release({ ...TYPE, name: nameAt(70_000_000) }, owner)).toEqual({ kind: "applied" });
    const { rows } = await store.actorPage({ type: TYPE, prefix: "car-7000000", after: null, limit: 4 });
    expect(rows.map((row) => ("name" in row ? row.name : ""))).toEqual([
      "car-70000001b",
      nameAt(70_000_002),
      nameAt(70_000_003),
      nameAt(70_000_004),
    ]);
  });
  it("belongs to its owners by their weights, wherever one looks", async () => {
    const { store } = open();
    const { rows } = await store.actorPage({ type: TYPE, prefix: "car-4", after: null, limit: 3_000 });
    const ofA = rows.filter((row) => "owner" in row && row.owner?.id === A.id).length;
    expect(ofA / rows.length).toBeGreaterThan(0.62);
    expect(ofA / rows.length).toBeLessThan(0.71);
  });
});
