import { isDeepStrictEqual } from "node:util";
import { describe, expect, it } from "vitest";
import { epochMs } from "#server/kernel/clock.ts";
import { OpsError } from "#server/kernel/errors.ts";
import { A, actor, B, CITY, INT64_MAX, INT64_MIN, type Subject, T0 } from "./dna-store.harness.ts";
import type { Incarnation } from "./domain/identity.ts";
import { RELEASE_BATCH_KEYS_MAX } from "./ports.ts";

const C: Incarnation = { createdAt: epochMs(T0 + 2), id: INT64_MIN };
const NOW = epochMs(T0 + 60_000);
/** Until a write that was not answered in time has come about. */
const SETTLED = { timeout: 20_000 };

/** Part of the suite in `dna-store.contract.ts`: conditional changes of the owner in the table `actors`. */
export function describeClaim(subject: Subject): void {
  describe("conditional claim", () => {
    const claim = (name: string, from: Incarnation, to: Incarnation) =>
      subject.store.claim({ ...CITY, name }, from, to, NOW);
    const claimAll = (names: readonly string[], heirs: readonly Incarnation[] = [B]) => {
      const claims = names.map((name, index) => ({ name, to: heirs[index % heirs.length] ?? B }));
      return subject.store.claimBatch(CITY, claims, A, NOW);
    };

    it("gives the row to the new owner when the old one is still there, and only that row", async () => {
      await subject.seedNames(["x", "y"]);
      expect(await claim("x", A, B)).toEqual({ kind: "applied" });
      expect(await subject.store.actor({ ...CITY, name: "x" }, "serial")).toEqual({
        name: "x",
        owner: B,
        claimedAt: NOW,
      });
      expect(await subject.ownerOf("y")).toEqual(A);
    });

    it("writes owners to the last digit, and finds them again to the last digit", async () => {
      const big = { createdAt: epochMs(T0), id: INT64_MAX };
      await subject.seed.writeActor(actor("x", big));
      expect(await claim("x", { ...big, id: INT64_MAX - 1n }, C)).toEqual({ kind: "rejected", owner: big });
      expect(await claim("x", big, C)).toEqual({ kind: "applied" });
      expect(await subject.ownerOf("x")).toEqual(C);
      expect(await claim("x", C, big)).toEqual({ kind: "applied" });
      expect(await subject.ownerOf("x")).toEqual(big);
    });

    it.each([
      ["another node", B],
      ["the same id, created a millisecond later", { createdAt: epochMs(A.createdAt + 1), id: A.id }],
      ["the same instant, another id", { createdAt: A.createdAt, id: A.id + 1n }],
      ["nobody", null],
    ])("leaves a row alone that belongs to %s, and tells to whom", async (_case, owner) => {
      await subject.seed.writeActor(actor("x", owner));
      expect(await claim("x", A, C)).toEqual({ kind: "rejected", owner });
      expect(await subject.ownerOf("x")).toEqual(owner);
    });

    it("does not create a row that is gone", async () => {
      await subject.seedNames(["x", "y"]);
      await subject.seed.deleteActor({ ...CITY, name: "x" });
      expect(await claim("x", A, B)).toMatchObject({ kind: "rejected" });
      expect((await subject.namesOf("", null, 10)).names).toEqual(["y"]);
    });

    it("gives a key away once, however many ask for it at once", async () => {
      await subject.seedNames(["x"]);
      const outcomes = await Promise.all([
        claim("x", A, B),
        claim("x", A, C),
        subject.store.release({ ...CITY, name: "x" }, A),
      ]);
      await expect.poll(() => subject.ownerOf("x"), SETTLED).not.toEqual(A);
      const owner = await subject.ownerOf("x");
      const winner = [B, C, null].findIndex((heir) => isDeepStrictEqual(heir, owner));
      const told = outcomes.map(({ kind }) => kind);
      // What became of a contended write a database may not say in time; it says "applied" to nobody else.
      expect(told[winner]).toMatch(/^(applied|unknown)$/);
      expect(told.filter((kind, index) => index !== winner && kind === "applied")).toEqual([]);
    });

    it(`claims ${RELEASE_BATCH_KEYS_MAX} keys in one round, and no others`, async () => {
      const names = Array.from({ length: RELEASE_BATCH_KEYS_MAX }, (_, index) => `k${index}`);
      await subject.seedNames([...names, "other"]);
      expect(await claimAll(names)).toEqual({ kind: "applied" });
      const page = await subject.store.actorPage({ type: CITY, prefix: "", after: null, limit: 100 });
      expect(page.rows.filter((row) => "owner" in row && row.owner?.id === B.id)).toHaveLength(names.length);
      expect(await subject.ownerOf("other")).toEqual(A);
    });

    it("gives the keys of one round to several new owners", async () => {
      await subject.seedNames(["a", "b", "c", "d"]);
      expect(await claimAll(["a", "b", "c"], [B, C])).toEqual({ kind: "applied" });
      expect(await Promise.all(["a", "b", "c", "d"].map(subject.ownerOf))).toEqual([B, C, B, A]);
    });

    it("takes a batch of one key as well, and refuses it the second time", async () => {
      await subject.seedNames(["x"]);
      expect(await claimAll(["x"])).toEqual({ kind: "applied" });
      expect(await claimAll(["x"])).toEqual({ kind: "rejected", owner: B });
    });

    it.each([
      ["has another owner by now", () => subject.seed.writeActor(actor("b", C))],
      ["is gone by now", () => subject.seed.deleteActor({ ...CITY, name: "b" })],
    ])("claims nothing of a batch in which one key %s", async (_case, change) => {
      await subject.seedNames(["a", "b", "c"]);
      await change();
      expect(await claimAll(["a", "b", "c"])).toEqual({ kind: "rejected", owner: "not-told" });
      expect(await subject.ownerOf("a")).toEqual(A);
      expect(await subject.ownerOf("c")).toEqual(A);
    });

    it.each([0, RELEASE_BATCH_KEYS_MAX + 1])("refuses a batch of %d keys before anything is sent", async (count) => {
      await subject.seedNames(["k0"]);
      const names = Array.from({ length: count }, (_, index) => `k${index}`);
      await expect(claimAll(names)).rejects.toBeInstanceOf(OpsError);
      expect(await subject.ownerOf("k0")).toEqual(A);
    });

    it("refuses a name that has no UTF-8 before anything is sent", async () => {
      await expect(claim("\ud800", A, B)).rejects.toMatchObject({ code: "invalid-input" });
    });
  });
}
