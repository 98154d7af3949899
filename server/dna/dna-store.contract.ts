import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { LifecycleState } from "#server/contract/diagram/dna-lifecycle.ts";
import { A, B, CITY, type DnaStoreHarness, node, type Subject, subjectOf } from "./dna-store.harness.ts";
import { describeActors } from "./dna-store-actors.contract.ts";
import { describeCensus } from "./dna-store-census.contract.ts";
import { describeClaim } from "./dna-store-claim.contract.ts";
import { describeNodeRowDeletion } from "./dna-store-node-row.contract.ts";
import { describeNodes } from "./dna-store-nodes.contract.ts";
import { describeRelease } from "./dna-store-release.contract.ts";
import { describeStorage } from "./dna-store-storage.contract.ts";
import { type Incarnation, toIncarnationId } from "./domain/identity.ts";
import { type ClusterSightings, emptyCluster, observeRead } from "./domain/liveness.ts";

export type { DnaSeeding, DnaStoreHarness, SeedActor, SeedNode, SteppedClock } from "./dna-store.harness.ts";

/**
 * What every `DnaStore` promises, run against each adapter.
 *
 * @param open gives a store over empty tables, and the means to fill them; called before each test
 */
export function describeDnaStore(name: string, open: () => Promise<DnaStoreHarness>): void {
  describe(`DnaStore: ${name}`, () => {
    let harness: DnaStoreHarness;
    const subject = subjectOf(() => harness);

    beforeEach(async () => {
      harness = await open();
    });
    afterEach(() => harness.close());

    describeEmptyTables(subject);
    describeNodes(subject);
    describeActors(subject);
    describeRelease(subject);
    describeClaim(subject);
    describeNodeRowDeletion(subject);
    describeCensus(subject);
    describeStorage(subject);
    describeDatabase(subject);
    describeJudgement(subject);
  });
}

function describeEmptyTables(subject: Subject): void {
  describe("empty tables", () => {
    it("answers nothing, not an error", async () => {
      expect(await subject.store.clusters()).toEqual([]);
      expect(await subject.store.nodes("prod")).toEqual([]);
      expect(await subject.store.actorTypes()).toEqual([]);
      expect(await subject.store.actorPage({ type: CITY, prefix: "", after: null, limit: 10 })).toEqual({
        rows: [],
        nextAfter: null,
      });
      expect(await subject.store.actor({ ...CITY, name: "x" }, "quorum")).toBeNull();
      expect(await subject.store.actor({ ...CITY, name: "x" }, "serial")).toBeNull();
    });

    it("refuses to release what is not there, and does not create it by that", async () => {
      expect(await subject.store.release({ ...CITY, name: "x" }, A)).toMatchObject({ kind: "rejected" });
      expect(await subject.store.releaseBatch(CITY, ["x", "y"], A)).toMatchObject({ kind: "rejected" });
      expect(await subject.store.actorTypes()).toEqual([]);
    });

    it("refuses to claim what is not there, and does not create it by that", async () => {
      expect(await subject.store.claim({ ...CITY, name: "x" }, A, B, A.createdAt)).toMatchObject({ kind: "rejected" });
      expect(
        await subject.store.claimBatch(
          CITY,
          [
            { name: "x", to: B },
            { name: "y", to: B },
          ],
          A,
          A.createdAt,
        ),
      ).toMatchObject({ kind: "rejected" });
      expect(await subject.store.actorTypes()).toEqual([]);
    });
  });
}

function describeDatabase(subject: Subject): void {
  describe("the database behind it", () => {
    it("names itself and its hosts", async () => {
      const { name: clusterName, hosts } = await subject.store.databaseCluster();
      expect(clusterName).not.toBe("");
      expect(hosts.length).toBeGreaterThan(0);
      for (const host of hosts) expect(Object.values(host)).not.toContain("");
    });

    it("can be closed twice", async () => {
      await subject.store.close();
      await subject.store.close();
    });
  });
}

function describeJudgement(subject: Subject): void {
  describe("read every 2 s of the stepped clock", () => {
    /** One read, judged; the states of A and B. */
    async function look(before: ClusterSightings) {
      const startedAt = subject.clock.monotonic();
      const rows = (await subject.nodesOf("prod")).map((row) => ({ id: toIncarnationId(row.incarnation), ...row }));
      const after = observeRead(before, { startedAt, rows, unreadIds: [], nameless: 0, loopLateMs: 0 });
      const stateOf = (each: Incarnation): LifecycleState | "-" =>
        after.sightings.get(toIncarnationId(each))?.state ?? "-";
      return { after, states: `${stateOf(A)} ${stateOf(B)}` };
    }

    it("shows one that beats as alive, and one that stopped as late, silent, gone, returned", async () => {
      let cluster = emptyCluster("prod");
      const seen = new Map<number, string>();
      for (let second = 0; second <= 34; second += 2) {
        if (second % 4 === 0) await subject.seed.writeNode(node(A, { heartbeat: BigInt(second) }));
        if (second === 2) await subject.seed.writeNode(node(B, { heartbeat: 5n }));
        if (second === 4) await subject.seed.writeNode(node(B, { heartbeat: 6n }));
        if (second === 28) await subject.seed.deleteNode("prod", B);
        if (second === 32) await subject.seed.writeNode(node(B, { heartbeat: 7n }));
        const { after, states } = await look(cluster);
        cluster = after;
        seen.set(second, states);
        await subject.clock.advance(2_000);
      }
      expect(Object.fromEntries(seen)).toMatchObject({
        0: "alive -",
        2: "alive alive",
        4: "alive alive",
        12: "alive alive",
        14: "alive late",
        22: "alive late",
        24: "alive silent",
        26: "alive silent",
        28: "alive gone",
        30: "alive gone",
        32: "alive returned",
        34: "alive returned",
      });
    });
  });
}
