import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { sharedCassandra, uniqueKeyspace } from "#scripts/testing/shared-cassandra.ts";
import { createScyllaDnaStore } from "#server/dna/adapters/scylla/store.ts";
import { type DnaStore, isMalformed, type NodeRow } from "#server/dna/ports.ts";
import { silentLogger } from "#server/kernel/logger.ts";
import { createSystemClock } from "#server/runtime/clock.ts";
import { createHerd, type DnaHerd } from "./herd.ts";

/** Everything of the herd runs ten times as fast as in life: refreshes every 0.5 s, silence of 1 s is expiry. */
const SPEED = 10;
const CITY = { namespace: "eu", moduleId: 0 };
const CLUSTER = "prod";

let herd: DnaHerd;
let store: DnaStore;
let place: { readonly contactPoints: readonly string[]; readonly localDataCenter: string };

beforeAll(async () => {
  place = await sharedCassandra();
});
beforeEach(async () => {
  const options = { ...place, keyspace: uniqueKeyspace("herd") };
  const clock = createSystemClock(SPEED);
  herd = await createHerd({ ...options, replicas: 1, cluster: CLUSTER, clock, log: silentLogger });
  store = createScyllaDnaStore(options, createSystemClock());
});
afterEach(async () => {
  await herd.close();
  await store.close();
});

/** Heartbeat of every row, by the id of its incarnation. */
async function beats(): Promise<ReadonlyMap<bigint, bigint>> {
  const rows = (await store.nodes(CLUSTER)).filter((row): row is NodeRow => !isMalformed(row));
  return new Map(rows.map(({ incarnation, heartbeat }) => [incarnation.id, heartbeat]));
}

async function until(what: string, holds: () => Promise<boolean>, boundMs = 10_000): Promise<void> {
  const deadline = performance.now() + boundMs;
  while (!(await holds())) {
    if (performance.now() > deadline) throw new Error(`never: ${what}`);
    await sleep(50);
  }
}

describe("a herd of DNA nodes", () => {
  it("beats: every row's heartbeat changes, and rises with time", async () => {
    for (let count = 0; count < 3; count += 1) await herd.start();
    const first = await beats();
    expect(first.size).toBe(3);
    await until("all have beaten again", async () => {
      const now = await beats();
      return [...first].every(([id, heartbeat]) => (now.get(id) ?? heartbeat) > heartbeat);
    });
  });

  it("deletes the row of a killed node after 10 s of its silence, and takes its keys over when asked for them", async () => {
    for (let count = 0; count < 3; count += 1) await herd.start();
    await herd.claimKeys(CITY, "city-", 9);
    const [first, second] = herd.incarnations;
    if (first === undefined || second === undefined) throw new Error("three nodes");
    const key = { ...CITY, name: "city-00000" };
    expect(await store.actor(key, "serial")).toMatchObject({ owner: first.identity });
    expect(await second.request(key)).toBe("forwarded");
    await first.kill();
    await until("its row is deleted", async () => !(await beats()).has(first.identity.id));
    expect((await beats()).size).toBe(2);
    expect(await store.actor(key, "serial")).toMatchObject({ owner: first.identity });
    expect(await second.request(key)).toBe("taken-over");
    expect(await second.request(key)).toBe("mine");
  });

  it("a frozen node comes back under the same identity: a zombie", async () => {
    const [zombie] = [await herd.start(), await herd.start()];
    zombie.freeze();
    await until("its row is deleted", async () => !(await beats()).has(zombie.identity.id));
    zombie.thaw();
    await until("its row is there again", async () => (await beats()).has(zombie.identity.id));
  });

  it("a released key is claimed anew by whoever is asked for it", async () => {
    const node = await herd.start();
    await herd.claimKeys(CITY, "city-", 2);
    const key = { ...CITY, name: "city-00001" };
    expect(await store.release(key, node.identity)).toEqual({ kind: "applied" });
    expect(await node.request(key)).toBe("claimed");
    expect(await store.actor(key, "serial")).toMatchObject({ owner: node.identity });
  });
});
