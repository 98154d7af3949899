import { describe, expect, it } from "vitest";
import { A, actor, B, CITY, type Subject } from "./dna-store.harness.ts";
import { toIncarnationId } from "./domain/identity.ts";
import { refusesLwt } from "./domain/keyspace-facts.ts";

const NAMES = ["a", "b", "c", "d", "e", "é", "𝄞"];

/** Slices that are counted where they are read, and what the keyspace is. */
export function describeCensus(subject: Subject): void {
  describe("a census", () => {
    /** Every page of CITY with this many rows, summed. */
    async function walk(limit: number) {
      const owned = new Map<string, number>();
      let [rows, unreadable, ownerless, pages] = [0, 0, 0, 0];
      for (let after: string | null = null; ; ) {
        const page = await subject.store.censusPage({ type: CITY, after, limit });
        rows += page.rows;
        unreadable += page.unreadable;
        ownerless += page.ownerless;
        pages += 1;
        for (const { owner, keys } of page.owners) {
          const id = toIncarnationId(owner);
          owned.set(id, (owned.get(id) ?? 0) + keys);
        }
        after = page.nextAfter;
        if (after === null) return { rows, unreadable, ownerless, pages, owned: Object.fromEntries(owned) };
      }
    }

    it("counts nothing in a type that has no rows", async () => {
      expect(await walk(10)).toEqual({ rows: 0, unreadable: 0, ownerless: 0, pages: 1, owned: {} });
    });

    it.each([1, 2, 3, 9, 10, 5_000])("in pages of %d counts every row once, whoever owns it", async (limit) => {
      for (const [index, name] of NAMES.entries()) await subject.seed.writeActor(actor(name, index % 3 === 0 ? B : A));
      await subject.seed.writeActor(actor("f nobody", null, { claimedAt: null }));
      await subject.seed.writeActor(actor("g half", A, { nodeId: null }));
      expect(await walk(limit)).toMatchObject({
        rows: 9,
        unreadable: 1,
        ownerless: 1,
        owned: { [toIncarnationId(A)]: 4, [toIncarnationId(B)]: 3 },
      });
    });

    it("goes on behind a name, also one that is not there any more", async () => {
      await subject.seedNames(NAMES);
      await subject.seed.deleteActor({ ...CITY, name: "c" });
      expect(await subject.store.censusPage({ type: CITY, after: "c", limit: 100 })).toMatchObject({ rows: 4 });
      expect(await subject.store.censusPage({ type: CITY, after: "𝄞", limit: 100 })).toMatchObject({ rows: 0 });
    });

    it.each([0, -1, 1.5, 5_001])("refuses a page of %d rows", async (limit) => {
      const page = subject.store.censusPage({ type: CITY, after: null, limit });
      await expect(page).rejects.toMatchObject({ code: "invalid-input" });
    });
  });

  describe("the keyspace", () => {
    it("is told with its replication, and takes conditional writes", async () => {
      const facts = await subject.store.keyspaceFacts();
      expect(Object.keys(facts.replication.byDataCenter)).toHaveLength(1);
      expect(facts.gcGraceSec).toBeGreaterThan(0);
      expect(refusesLwt(facts)).toBe(false);
    });

    it("tells its size as far as its hosts know it", async () => {
      const size = await subject.store.registerSize();
      expect(size.hostsAsked).toBeGreaterThan(0);
      expect(size.hostsAnswered).toBe(size.hostsAsked);
      for (const value of [size.rows, size.bytes, size.largestPartitionBytes])
        expect(value === null || value >= 0).toBe(true);
    });
  });
}
