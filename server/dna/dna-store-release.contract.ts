import { describe, expect, it } from "vitest";
import { epochMs } from "#server/kernel/clock.ts";
import { OpsError } from "#server/kernel/errors.ts";
import { A, actor, B, CITY, INT64_MAX, type Subject, T0 } from "./dna-store.harness.ts";
import { RELEASE_BATCH_KEYS_MAX } from "./ports.ts";

/** Until a write that was not answered in time has come about. */
const SETTLED = { timeout: 20_000 };

/** Part of the suite in `dna-store.contract.ts`: conditional deletes from the table `actors`. */
export function describeRelease(subject: Subject): void {
  describe("conditional release", () => {
    it("deletes the row when the owner is still the one, and only that row", async () => {
      await subject.seedNames(["x", "y"]);
      expect(await subject.store.release({ ...CITY, name: "x" }, A)).toEqual({ kind: "applied" });
      expect((await subject.namesOf("", null, 10)).names).toEqual(["y"]);
      expect(await subject.store.actor({ ...CITY, name: "x" }, "serial")).toBeNull();
    });

    it.each([
      ["another node", B],
      ["the same id, created a millisecond later", { createdAt: epochMs(A.createdAt + 1), id: A.id }],
      ["the same instant, another id", { createdAt: A.createdAt, id: A.id + 1n }],
    ])("leaves a row of somebody else alone and tells its owner: %s", async (_case, owner) => {
      await subject.seed.writeActor(actor("x", owner));
      expect(await subject.store.release({ ...CITY, name: "x" }, A)).toEqual({ kind: "rejected", owner });
      expect(await subject.ownerOf("x")).toEqual(owner);
    });

    it("leaves a row without owner alone", async () => {
      await subject.seed.writeActor(actor("x", null));
      expect(await subject.store.release({ ...CITY, name: "x" }, A)).toEqual({ kind: "rejected", owner: null });
      expect(await subject.store.actor({ ...CITY, name: "x" }, "serial")).toMatchObject({ name: "x", owner: null });
    });

    it("compares owners to the last digit", async () => {
      const big = { createdAt: epochMs(T0), id: INT64_MAX };
      await subject.seed.writeActor(actor("x", big));
      const almost = await subject.store.release({ ...CITY, name: "x" }, { ...big, id: INT64_MAX - 1n });
      expect(almost).toEqual({ kind: "rejected", owner: big });
      expect(await subject.store.release({ ...CITY, name: "x" }, big)).toEqual({ kind: "applied" });
    });

    it("releases a key once, however often it is asked at once", async () => {
      await subject.seedNames(["x"]);
      const outcomes = await Promise.all([1, 2, 3].map(() => subject.store.release({ ...CITY, name: "x" }, A)));
      await expect.poll(() => subject.store.actor({ ...CITY, name: "x" }, "serial"), SETTLED).toBeNull();
      const told = outcomes.map(({ kind }) => kind);
      // What became of a contended write a database may not say in time; it says "applied" once, and not to nobody.
      expect(told.filter((kind) => kind === "applied").length).toBeLessThanOrEqual(1);
      expect(told.some((kind) => kind === "applied" || kind === "unknown")).toBe(true);
    });

    it(`releases ${RELEASE_BATCH_KEYS_MAX} keys in one round, and no others`, async () => {
      const names = Array.from({ length: RELEASE_BATCH_KEYS_MAX }, (_, index) => `k${index}`);
      await subject.seedNames([...names, "other"]);
      expect(await subject.store.releaseBatch(CITY, names, A)).toEqual({ kind: "applied" });
      expect((await subject.namesOf("", null, 100)).names).toEqual(["other"]);
    });

    it("takes a batch of one key as well", async () => {
      await subject.seedNames(["x"]);
      expect(await subject.store.releaseBatch(CITY, ["x"], A)).toEqual({ kind: "applied" });
      expect(await subject.store.releaseBatch(CITY, ["x"], A)).toMatchObject({ kind: "rejected" });
    });

    it.each([
      ["has another owner by now", () => subject.seed.writeActor(actor("b", B))],
      ["is gone by now", () => subject.seed.deleteActor({ ...CITY, name: "b" })],
    ])("releases nothing of a batch in which one key %s", async (_case, change) => {
      await subject.seedNames(["a", "b", "c"]);
      await change();
      expect(await subject.store.releaseBatch(CITY, ["a", "b", "c"], A)).toMatchObject({ kind: "rejected" });
      expect(await subject.ownerOf("a")).toEqual(A);
      expect(await subject.ownerOf("c")).toEqual(A);
    });

    it("refuses a name that has no UTF-8 before anything is sent", async () => {
      await expect(subject.store.release({ ...CITY, name: "\ud800" }, A)).rejects.toMatchObject({
        code: "invalid-input",
      });
    });

    it.each([0, RELEASE_BATCH_KEYS_MAX + 1])("refuses a batch of %d keys before anything is sent", async (count) => {
      await subject.seedNames(["k0"]);
      const names = Array.from({ length: count }, (_, index) => `k${index}`);
      await expect(subject.store.releaseBatch(CITY, names, A)).rejects.toBeInstanceOf(OpsError);
      expect(await subject.ownerOf("k0")).toEqual(A);
    });
  });
}
