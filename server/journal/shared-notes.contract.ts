import { describe, expect, it } from "vitest";
import type { SharedNotes } from "./ports.ts";

/**
 * What every store of notes promises.
 *
 * @param open two ways to one store, as two processes have them
 */
export function sharedNotesContract(
  name: string,
  open: () => Promise<{ readonly one: SharedNotes; readonly other: SharedNotes }>,
): void {
  describe(`notes that processes share: ${name}`, () => {
    it("are read by every process, whoever wrote them", async () => {
      const { one, other } = await open();
      await one.put("s1", "a", [{ key: "head", value: "1" }]);
      await other.put("s1", "b", [
        { key: "head", value: "2" },
        { key: "a0", value: "x" },
      ]);
      const found = [...(await one.list("s1"))].sort((p, q) => (p.owner + p.key < q.owner + q.key ? -1 : 1));
      expect(found).toEqual([
        { owner: "a", key: "head", value: "1" },
        { owner: "b", key: "a0", value: "x" },
        { owner: "b", key: "head", value: "2" },
      ]);
      expect(await other.list("s1")).toHaveLength(3);
      expect(await one.list("elsewhere")).toEqual([]);
    });

    it("are replaced and removed by key, and all at once by owner", async () => {
      const { one, other } = await open();
      await one.put("s2", "a", [
        { key: "head", value: "1" },
        { key: "a0", value: "x" },
      ]);
      await one.put("s2", "a", [
        { key: "head", value: "2" },
        { key: "a0", value: null },
      ]);
      await other.put("s2", "b", [{ key: "head", value: "3" }]);
      expect(await other.list("s2")).toContainEqual({ owner: "a", key: "head", value: "2" });
      expect(await other.list("s2")).toHaveLength(2);
      await other.drop("s2", "a");
      expect(await one.list("s2")).toEqual([{ owner: "b", key: "head", value: "3" }]);
    });

    it("hold as much as five thousand agents need", async () => {
      const { one } = await open();
      const value = "x".repeat(20_000);
      await one.put(
        "s3",
        "a",
        Array.from({ length: 100 }, (_, n) => ({ key: `a${n}`, value })),
      );
      expect(await one.list("s3")).toHaveLength(100);
    });
  });
}
