import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { sharedCassandra, uniqueKeyspace } from "#scripts/testing/shared-cassandra.ts";
import { createScyllaDnaStore } from "#server/dna/adapters/scylla/store.ts";
import type { ActorKey } from "#server/dna/domain/identity.ts";
import { type DnaStore, isMalformed, type NodeRow } from "#server/dna/ports.ts";
import type { Clock } from "#server/kernel/clock.ts";
import { silentLogger } from "#server/kernel/logger.ts";
import { createManualClock, createSystemClock, type ManualClock } from "#server/runtime/clock.ts";
import { answeredRequest, createHerd, type DnaHerd } from "./herd.ts";

const CITY = { namespace: "eu", moduleId: 0 };
const CLUSTER = "prod";
const POLL_MS = 20;
const BOUND_MS = 60_000;
const READ_ATTEMPTS = 5;

let herd: DnaHerd;
let store: DnaStore;
let place: { readonly contactPoints: readonly string[]; readonly localDataCenter: string };
/** Time passes for the herd as the test says: a database that is slow to answer makes nobody late. */
let time: ManualClock;
let asleep = 0;

beforeAll(async () => {
  place = await sharedCassandra();
});
beforeEach(async () => {
  const options = { ...place, keyspace: uniqueKeyspace("herd") };
  time = createManualClock(Date.now());
  asleep = 0;
  const clock: Clock = {
    ...time,
    async sleep(ms, signal) {
      asleep += 1;
      await time.sleep(ms, signal).finally(() => {
        asleep -= 1;
      });
    },
  };
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

/** Asks again until it holds, and while the database does not answer in time. */
async function eventually(what: string, holds: () => Promise<boolean> | boolean): Promise<void> {
  const deadline = performance.now() + BOUND_MS;
  while (!(await Promise.resolve(holds()).catch(() => false))) {
    if (performance.now() > deadline) throw new Error(`never: ${what}`);
    await sleep(POLL_MS);
  }
}

/** Lets a second pass once every node that beats has done what it had to. */
async function second(): Promise<void> {
  await eventually("the nodes are through with their refreshes", () => {
    const beating = herd.incarnations.filter((one) => one.state() === "beating");
    return asleep >= beating.length;
  });
  await time.advance(1_000);
}

/** Seconds pass until it holds. */
async function until(what: string, holds: () => Promise<boolean>): Promise<void> {
  await eventually(what, async () => {
    if (await holds()) return true;
    await second();
    return false;
  });
}

/** The row of a key. */
async function rowOf(key: ActorKey): Promise<Awaited<ReturnType<DnaStore["actor"]>>> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await store.actor(key, "serial");
    } catch (cause) {
      if (attempt === READ_ATTEMPTS) throw cause; // not answered in time: asked again
    }
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
    const [first, other] = herd.incarnations;
    if (first === undefined || other === undefined) throw new Error("three nodes");
    const key = { ...CITY, name: "city-00000" };
    expect(await rowOf(key)).toMatchObject({ owner: first.identity });
    expect(await answeredRequest(other, key, "taken-over")).toBe("forwarded");
    await first.kill();
    await until("its row is deleted", async () => !(await beats()).has(first.identity.id));
    expect((await beats()).size).toBe(2);
    expect(await rowOf(key)).toMatchObject({ owner: first.identity });
    expect(await answeredRequest(other, key, "taken-over")).toBe("taken-over");
    expect(await answeredRequest(other, key, "mine")).toBe("mine");
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
    await eventually("it is released", async () => {
      await store.release(key, node.identity);
      return (await store.actor(key, "serial")) === null;
    });
    expect(await answeredRequest(node, key, "claimed")).toBe("claimed");
    expect(await rowOf(key)).toMatchObject({ owner: node.identity });
  });
});
