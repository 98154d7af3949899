import { describe, expect, it } from "vitest";
import { A, B, node, type Subject } from "./dna-store.harness.ts";

/** Written by a coordinator that is ahead: later than whatever is written now. */
const LATER_MS = -60_000;

/** Part of the suite in `dna-store.contract.ts`: the one write without a condition. */
export function describeNodeRowDeletion(subject: Subject): void {
  describe("deleting a row of nodes", () => {
    const left = async (cluster: string) => (await subject.nodesOf(cluster)).map((row) => row.incarnation);

    it("deletes that row and no other", async () => {
      await subject.seed.writeNode(node(A, { writtenAgoMs: 60_000 }));
      await subject.seed.writeNode(node(B, { writtenAgoMs: 60_000 }));
      await subject.seed.writeNode(node(A, { cluster: "other", writtenAgoMs: 60_000 }));
      expect(await subject.store.deleteNodeRow("prod", A)).toEqual({ kind: "applied" });
      expect(await left("prod")).toEqual([B]);
      expect(await left("other")).toEqual([A]);
    });

    it("does nothing, and says it is done, when the row is not there", async () => {
      expect(await subject.store.deleteNodeRow("prod", A)).toEqual({ kind: "applied" });
      expect(await subject.store.clusters()).toEqual([]);
    });

    it("happens at the database's time: a beat written later than that stays, or brings the row back", async () => {
      await subject.seed.writeNode(node(B, { writtenAgoMs: LATER_MS }));
      await subject.store.deleteNodeRow("prod", B);
      expect(await left("prod")).toEqual([B]);
      await subject.store.deleteNodeRow("prod", A);
      await subject.seed.writeNode(node(A, { writtenAgoMs: LATER_MS }));
      expect(await left("prod")).toEqual([A, B]);
    });
  });
}
