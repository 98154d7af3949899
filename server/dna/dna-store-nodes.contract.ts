import { describe, expect, it } from "vitest";
import { epochMs } from "#server/kernel/clock.ts";
import { A, B, INT64_MAX, INT64_MIN, node, type Subject, T0 } from "./dna-store.harness.ts";
import { type Incarnation, toIncarnationId } from "./domain/identity.ts";

/** Part of the suite in `dna-store.contract.ts`: the table `nodes`. */
export function describeNodes(subject: Subject): void {
  describe("clusters and nodes", () => {
    it("lists each cluster once, sorted, for as long as it has a row", async () => {
      await subject.seed.writeNode(node(A, { cluster: "prod" }));
      await subject.seed.writeNode(node(B, { cluster: "prod" }));
      await subject.seed.writeNode(node(A, { cluster: "Staging 'x'" }));
      expect(await subject.store.clusters()).toEqual(["Staging 'x'", "prod"]);
      await subject.seed.deleteNode("Staging 'x'", A);
      expect(await subject.store.clusters()).toEqual(["prod"]);
    });

    it("keeps clusters apart", async () => {
      await subject.seed.writeNode(node(A, { cluster: "one" }));
      await subject.seed.writeNode(node(B, { cluster: "two" }));
      expect((await subject.nodesOf("one")).map((row) => row.incarnation)).toEqual([A]);
      expect(await subject.store.nodes("One")).toEqual([]);
    });

    it("orders rows by created_at, then id, both as signed numbers", async () => {
      const at = (createdAt: number, id: bigint): Incarnation => ({ createdAt: epochMs(createdAt), id });
      const ordered = [at(-1, 5n), at(0, INT64_MIN), at(0, -1n), at(0, 0n), at(0, INT64_MAX), at(T0, 1n), at(T0, 10n)];
      for (const each of [3, 0, 6, 1, 5, 2, 4]) {
        const incarnation = ordered[each];
        if (incarnation !== undefined) await subject.seed.writeNode(node(incarnation));
      }
      expect((await subject.nodesOf("prod")).map((row) => row.incarnation)).toEqual(ordered);
    });

    it("gives every cell back as it was written, 64-bit numbers and milliseconds to the last digit", async () => {
      const extremes = [INT64_MIN, -9_007_199_254_740_993n, -1n, 0n, 9_007_199_254_740_993n, INT64_MAX];
      for (const [index, value] of extremes.entries()) {
        const incarnation = { createdAt: epochMs(T0 + index), id: value };
        await subject.seed.writeNode(
          node(incarnation, { heartbeat: value, load: 1.25, draining: true, node: `n${index}` }),
        );
      }
      expect(await subject.store.nodes("prod")).toEqual(
        extremes.map((value, index) => ({
          incarnation: { createdAt: T0 + index, id: value },
          node: `n${index}`,
          heartbeat: value,
          load: 1.25,
          draining: true,
          writeAgeMs: expect.any(Number),
          writtenAtMs: expect.any(Number),
        })),
      );
    });

    it("replaces a row that is written again, and forgets one that is deleted", async () => {
      await subject.seed.writeNode(node(A, { heartbeat: 1n, writtenAgoMs: 5_000 }));
      await subject.seed.writeNode(node(A, { heartbeat: 2n }));
      expect((await subject.nodesOf("prod")).map((row) => row.heartbeat)).toEqual([2n]);
      await subject.seed.deleteNode("prod", A);
      expect(await subject.store.nodes("prod")).toEqual([]);
    });

    it("tells the age of the heartbeat by the database's clock, never below 0", async () => {
      await subject.seed.writeNode(node(A, { writtenAgoMs: 12_000 }));
      await subject.seed.writeNode(node(B, { writtenAgoMs: -30_000 }));
      const [old, ahead] = await subject.nodesOf("prod");
      expect(old?.writeAgeMs).toBeGreaterThanOrEqual(11_900);
      expect(old?.writeAgeMs).toBeLessThan(20_000);
      expect(ahead?.writeAgeMs).toBe(0);
    });

    it("takes an empty load for no load and an empty draining for not draining", async () => {
      await subject.seed.writeNode(node(A, { load: null, draining: null }));
      expect(await subject.nodesOf("prod")).toMatchObject([{ load: null, draining: false }]);
    });

    it("marks a row without its heartbeat or its node, with the reason, and only that row", async () => {
      await subject.seed.writeNode(node(A, { heartbeat: null }));
      await subject.seed.writeNode(node(B, { node: null }));
      const C = { createdAt: epochMs(T0 + 2), id: 1n };
      await subject.seed.writeNode(node(C));
      const rows = await subject.store.nodes("prod");
      expect(rows).toEqual([
        { malformed: true, key: toIncarnationId(A), reason: expect.stringContaining("heartbeat") },
        { malformed: true, key: toIncarnationId(B), reason: expect.stringContaining("node") },
        expect.objectContaining({ incarnation: C }),
      ]);
    });
  });
}
